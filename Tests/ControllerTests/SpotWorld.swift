import CloudProviders
import ClusterImport
import FakeKubernetesAPI
import Foundation
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import SchedulingModel
import Synchronization
import Testing

@testable import Controller

/// A cluster that runs by itself: machines of a simulated cloud become nodes, kubelets run and end pods, and whoever owns a pod makes it
/// anew. The controller buys for it, with the rights of the manifests.
final class SpotWorld: Sendable {
    static let zones = ["zone-a", "zone-b"]
    static let pods = ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default")

    let server: InProcessTransport
    let client: KubernetesClient
    let bearer: BearerTransport
    let cloud: SimulatedNodePoolProvider
    let controller: Controller
    private let lines = Lines()
    private let kubelets = Mutex(SimulatedKubelets(startSeconds: 0))
    private let owned = Mutex<[String: JSONTree]>([:])

    final class Lines: Sendable {
        private let texts = Mutex<[String]>([])

        func add(_ text: String) { self.texts.withLock { $0.append(text) } }

        var all: [String] { self.texts.withLock { $0 } }
    }

    /// - Parameter capacity: Machines that each zone has.
    init(capacity: [String: Int]) throws {
        let (server, token) = try BuyingWorld.server(components: ["buy-nodes"])
        self.server = InProcessTransport(server)
        self.client = KubernetesClient(transport: self.server)
        self.bearer = BearerTransport(self.server, token: token)
        self.cloud = SimulatedNodePoolProvider(
            capacity: Dictionary(uniqueKeysWithValues: capacity.map { (BuyingWorld.offering($0.key), $0.value) }))
        var options = ControllerOptions()
        options.identity = "one"
        options.leaseNamespace = "berth-system"
        var buying = CapacityOptions(provider: self.cloud)
        buying.settleDelay = .milliseconds(500)
        options.capacity = buying
        self.controller = Controller(
            KubernetesClient(transport: self.bearer),
            configuration: BuyingWorld.configuration(zones: Self.zones, priceStepMicroUSD: 1), options: options,
            journal: Journal { [lines] in lines.add($0) })
    }

    /// Runs the controller and everything else while `body` looks on.
    func run(_ body: () async throws -> Void) async throws {
        let controller = Task { try await self.controller.run() }
        let world = Task { await self.goOn() }
        defer {
            controller.cancel()
            world.cancel()
        }
        try await body()
    }

    // MARK: What happens by itself

    private func goOn() async {
        while !Task.isCancelled {
            self.server.withServer { server in self.kubelets.withLock { $0.step(&server) } }
            try? await self.joinMachines()
            try? await self.makePods()
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Bought machines register, and the nodes of machines that are gone go.
    private func joinMachines() async throws {
        let machines = try await self.cloud.machines(of: "gpus")
        let nodes = Set(try await self.client.list(.nodes).objects.map(\.key.name))
        for machine in machines where !nodes.contains(machine.id.rawValue) { try await self.client.join(machine) }
        let names = Set(machines.map(\.id.rawValue))
        for node in nodes where !names.contains(node) { try await self.client.delete(.node(node)) }
    }

    private func makePods() async throws {
        let present = Set(try await self.client.list(Self.pods).objects.map(\.key.name))
        for (name, pod) in self.owned.withLock({ $0 }) where !present.contains(name) {
            try await self.client.create(pod, in: Self.pods)
        }
    }

    // MARK: What somebody does

    func addGang(_ name: String, members: [String], minMember: Int64) async throws {
        try await self.client.create(
            ["metadata": ["name": .string(name)], "spec": ["minMember": .integer(minMember)]],
            in: ResourcePath(apiVersion: "scheduling.x-k8s.io/v1alpha1", plural: "podgroups", namespace: "default"))
        for member in members { self.addOwnedPod(member, group: name) }
    }

    /// It comes back under its name for as long as its owner wants it.
    private func addOwnedPod(_ name: String, group: String) {
        let amounts: JSONTree = ["cpu": "8", "nvidia.com/gpu": "8"]
        let pod: JSONTree = [
            "metadata": [
                "name": .string(name), "labels": ["scheduling.x-k8s.io/pod-group": .string(group)],
                "ownerReferences": [
                    [
                        "apiVersion": "batch/v1", "kind": "Job", "name": .string(group), "uid": "owner",
                        "controller": .boolean(true),
                    ]
                ],
            ],
            "spec": [
                "schedulerName": "berth", "terminationGracePeriodSeconds": 1,
                "containers": [
                    ["name": "main", "image": "i", "resources": ["requests": amounts, "limits": amounts]]
                ],
            ],
        ]
        self.owned.withLock { $0[name] = pod }
    }

    func taint(_ node: String, _ taint: JSONTree) async throws {
        try await self.client.patch(.node(node), .merge, ["spec": ["taints": [taint]]])
    }

    func setCondition(_ node: String, _ condition: JSONTree) async throws {
        try await self.client.patch(
            ResourcePath.node(node).subresource("status"), .strategic, ["status": ["conditions": [condition]]])
    }

    // MARK: What is seen

    func pod(_ name: String) async throws -> JSONTree? {
        let pods = try await self.client.list(Self.pods).objects
        return pods.first { $0.key.name == name }.map { JSONTree($0.value) }
    }

    /// The node that it runs on.
    func runs(_ name: String) async throws -> String? {
        guard let pod = try await self.pod(name), pod[path: ["status", "phase"]]?.string == "Running",
            pod["metadata"]?["deletionTimestamp"] == nil
        else { return nil }
        return pod[path: ["spec", "nodeName"]]?.string
    }

    func checkpoint(_ name: String) async throws -> String? {
        try await self.pod(name)?[path: ["metadata", "annotations", "berth.dev/checkpoint-by"]]?.string
    }

    func taints(of node: String) async throws -> [String] {
        let taints = try await self.client.list(.nodes).objects.first { $0.key.name == node }?.value["spec"]?["taints"]
        return taints.map { $0.elements.compactMap { $0["key"]?.string } } ?? []
    }

    /// Pods that an event with this reason is about.
    func told(_ reason: String) async throws -> Set<String> {
        let path = ResourcePath(apiVersion: "events.k8s.io/v1", plural: "events", namespace: "default")
        let events = try await self.client.list(path).objects.filter { $0.value["reason"]?.string == reason }
        return Set(events.compactMap { $0.value["regarding"]?["name"]?.string })
    }

    /// The audit record, in its order.
    var audit: [JSONTree] {
        self.lines.all.compactMap { JSONTree(parsing: $0) }.filter { $0["level"]?.string == "audit" }
    }

    /// Where an action first stands in the audit record.
    func position(_ action: String, _ matches: (JSONTree) -> Bool = { _ in true }) -> Int? {
        self.audit.firstIndex { $0["action"]?.string == action && matches($0) }
    }
}
