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

/// A management cluster with one MachineDeployment `gpus`, whose controllers and cloud are `work()`: the fake API server in this process,
/// or the one that `e2e/cluster-api.sh` started.
final class ClusterAPIWorld: Sendable {
    static let socket = ProcessInfo.processInfo.environment["BERTH_FAKE_APISERVER"]
    /// Of all but the provider, which goes through `lossy`.
    let client: KubernetesClient
    let lossy: LossyTransport
    let namespace: String
    private let version: String
    private let kind: ProviderSetting.ClusterAPIGroups.Kind
    private let state = Mutex((now: Int64(1_764_000_000), machineCount: 0, capacity: 1_000))

    /// - Parameters:
    ///   - name: Becomes the namespace: tests share a server that is behind a socket.
    ///   - version: What the server prefers.
    init(
        _ name: String, replicas: Int = 0, annotations: JSONTree = [:], labels: JSONTree = [:],
        version: String = "v1beta1",
        kind: ProviderSetting.ClusterAPIGroups.Kind = .machineDeployment
    ) async throws {
        let server: any HTTPTransport =
            if let socket = Self.socket {
                try CurlTransport(configuration: CurlConfiguration(server: socket))
            } else {
                InProcessTransport(FakeAPIServer(now: { 1_764_000_000 }))
            }
        self.lossy = LossyTransport(server)
        self.client = KubernetesClient(transport: server)
        self.namespace = name
        self.version = version
        self.kind = kind
        for plural in ["machinedeployments", "machines", "machinepools"] {
            try await self.make(Self.definition(plural, version), in: Self.definitions)
        }
        try await self.make(
            ["metadata": ["name": .string(name)]], in: ResourcePath(apiVersion: "v1", plural: "namespaces"))
        try await self.make(
            [
                "apiVersion": .string("cluster.x-k8s.io/\(version)"), "kind": .string(kind.rawValue),
                "metadata": ["name": "gpus", "annotations": annotations],
                "spec": ["replicas": .integer(Int64(replicas)), "template": ["metadata": ["labels": labels]]],
            ], in: self.path(self.plural))
        try await self.work()
    }

    private static let definitions = ResourcePath(
        apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions")

    private static func definition(_ plural: String, _ version: String) -> JSONTree {
        let kinds = ["machinedeployments": "MachineDeployment", "machines": "Machine", "machinepools": "MachinePool"]
        let open: JSONTree = ["type": "object", "x-kubernetes-preserve-unknown-fields": .boolean(true)]
        var served: JSONTree = [
            "name": .string(version), "served": .boolean(true), "storage": .boolean(true),
            "schema": ["openAPIV3Schema": ["type": "object", "properties": ["spec": open, "status": open]]],
        ]
        served["subresources"] = ["status": [:]]
        if plural != "machines" {
            served["subresources"]?["scale"] = [
                "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
            ]
        }
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(plural).cluster.x-k8s.io")],
            "spec": [
                "group": "cluster.x-k8s.io", "scope": "Namespaced", "versions": .array([served]),
                "names": ["plural": .string(plural), "kind": .string(kinds[plural] ?? "")],
            ],
        ]
    }

    private func make(_ object: JSONTree, in path: ResourcePath) async throws {
        do throws(KubernetesError) { try await self.client.create(object, in: path) } catch {
            guard error.status?.reason == "AlreadyExists" else { throw error }
        }
    }

    private var plural: String { "\(self.kind.rawValue.lowercased())s" }

    func path(_ plural: String, _ name: String? = nil) -> ResourcePath {
        ResourcePath(
            apiVersion: "cluster.x-k8s.io/\(self.version)", plural: plural, namespace: self.namespace, name: name)
    }

    // MARK: The provider

    static let offering = OfferingKey(instanceType: "box", zone: "z", capacityType: .onDemand)

    var settings: PoolSettings {
        var settings = PoolSettings(name: "gpus", instanceTypes: ["box"], zones: ["z"])
        settings.capacityTypes = [.onDemand]
        settings.provider = .clusterAPI(
            .init(namespace: self.namespace, kind: self.kind, groups: [.init(name: "gpus")]))
        return settings
    }

    /// As the controller makes it: from the configuration.
    func provider() async -> NodePoolProviders {
        var configuration = BerthConfiguration()
        configuration.pools = [self.settings]
        let outside = AWSEnvironment(
            variables: [:], readFile: { _ in nil },
            connect: { _ throws(HTTPTransportError) in throw HTTPTransportError(.connectFailed) },
            now: { self.state.withLock { $0.now } })
        return await NodePoolProviders(
            configuration, in: ProviderEnvironment(aws: outside, kubernetes: KubernetesClient(transport: self.lossy)))
    }

