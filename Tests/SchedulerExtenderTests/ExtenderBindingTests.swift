import ClusterImport
import ControlLoop
import KubernetesAPI
import SchedulingModel
import Synchronization
import TestSupport
import Testing

@testable import SchedulerExtender

/// An API server as far as bindings go.
private final class Registry: PodBinder {
    struct Entry: Sendable {
        var uid: String
        var node: String?
        var devices: String?
        var labels: JSONTree = [:]
        var gpus = 0
    }

    private let pods: Mutex<[PodKey: Entry]>
    /// The next so many replies are lost after the binding was made.
    let lostReplies = Mutex(0)

    init(_ pods: [PodKey: Entry]) { self.pods = Mutex(pods) }

    subscript(_ name: String) -> Entry? {
        self.pods.withLock { $0[PodKey(namespace: "ml", name: name)] }
    }

    func pod(_ key: PodKey) async throws(PodBindingFailure) -> ManifestObject? {
        guard let entry = self.pods.withLock({ $0[key] }) else { return nil }
        let amounts: JSONTree = entry.gpus > 0 ? ["nvidia.com/gpu": .string("\(entry.gpus)")] : [:]
        var tree: JSONTree = [
            "metadata": [
                "name": .string(key.name), "namespace": .string(key.namespace), "uid": .string(entry.uid),
                "labels": entry.labels,
            ],
            "spec": ["containers": [["name": "c", "resources": ["limits": amounts, "requests": amounts]]]],
        ]
        if let node = entry.node { tree[path: ["spec", "nodeName"]] = .string(node) }
        guard let document = tree.bytes.withUnsafeBytes({ try? JSONDocument(parsing: $0) }) else { return nil }
        return ManifestObject(
            apiVersion: "v1", kind: "Pod", value: document.root, origin: ManifestOrigin(file: "registry"))
    }

    func bind(
        _ key: PodKey, uid: String, to node: NodeName, devices: DeviceAnnotation?
    ) async throws(PodBindingFailure) {
        let isBound = self.pods.withLock { pods -> Bool in
            guard pods[key]?.uid == uid, pods[key]?.node == nil else { return false }
            pods[key]?.node = node.rawValue
            pods[key]?.devices = devices?.text
            return true
        }
        if !isBound { throw PodBindingFailure(.conflict, "409") }
        let isLost = self.lostReplies.withLock { lost in
            lost -= 1
            return lost >= 0
        }
        if isLost { throw PodBindingFailure(.failed, "the reply was lost") }
    }
}

@Suite("The extender's bind verb")
struct ExtenderBindingTests {
    private let nodes: [NodeState] = [.gpu("a", count: 8), .gpu("b", count: 8), .gpu("c", count: 2)]

    private static func world(
        _ nodes: [NodeState], _ pods: [PodState], _ groups: [PodGroup] = []
    ) throws -> (SchedulerExtender, Registry) {
        var loop = ControlLoop()
        let observed = pods.map { ObservedPod(state: $0, uid: "uid-\($0.key.name)", version: 1, door: .scheduler) }
        _ = loop.apply(.observed(ObservedCluster(nodes: nodes, pods: observed, groups: groups)), atMillis: 0)
        _ = loop.apply(.tick, atMillis: 1000)
        let extender = SchedulerExtender()
        extender.publish(
            try #require(loop.published),
            uids: Dictionary(uniqueKeysWithValues: observed.map { ($0.state.key, $0.uid) }))
        let entries = pods.map { ($0.key, Registry.Entry(uid: "uid-\($0.key.name)", node: $0.node?.rawValue)) }
        return (extender, Registry(Dictionary(uniqueKeysWithValues: entries)))
    }

    private static func bind(
        _ extender: SchedulerExtender, _ registry: Registry, _ name: String, uid: String? = nil, _ node: String
    ) async throws -> String? {
        let body = """
            {"PodName":"\(name)","PodNamespace":"ml","PodUID":"\(uid ?? "uid-\(name)")","Node":"\(node)"}
            """
        let answer = try await extender.bind(Array(body.utf8), by: registry)
        return JSONTree(parsing: String(decoding: answer, as: UTF8.self))?["Error"]?.string
    }

    @Test("a member of a gang is bound to its planned node only; one of a gang that waits to none")
    func gang() async throws {
        let key = PodGroupKey(namespace: "ml", name: "g")
        let pods: [PodState] = (0..<2).map { (rank: Int) in .gpu("g-\(rank)", count: 8, group: "g", rank: rank) }
        let (extender, registry) = try Self.world(self.nodes, pods, [PodGroup(key: key, minMember: 2)])
        var bound: [String] = []
        for pod in ["g-0", "g-1"] {
            for node in ["c", "a", "b"] {
                if try await Self.bind(extender, registry, pod, node) == "" { bound.append(node) }
            }
        }
        #expect(bound.sorted() == ["a", "b"])
        #expect(extender.counts.refusedBindings > 0)
        let (waiting, others) = try Self.world(self.nodes, pods, [PodGroup(key: key, minMember: 3)])
        #expect(try await Self.bind(waiting, others, "g-0", "a") == "the gang waits whole")
        #expect(others["g-0"]?.node == nil)
    }

