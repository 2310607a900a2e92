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

/// The controller buys and gives back MachineDeployments' nodes, on the fake API server with simulated machines, under the rights that
/// the manifests give it.
@Suite("The controller buys with Cluster API")
struct ClusterAPIControllerTests {
    private final class World: Sendable {
        let server: InProcessTransport
        let client: KubernetesClient
        let bearer: BearerTransport
        let controller: Controller
        private let machines = Mutex(SimulatedMachines(bootSeconds: 0))

        init() async throws {
            var (server, token) = try BuyingWorld.server(components: ["buy-nodes", "cluster-api"])
            server.serveClusterAPI()
            self.server = InProcessTransport(server)
            self.client = KubernetesClient(transport: self.server)
            self.bearer = BearerTransport(self.server, token: token)
            let own = KubernetesClient(transport: self.bearer)
            let fence = LeadershipFence()
            let outside = AWSEnvironment(
                variables: [:], readFile: { _ in nil },
                connect: { _ throws(HTTPTransportError) in throw HTTPTransportError(.connectFailed) },
                now: { Int64(Date().timeIntervalSince1970) })
            let configuration = Self.configuration()
            let providers = await NodePoolProviders(
                configuration, in: ProviderEnvironment(aws: outside, kubernetes: own.fenced(by: fence)))
            var options = ControllerOptions()
            options.identity = "one"
            options.leaseNamespace = "berth-system"
            var capacity = CapacityOptions(provider: providers, fence: fence)
            capacity.idleDelay = .seconds(1)
            capacity.settleDelay = .milliseconds(500)
            options.capacity = capacity
            self.controller = Controller(own, configuration: configuration, options: options)
        }

        private static func configuration() -> BerthConfiguration {
            var configuration = BerthConfiguration()
            var pool = PoolSettings(name: "gpus", instanceTypes: ["box"], zones: ["rack-1", "rack-2"])
            pool.capacityTypes = [.onDemand]
            pool.machineTypes = [
                .init(name: "box", cpuCount: 96, memoryMiB: 1 << 20, deviceResource: .nvidiaGPU, deviceCount: 8)
            ]
            pool.prices = [
                .init(instanceType: "box", capacityType: .onDemand, zone: "rack-1", microUSDPerHour: 2_000_000),
                .init(instanceType: "box", capacityType: .onDemand, zone: "rack-2", microUSDPerHour: 2_500_000),
            ]
            pool.provider = .clusterAPI(
                .init(
                    namespace: "clusters", kind: .machineDeployment,
                    groups: [.init(name: "gpus-1", zone: "rack-1"), .init(name: "gpus-2", zone: "rack-2")]))
            configuration.pools = [pool]
            return configuration
        }

        func addGroup(_ name: String, zone: String, capacity: Int) async throws {
            let domain = "capacity.cluster-autoscaler.kubernetes.io"
            try await self.client.create(
                [
                    "metadata": [
                        "name": .string(name),
                        "annotations": .object([
                            .init("\(domain)/cpu", "96"), .init("\(domain)/memory", "1000Gi"),
                            .init("\(domain)/gpu-count", "8"),
                            .init("\(domain)/labels", .string("topology.kubernetes.io/zone=\(zone)")),
                            .init(SimulatedMachines.capacityAnnotation, .string("\(capacity)")),
                        ]),
                    ],
                    "spec": ["replicas": 0],
                ], in: Self.path("machinedeployments"))
        }

        static func path(_ plural: String, _ name: String? = nil) -> ResourcePath {
            ResourcePath(
                apiVersion: "cluster.x-k8s.io/v1beta1", plural: plural, namespace: "clusters", name: name)
        }

        func replicas(_ group: String) async throws -> Int64? {
            try await self.client.get(Self.path("machinedeployments", group)).root["spec"]?["replicas"]?.integer
        }

        /// Zones of the nodes that both pods are pinned to.
        func zones() async throws -> [String] {
            let nodes = try await self.client.list(.nodes).objects
            var zones: [String] = []
            for pod in ["a", "b"] {
                guard let pin = PodDoor.pinnedNode(try await self.client.get(.pod("default", pod)).root),
                    let node = nodes.first(where: { $0.key.name == pin.rawValue })
                else { continue }
                zones.append(node.value["metadata"]?["labels"]?["topology.kubernetes.io/zone"]?.string ?? "")
            }
            return zones
        }

        func count(_ path: ResourcePath) async throws -> Int { try await self.client.list(path).objects.count }

        func goOn() async {
            while !Task.isCancelled {
                self.server.withServer { server in self.machines.withLock { $0.step(&server) } }
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    @Test("a gang gets the nodes of the group that has machines, and they are given back")
    func story() async throws {
        let world = try await World()
        try await world.client.create(
            ["metadata": ["name": "clusters"]], in: ResourcePath(apiVersion: "v1", plural: "namespaces"))
        try await world.addGroup("gpus-1", zone: "rack-1", capacity: 1)
        try await world.addGroup("gpus-2", zone: "rack-2", capacity: 4)
        let running = Task { try await world.controller.run() }
        let machines = Task { await world.goOn() }
        defer {
            running.cancel()
            machines.cancel()
        }
        try await world.client.create(
            ["metadata": ["name": "pair"], "spec": ["minMember": 2]],
            in: ResourcePath(apiVersion: "scheduling.x-k8s.io/v1alpha1", plural: "podgroups", namespace: "default"))
        for pod in ["a", "b"] { try await world.client.addGatedMember(pod) }
        try await eventually("both pods are pinned in the second rack") {
            try await world.zones() == ["rack-2", "rack-2"]
        }
        try await eventually("the first group is as it was") { try await world.replicas("gpus-1") == 0 }
        #expect(try await world.replicas("gpus-2") == 2)
        for pod in ["a", "b"] { try await world.client.delete(.pod("default", pod)) }
        try await eventually("the machines are given back") {
            let size = try await world.replicas("gpus-2")
            let left = try await world.count(World.path("machines"))
            return size == 0 && left == 0
        }
        let claims = ResourcePath(apiVersion: "v1", plural: "configmaps", namespace: "berth-system")
        try await eventually("no claim and no node is left") {
            let (claims, nodes) = (try await world.count(claims), try await world.count(.nodes))
            return claims == 0 && nodes == 0
        }
        #expect(world.bearer.forbidden.isEmpty)
    }
}