    func request(_ count: Int, token: String) -> LaunchRequest {
        LaunchRequest(pool: "gpus", offering: Self.offering, count: count, clientToken: token)
    }

    // MARK: What happens around it

    func pass(seconds: Int64) { self.state.withLock { $0.now += seconds } }

    /// Machines that the cloud behind Cluster API can still make.
    func setCapacity(_ count: Int) { self.state.withLock { $0.capacity = count } }

    func replicas() async throws -> Int64? {
        try await self.client.get(self.path(self.plural, "gpus")).root["spec"]?["replicas"]?.integer
    }

    func set(replicas: Int64) async throws {
        try await self.client.patch(self.path(self.plural, "gpus"), .merge, ["spec": ["replicas": .integer(replicas)]])
    }

    func machines() async throws -> [ManifestObject] { try await self.client.list(self.path("machines")).objects }

    func names() async throws -> [String] { try await self.machines().map(\.key.name).sorted() }

    /// What Cluster API's controllers do: as many Machines as the group's size, those with the deletion mark going first, then those
    /// without infrastructure, and infrastructure for each while there is capacity.
    ///
    /// - Parameter provisioning: Whether infrastructure comes.
    func work(provisioning: Bool = true) async throws {
        let wanted = Int(try await self.replicas() ?? 0)
        var machines = try await self.machines()
        while machines.count < wanted {
            let label = "cluster.x-k8s.io/\(self.kind == .machinePool ? "pool" : "deployment")-name"
            let name = self.state.withLock { state in
                state.machineCount += 1
                return "gpus-\(state.machineCount)"
            }
            try await self.client.create(
                [
                    "apiVersion": .string("cluster.x-k8s.io/\(self.version)"), "kind": "Machine",
                    "metadata": ["name": .string(name), "labels": .object([.init(label, "gpus")])],
                    "spec": [:],
                ], in: self.path("machines"))
            machines = try await self.machines()
        }
        let rank = { (machine: ManifestObject) -> Int in
            let annotations = machine.value["metadata"]?["annotations"]
            if annotations?["cluster.x-k8s.io/delete-machine"] != nil { return 0 }
            return machine.value["spec"]?["providerID"] == nil ? 1 : 2
        }
        let victims = machines.sorted { (rank($0), $0.key.name) < (rank($1), $1.key.name) }
        for victim in victims.prefix(max(0, machines.count - wanted)) {
            try await self.client.delete(self.path("machines", victim.key.name))
        }
        if provisioning { try await self.provision() }
    }

    private func provision() async throws {
        for machine in try await self.machines() where machine.value["spec"]?["providerID"] == nil {
            let isThere = self.state.withLock { state in
                state.capacity -= 1
                return state.capacity >= 0
            }
            let path = self.path("machines", machine.key.name)
            guard !isThere else {
                let id = JSONTree.string("cloud:///z/\(machine.key.name)")
                try await self.client.patch(path, .merge, ["spec": ["providerID": id]])
                continue
            }
            let condition: JSONTree = [
                "type": "InfrastructureReady", "status": "False", "severity": "Error",
                "reason": "InstanceProvisionFailed", "message": "no capacity",
            ]
            try await self.client.patch(
                path.subresource("status"), .merge, ["status": ["conditions": .array([condition])]])
        }
    }
}

/// Loses the answers to some of the requests that it carries.
final class LossyTransport: HTTPTransport {
    private let transport: any HTTPTransport
    private let losses = Mutex<[(method: String, path: String)]>([])
    private let log = Mutex<[String]>([])

    init(_ transport: any HTTPTransport) { self.transport = transport }

    /// The next request of this kind takes effect, and its caller is not told.
    func loseReply(to method: String, _ path: String) { self.losses.withLock { $0.append((method, path)) } }

    /// Method and target of every request.
    var requests: [String] { self.log.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        self.log.withLock { $0.append("\(request.method) \(request.target)") }
        let isLost = self.losses.withLock { losses in
            let index = losses.firstIndex { $0.method == request.method && request.target.contains($0.path) }
            if let index { losses.remove(at: index) }
            return index != nil
        }
        let response = try await self.transport.send(request)
        guard isLost else { return response }
        _ = try await response.body.collect(upTo: 1 << 20)
        throw HTTPTransportError(.connectionLost)
    }
}
