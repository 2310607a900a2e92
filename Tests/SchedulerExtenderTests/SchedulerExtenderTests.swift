import ControlLoop
import Foundation
import KubernetesAPI
import SchedulerExtender
import SchedulingModel
import TestSupport
import Testing

@Suite("The scheduler extender")
struct SchedulerExtenderTests {
    /// A published plan of these nodes and pods, as the controller makes it.
    private static func published(
        _ nodes: [NodeState], _ pods: [PodState], _ groups: [PodGroup] = []
    ) throws -> PublishedPlan {
        var loop = ControlLoop()
        let observed = pods.map { ObservedPod(state: $0, uid: "uid-\($0.key.name)", version: 1, door: .scheduler) }
        _ = loop.apply(.observed(ObservedCluster(nodes: nodes, pods: observed, groups: groups)), atMillis: 0)
        _ = loop.apply(.tick, atMillis: 1000)
        return try #require(loop.published)
    }

    private static func extender(
        _ nodes: [NodeState], _ pods: [PodState], _ groups: [PodGroup] = []
    ) throws -> SchedulerExtender {
        let extender = SchedulerExtender()
        let published = try Self.published(nodes, pods, groups)
        let uids = Dictionary(uniqueKeysWithValues: pods.map { ($0.key, "uid-\($0.key.name)") })
        extender.publish(published, uids: uids)
        return extender
    }

    private static func pod(_ name: String, gpus: Int) -> String {
        let resources =
            gpus > 0 ? #"{"limits":{"nvidia.com/gpu":"\#(gpus)"},"requests":{"nvidia.com/gpu":"\#(gpus)"}}"# : "{}"
        return """
            {"metadata":{"name":"\(name)","namespace":"ml","uid":"uid-\(name)"},\
            "spec":{"containers":[{"name":"c","image":"x","resources":\(resources)}]}}
            """
    }

    private static func args(_ pod: String, _ names: [String]) -> [UInt8] {
        let list = names.map { "\"\($0)\"" }.joined(separator: ",")
        return Array(#"{"Pod":\#(pod),"Nodes":null,"NodeNames":[\#(list)]}"#.utf8)
    }

    private static func tree(_ bytes: [UInt8]) throws -> JSONTree {
        try #require(JSONTree(parsing: String(decoding: bytes, as: UTF8.self)))
    }

    private static func names(_ answer: JSONTree) -> [String] {
        answer["NodeNames"]?.elements.compactMap(\.string) ?? []
    }

    private let nodes: [NodeState] = [.gpu("a", count: 8), .gpu("b", count: 8), .gpu("c", count: 2)]

    @Test("a single pod fits beside what is planned; busy nodes and hopeless ones are told apart")
    func filter() throws {
        let pods: [PodState] = [.gpu("held", count: 6, on: "a"), .gpu("p", count: 4)]
        let extender = try Self.extender(self.nodes, pods)
        let answer = try Self.tree(try extender.filter(Self.args(Self.pod("p", gpus: 4), ["a", "b", "c", "x"])))
        #expect(Self.names(answer) == ["b"])
        #expect(answer["FailedNodes"]?["a"] == "InsufficientGPUs")
        #expect(answer["FailedNodes"]?["x"] == "node not seen yet")
        #expect(answer["FailedAndUnresolvableNodes"]?["c"] != nil || answer["FailedNodes"]?["c"] != nil)
        #expect(answer["Error"] == "")
        let scores = try Self.tree(try extender.prioritize(Self.args(Self.pod("p", gpus: 4), ["a", "b"])))
        #expect(scores.elements.map { $0["Host"]?.string } == ["a", "b"])
        #expect(scores.elements[1]["Score"] == 10)
    }

    @Test("a member of a gang goes where the plan says and nowhere else; a gang that waits goes nowhere")
    func gang() throws {
        let key = PodGroupKey(namespace: "ml", name: "g")
        let pods: [PodState] = (0..<2).map { (rank: Int) in .gpu("g-\(rank)", count: 8, group: "g", rank: rank) }
        let whole = try Self.extender(self.nodes, pods, [PodGroup(key: key, minMember: 2)])
        var taken: [String] = []
        for pod in ["g-0", "g-1"] {
            let answer = try Self.tree(try whole.filter(Self.args(Self.pod(pod, gpus: 8), ["a", "b", "c"])))
            #expect(Self.names(answer).count == 1)
            taken += Self.names(answer)
        }
        #expect(taken.sorted() == ["a", "b"])
        let waiting = try Self.extender(self.nodes, pods, [PodGroup(key: key, minMember: 3)])
        let answer = try Self.tree(try waiting.filter(Self.args(Self.pod("g-0", gpus: 8), ["a", "b", "c"])))
        #expect(answer["NodeNames"] == .array([]))
        // Not offered: the scheduler looks at a sample.
        _ = try whole.filter(Self.args(Self.pod("g-0", gpus: 8), ["c", "x"]))
        #expect(whole.counts.sampled == 1)
    }

    @Test("a pod without accelerators passes everywhere, known or not, and before any plan")
    func withoutDevices() throws {
        let answer = try Self.tree(try SchedulerExtender().filter(Self.args(Self.pod("cpu", gpus: 0), ["a", "zzz"])))
        #expect(Self.names(answer) == ["a", "zzz"])
    }

    @Test("a pod that our watch has not brought yet is judged by what the request says")
    func unseen() throws {
        let extender = try Self.extender(self.nodes, [.gpu("held", count: 6, on: "a")])
        let answer = try Self.tree(try extender.filter(Self.args(Self.pod("new", gpus: 8), ["a", "b", "c"])))
        #expect(Self.names(answer) == ["b"])
        _ = try extender.prioritize(Self.args(Self.pod("new", gpus: 8), ["a", "b", "c"]))
        #expect(extender.counts.strangers == 1)
    }

    @Test("a pod that our watch has not brought yet may be the first to ask for what nodes have")
    func unseenAndFirst() throws {
        let extender = try Self.extender(self.nodes, [])
        let answer = try Self.tree(try extender.filter(Self.args(Self.pod("new", gpus: 4), ["a", "c"])))
        #expect(Self.names(answer) == ["a"])
        let other = Self.pod("other", gpus: 4).replacing("nvidia.com/gpu", with: "amd.com/gpu")
        let refusal = try Self.tree(try extender.filter(Self.args(other, ["a"])))["FailedAndUnresolvableNodes"]
        #expect(refusal?["a"] == "no node has a resource that the pod asks for")
    }

    @Test("before the first plan there is no answer; what is no request is named")
    func refusals() {
        #expect(throws: SchedulerExtender.Refusal.notReady) {
            try SchedulerExtender().filter(Self.args(Self.pod("p", gpus: 1), ["a"]))
        }
        for body in ["", "[]", "{}", #"{"Pod":{}}"#] {
            #expect(throws: SchedulerExtender.Refusal.self) { try SchedulerExtender().filter(Array(body.utf8)) }
        }
    }