    @Test("binding again to the same node succeeds, to another one does not, whoever saw the first reply")
    func repeated() async throws {
        let (extender, registry) = try Self.world(self.nodes, [.gpu("p", count: 4)])
        registry.lostReplies.withLock { $0 = 1 }
        #expect(try await Self.bind(extender, registry, "p", "a") == "the reply was lost")
        #expect(try await Self.bind(extender, registry, "p", "a") == "")
        #expect(try await Self.bind(extender, registry, "p", "b") == "409")
        #expect(registry["p"]?.node == "a")
        // A restart: the plan knows it as bound.
        let (later, same) = try Self.world(self.nodes, [.gpu("p", count: 4, on: "a")])
        #expect(try await Self.bind(later, same, "p", "a") == "")
        #expect(try await Self.bind(later, same, "p", "b") == "bound to another node already")
    }

    @Test("a pod that the scheduler puts elsewhere than planned counts there at once")
    func elsewhere() async throws {
        let (extender, registry) = try Self.world(self.nodes, [.gpu("p", count: 8), .gpu("q", count: 8)])
        // Each is planned alone on its node.
        #expect(try await Self.bind(extender, registry, "p", "c") == "no room beside planned pods")
        let (roomy, others) = try Self.world(
            self.nodes + [.gpu("d", count: 8)], [.gpu("p", count: 8), .gpu("q", count: 8)])
        #expect(try await Self.bind(roomy, others, "p", "d") == "")
        #expect(try await Self.bind(roomy, others, "q", "d") == "no room beside planned pods")
        #expect(others["q"]?.node == nil)
    }

    @Test("the devices that the planner chose are written with the binding, no card twice")
    func devices() async throws {
        let request = DeviceRequest(resource: .nvidiaGPU, kind: .fraction, count: 1, thousandthsPerDevice: 600)
        let pods = ["p", "q"].map { name in
            var pod = PodState.gpu(name, count: 0)
            pod.deviceRequests = [request]
            return pod
        }
        let (extender, registry) = try Self.world([.gpu("a", count: 2), .gpu("b", count: 2)], pods)
        for name in ["p", "q"] { #expect(try await Self.bind(extender, registry, name, "b") == "") }
        let written = [registry["p"]?.devices, registry["q"]?.devices].compactMap(\.self).sorted()
        #expect(written == ["nvidia.com/gpu=0", "nvidia.com/gpu=1"])
    }

    @Test(
        "a pod that the plan does not know is read from the server: a gang member waits, others go where there is room")
    func strangers() async throws {
        let (extender, _) = try Self.world(self.nodes, [.gpu("held", count: 6, on: "a")])
        func key(_ name: String) -> PodKey { PodKey(namespace: "ml", name: name) }
        let registry = Registry([
            key("new"): .init(uid: "uid-new", gpus: 4),
            key("member"): .init(uid: "uid-member", labels: ["scheduling.x-k8s.io/pod-group": "g"], gpus: 4),
            key("plain"): .init(uid: "uid-plain"),
            key("done"): .init(uid: "uid-done", node: "b", gpus: 1),
        ])
        #expect(try await Self.bind(extender, registry, "new", "a") == "no room beside planned pods")
        #expect(try await Self.bind(extender, registry, "new", "b") == "")
        #expect(try await Self.bind(extender, registry, "member", "b") == "the gang waits whole")
        #expect(try await Self.bind(extender, registry, "plain", "a") == "")
        #expect(try await Self.bind(extender, registry, "done", "b") == "")
        #expect(try await Self.bind(extender, registry, "done", "a") == "bound to another node already")
        #expect(try await Self.bind(extender, registry, "new", uid: "other", "b")?.contains("does not exist") == true)
        #expect(try await Self.bind(extender, registry, "gone", "b")?.contains("does not exist") == true)
    }

    @Test("without a plan nothing is bound; what is no request is named")
    func refusals() async throws {
        let registry = Registry([:])
        #expect(try await Self.bind(SchedulerExtender(), registry, "p", "a") == "there is no plan yet")
        for body in ["", "{}", #"{"PodName":"p","PodNamespace":"d","PodUID":"u"}"#] {
            await #expect(throws: SchedulerExtender.Refusal.self) {
                try await SchedulerExtender().bind(Array(body.utf8), by: registry)
            }
        }
    }

    @Test("a plan that the verifier refused is never answered from")
    func refusedPlan() throws {
        var loop = ControlLoop()
        _ = loop.apply(.observed(ObservedCluster(nodes: self.nodes)), atMillis: 0)
        _ = loop.apply(.tick, atMillis: 1000)
        var refused = try #require(loop.published)
        refused.verdict = .refused([])
        let extender = SchedulerExtender()
        extender.publish(refused, uids: [:])
        #expect(!extender.isReady)
        refused.verdict = .accepted
        extender.publish(refused, uids: [:])
        #expect(extender.isReady)
    }
}
