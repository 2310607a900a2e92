import CloudProviders
import ClusterImport
import ControlLoop
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
    let configuration: BerthConfiguration
    private let leading: Mutex<Controller>
    private let lines = Lines()
    private let kubelets = Mutex(SimulatedKubelets(startSeconds: 0))
    private let owned = Mutex<[String: JSONTree]>([:])

    final class Lines: Sendable {
        private let texts = Mutex<[String]>([])

        func add(_ text: String) { self.texts.withLock { $0.append(text) } }

        var all: [String] { self.texts.withLock { $0 } }
    }

    /// - Parameter capacity: Spot machines that each zone has.
    convenience init(capacity: [String: Int]) throws {
        try self.init(
            capacity: Dictionary(uniqueKeysWithValues: capacity.map { (BuyingWorld.offering($0.key), $0.value) }),
            configuration: BuyingWorld.configuration(zones: Self.zones, priceStepMicroUSD: 1))
    }

    init(capacity: [OfferingKey: Int], configuration: BerthConfiguration) throws {
        let (server, token) = try BuyingWorld.server(components: ["buy-nodes"])
        self.server = InProcessTransport(server)
        self.client = KubernetesClient(transport: self.server)
        self.bearer = BearerTransport(self.server, token: token)
        self.cloud = SimulatedNodePoolProvider(capacity: capacity)
        self.configuration = configuration
        self.leading = Mutex(
            Self.controller(
                "one", self.bearer, configuration, CapacityOptions(provider: self.cloud), Journal.silent))
    }

    private static func controller(
        _ identity: String, _ bearer: BearerTransport, _ configuration: BerthConfiguration, _ buying: CapacityOptions,
        _ journal: Journal
    ) -> Controller {
        var options = ControllerOptions()
        options.identity = identity
        options.leaseNamespace = "berth-system"
        options.capacity = buying
        return Controller(
            KubernetesClient(transport: bearer), configuration: configuration, options: options, journal: journal)
    }

    /// The process that runs now, or ran last.
    var controller: Controller { self.leading.withLock { $0 } }

    /// Runs a controller and everything else while `body` looks on. Each call is a new process; the one before has ended, and its lease is
    /// given back.
    ///
    /// - Parameter change: What it is told besides the settle delay.
    func run(
        as identity: String = "one", _ change: (inout CapacityOptions) -> Void = { _ in },
        _ body: () async throws -> Void
    ) async throws {
        var buying = CapacityOptions(provider: self.cloud)
        buying.settleDelay = .milliseconds(500)
        change(&buying)
        let process = Self.controller(
            identity, self.bearer, self.configuration, buying, Journal { [lines] in lines.add($0) })
        self.leading.withLock { $0 = process }
        let controller = Task { try await process.run() }
        let world = Task { await self.goOn() }
        defer {
            controller.cancel()
            world.cancel()
        }
        try await body()
        controller.cancel()
        world.cancel()
        _ = await controller.result
        await world.value
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
    func addOwnedPod(_ name: String, gpus: Int64 = 8, group: String? = nil, mayMove: Bool = true) {
        let amounts: JSONTree = ["cpu": "8", "nvidia.com/gpu": .string("\(gpus)")]
        let labels: JSONTree = group.map { ["scheduling.x-k8s.io/pod-group": .string($0)] } ?? ["app": .string(name)]
        let pod: JSONTree = [
            "metadata": [
                "name": .string(name), "labels": labels,
                "annotations": mayMove ? [:] : ["karpenter.sh/do-not-disrupt": "true"],
                "ownerReferences": [
                    [
                        "apiVersion": "batch/v1", "kind": "Job", "name": .string(group ?? name), "uid": "owner",
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

    /// Its owner wants it no more.
    func endPod(_ name: String) async throws {
        self.owned.withLock { $0[name] = nil }
        try await self.client.delete(.pod("default", name))
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

    func claims() async throws -> [LaunchClaim] {
        let path = ResourcePath(apiVersion: "v1", plural: "configmaps", namespace: "berth-system")
        return try await self.client.list(path).objects.compactMap(LaunchClaimObject.claim)
    }

    /// Whether the log has a line with this message.
    func hasLogged(_ message: String) -> Bool {
        self.lines.all.contains { JSONTree(parsing: $0)?["message"]?.string == message }
    }

    /// Where an action first stands in the audit record.
    func position(_ action: String, _ matches: (JSONTree) -> Bool = { _ in true }) -> Int? {
        self.audit.firstIndex { $0["action"]?.string == action && matches($0) }
    }
}