    @Test("preemption keeps nodes where leaving makes room, and tears no gang")
    func preempt() throws {
        let key = PodGroupKey(namespace: "ml", name: "g")
        let pods: [PodState] = [
            .gpu("small", count: 2, on: "a"), .gpu("large", count: 8, on: "b"),
            .gpu("member", count: 2, on: "c", group: "g"), .gpu("p", count: 8, priority: 10),
        ]
        let extender = try Self.extender(self.nodes, pods, [PodGroup(key: key, minMember: 1)])
        let body = """
            {"Pod":\(Self.pod("p", gpus: 8)),"NodeNameToVictims":null,"NodeNameToMetaVictims":{\
            "a":{"Pods":[{"UID":"uid-small"}],"NumPDBViolations":0},"b":{"Pods":[{"UID":"uid-large"}],"NumPDBViolations":1},\
            "c":{"Pods":[{"UID":"uid-member"}]}}}
            """
        let answer = try Self.tree(try extender.preempt(Array(body.utf8)))["NodeNameToMetaVictims"]
        #expect(answer?.members.map(\.key) == ["a", "b"])
        #expect(answer?["b"]?["NumPDBViolations"] == 1)
    }

    @Test("a gang that was let go already is let onto the node it is pinned to, before it is bound")
    func pinned() throws {
        let key = PodGroupKey(namespace: "ml", name: "g")
        let members: [PodState] = (0..<2).map { (rank: Int) in .gpu("g-\(rank)", count: 8, group: "g", rank: rank) }
        var loop = ControlLoop()
        let observed = zip(members, ["b", "a"]).map { state, node in
            ObservedPod(
                state: state, uid: "uid-\(state.key.name)", version: 1, door: .scheduler, pinnedNode: NodeName(node))
        }
        let cluster = ObservedCluster(
            nodes: self.nodes, pods: observed, groups: [PodGroup(key: key, minMember: 2)])
        _ = loop.apply(.observed(cluster), atMillis: 0)
        _ = loop.apply(.tick, atMillis: 1000)
        let extender = SchedulerExtender()
        extender.publish(
            try #require(loop.published),
            uids: Dictionary(uniqueKeysWithValues: observed.map { ($0.state.key, $0.uid) }))
        let answer = try Self.tree(try extender.filter(Self.args(Self.pod("g-0", gpus: 8), ["a", "b", "c"])))
        #expect(Self.names(answer) == ["b"])
    }

