import CloudProviders
import ClusterImport
import ControlLoop
import FakeKubernetesAPI
import Foundation
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import SchedulingModel
import Testing

@testable import Controller

/// The controller buys nodes from a simulated cloud, on the fake API server.
@Suite("The controller buys nodes")
struct CapacityControllerTests {
    private static let zones = ["eu-west-1a", "eu-west-1b"]
    private static let claims = ResourcePath(apiVersion: "v1", plural: "configmaps", namespace: "berth-system")

    private struct World {
        let client: KubernetesClient
        let transport: BearerTransport
        let cloud: SimulatedNodePoolProvider
        let controller: Controller

        /// Only the second zone has capacity. The controller may do what the manifests allow it.
        init() throws {
            let (server, token) = try BuyingWorld.server(components: ["buy-nodes"])
            let inner = InProcessTransport(server)
            self.client = KubernetesClient(transport: inner)
            self.transport = BearerTransport(inner, token: token)
            self.cloud = SimulatedNodePoolProvider(capacity: [BuyingWorld.offering("eu-west-1b"): 4])
            let configuration = BuyingWorld.configuration(
                zones: CapacityControllerTests.zones, priceStepMicroUSD: 1_000_000)
            var options = ControllerOptions()
            options.identity = "one"
            options.leaseNamespace = "berth-system"
            options.leaseDuration = .seconds(15)
            var capacity = CapacityOptions(provider: self.cloud)
            capacity.idleDelay = .seconds(1)
            capacity.settleDelay = .milliseconds(500)
            options.capacity = capacity
            self.controller = Controller(
                KubernetesClient(transport: self.transport), configuration: configuration, options: options)
        }

        func claimCount() async throws -> Int {
            try await self.client.list(CapacityControllerTests.claims).objects.count
        }

        func pin(of pod: String) async throws -> String? {
            PodDoor.pinnedNode(try await self.client.get(.pod("default", pod)).root)?.rawValue
        }
    }

    @Test("a gang is bought whole in the zone that has capacity, and its nodes are given back")
    func story() async throws {
        let world = try World()
        let running = Task { try await world.controller.run() }
        defer { running.cancel() }
        try await world.client.create(
            ["metadata": ["name": "pair"], "spec": ["minMember": 2]],
            in: ResourcePath(apiVersion: "scheduling.x-k8s.io/v1alpha1", plural: "podgroups", namespace: "default"))
        for pod in ["a", "b"] { try await world.client.addGatedMember(pod) }
        try await eventually("two machines are bought") { await world.cloud.boughtCount == 2 }
        let machines = try await world.cloud.machines(of: "gpus")
        #expect(machines.map(\.offering.zone) == ["eu-west-1b", "eu-west-1b"])
        try await eventually("one claim is written") { try await world.claimCount() == 1 }
        for machine in machines { try await world.client.join(machine) }
        try await eventually("both pods are pinned") {
            let pins = [try await world.pin(of: "a"), try await world.pin(of: "b")]
            return Set(pins.compactMap(\.self)).count == 2
        }
        let boughtCount = await world.cloud.boughtCount
        #expect(boughtCount == 2)
        for pod in ["a", "b"] { try await world.client.delete(.pod("default", pod)) }
        try await eventually("the machines are given back") { try await world.cloud.machines(of: "gpus").isEmpty }
        try await eventually("no claim is left") { try await world.claimCount() == 0 }
        #expect(world.transport.forbidden.isEmpty)
        try await self.checkMoney(world.controller)
        running.cancel()
        _ = await running.result
    }

    /// Two machines came, joined and went, at ten dollars an hour each.
    private func checkMoney(_ controller: Controller) async throws {
        await controller.settleSpending()
        let lines = controller.metrics.text().split(separator: "\n").map(String.init)
        let labels = #"pool="gpus",capacity_type="spot""#
        for event in ["launched", "joined", "given_back"] {
            #expect(lines.contains(#"berth_machine_events_total{\#(labels),event="\#(event)"} 2.0"#))
        }
        #expect(!lines.contains { $0.hasPrefix("berth_spend_usd_per_hour{") })
        let spent = try #require(lines.first { $0.hasPrefix("berth_spend_usd_total{\(labels)}") })
        let usd = try #require(spent.split(separator: " ").last.flatMap { Double($0) })
        #expect(usd > 0 && usd < 20)
        #expect(lines.contains(#"berth_node_boot_seconds_count{pool="gpus"} 2"#))
    }

    @Test("a claim is read back as it was written")
    func roundTrip() throws {
        var claim = LaunchClaim(
            token: "berth-1", pool: "gpus", offering: BuyingWorld.offering("eu-west-1a"), count: 2,
            group: PodGroupKey(namespace: "ml", name: "jobset/0"), sinceMillis: 12_345, phase: .launched,
            machines: [.init(id: MachineID("i-1"), phase: .joined), .init(id: MachineID("i-2"), phase: .leaving)],
            version: 7)
        claim.replaces = NodeName("gpu-1")
        claim.restsUntilMillis = 23_456
        let text = LaunchClaimObject.json(claim, namespace: "default").text
        let document = try Array(text.utf8).withUnsafeBytes { try JSONDocument(parsing: $0) }
        let object = ManifestObject(
            apiVersion: "v1", kind: "ConfigMap", value: document.root, origin: ManifestOrigin(file: "test"))
        #expect(LaunchClaimObject.claim(object) == claim)
    }
}