    @Test(
        "an unseen pod that asks for what no node has is refused for good; one unseen pod's question changes no other's answer"
    )
    func unseenSpecials() throws {
        let extender = try Self.extender(self.nodes, [])
        let odd = Self.pod("odd", gpus: 1).replacing("nvidia.com/gpu", with: "example.com/npu")
        let answer = try Self.tree(try extender.filter(Self.args(odd, ["a", "b"])))
        #expect(answer["FailedAndUnresolvableNodes"]?.members.map(\.key) == ["a", "b"])
        let mixed = Self.pod("mixed", gpus: 1)
            .replacing(#""limits":{"#, with: #""limits":{"example.com/ib":"1","#)
            .replacing(#""requests":{"#, with: #""requests":{"example.com/ib":"1","#)
        let refused = try Self.tree(try extender.filter(Self.args(mixed, ["a", "b"])))
        #expect(refused["FailedAndUnresolvableNodes"]?.members.map(\.key) == ["a", "b"])
        let same = Self.args(Self.pod("new", gpus: 8), ["a", "b", "c"])
        let first = try extender.filter(same)
        _ = try extender.filter(Self.args(Self.pod("other", gpus: 2), ["a", "b", "c"]))
        #expect(try extender.filter(same) == first)
    }

    @Test("a hundred thousand questions in any order change no answer", .longCalculation)
    func pure() throws {
        let key = PodGroupKey(namespace: "ml", name: "g")
        let gang: [PodState] = (0..<2).map { (rank: Int) in .gpu("g-\(rank)", count: 3, group: "g", rank: rank) }
        let pods: [PodState] = gang + [.gpu("p", count: 4), .gpu("q", count: 2), .gpu("held", count: 1, on: "c")]
        let extender = try Self.extender(self.nodes, pods, [PodGroup(key: key, minMember: 2)])
        let questions = [("g-0", 3), ("g-1", 3), ("p", 4), ("q", 2), ("unseen", 5), ("unseen too", 1)].map {
            Self.args(Self.pod($0.0, gpus: $0.1), ["a", "b", "c"])
        }
        let expected = try questions.map { (try extender.filter($0), try extender.prioritize($0)) }
        var generator = SeededGenerator(seed: 1)
        var differences = 0
        for _ in 0..<100_000 {
            let index = generator.int(in: 0...questions.count - 1)
            let answer =
                generator.int(in: 0...1) == 0
                ? try extender.filter(questions[index]) == expected[index].0
                : try extender.prioritize(questions[index]) == expected[index].1
            differences += answer ? 0 : 1
        }
        #expect(differences == 0)
    }

    private static let recordings = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/fixtures/extender").standardizedFileURL

    @Test(
        "every recorded request is answered, each node in one of the lists",
        .enabled(
            if: FileManager.default.fileExists(atPath: Self.recordings.path), "no recordings beside the repository"))
    func recorded() throws {
        let extender = try Self.extender(self.nodes, [])
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.recordings.path).filter {
            $0.hasSuffix(".json")
        }
        #expect(!files.isEmpty)
        for file in files where !file.contains("bind") {
            let body = Array(try Data(contentsOf: Self.recordings.appendingPathComponent(file)))
            let request = try Self.tree(body)
            if file.contains("prioritize") {
                let scores = try Self.tree(try extender.prioritize(body)).elements
                #expect(scores.allSatisfy { (0...10).contains($0["Score"]?.integer ?? -1) }, "\(file)")
            } else if file.contains("preempt.json") {
                #expect(try Self.tree(try extender.preempt(body))["NodeNameToMetaVictims"] != nil, "\(file)")
            } else if file.contains("filter") {
                let answer = try Self.tree(try extender.filter(body))
                let asked = ["NodeNames": request["NodeNames"], "items": request["Nodes"]?["items"]].values
                    .reduce(0) { $0 + ($1?.elements.count ?? 0) }
                let passed = Self.names(answer).count + (answer["Nodes"]?["items"]?.elements.count ?? 0)
                let failed = ["FailedNodes", "FailedAndUnresolvableNodes"].reduce(0) {
                    $0 + (answer[$1]?.members.count ?? 0)
                }
                #expect(passed + failed == asked, "\(file)")
                #expect(answer["Error"] == "", "\(file)")
            }
        }
    }
}
