import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Node pools")
struct NodePoolTests {
    private func pools(_ pool: String, nodes: [NodeState] = []) -> (pools: [NodePool], findings: [String]) {
        let (configuration, findings) = BerthConfiguration.read(
            "apiVersion: berth.dev/v1alpha1\nkind: BerthConfiguration\npools:\n- \(pool)\n", file: "berth.yaml")
        #expect(findings.map(\.description) == [])
        let topology = Topology(levels: [.init(name: "zone", labelKey: "topology.kubernetes.io/zone")])
        let snapshot = ClusterSnapshot(nodes: nodes, pods: [], topology: topology)
        let built = NodePoolBuilder(configuration: configuration, snapshot: snapshot).pools()
        return (built.pools, built.findings.map(\.found))
    }

    @Test("each type is offered in each zone and on each terms that have a price, as the node it would become")
    func offerings() throws {
        let (pools, findings) = self.pools("{name: a, instanceTypes: [p4d.24xlarge, p3.16xlarge], zones: [x, z]}")
        #expect(findings == [])
        let keys = pools.flatMap(\.offerings).map(\.key.description)
        #expect(
            keys == [
                "p4d.24xlarge spot in x", "p4d.24xlarge on-demand in x", "p4d.24xlarge spot in z",
                "p4d.24xlarge on-demand in z", "p3.16xlarge on-demand in x", "p3.16xlarge on-demand in z",
            ])
        let node = try #require(pools.first?.offerings.first?.template)
        #expect(node.pool(for: .nvidiaGPU)?.deviceCount == 8)
        #expect(node.pool(for: .nvidiaGPU)?.memoryMiBPerDevice == 40_960)
        #expect(node.allocatable[ResourceName("vpc.amazonaws.com/efa")] == 4)
        // What EKS reserves of 96 cores is 310 thousandths.
        #expect(node.allocatable[.cpu] == 95_690)
        #expect(node.topologyPath == ["x"])
    }

    @Test("a price of the user's goes before the catalogue's, in its zone")
    func ownPrice() {
        let price = "{instanceType: p4d.24xlarge, capacityType: spot, zone: z, usdPerHour: 5}"
        let (pools, _) = self.pools(
            "{name: a, instanceTypes: [p4d.24xlarge], zones: [x, z], capacityTypes: [spot], prices: [\(price)]}")
        #expect(pools.flatMap(\.offerings).map(\.pricePerHourMicroUSD) == [8_000_100, 5_000_000])
    }

    @Test("labels of sharing make a pool of shared GPUs")
    func shared() throws {
        let labels = "{nvidia.com/gpu.replicas: '4', nvidia.com/gpu.sharing-strategy: time-slicing}"
        let (pools, _) = self.pools(
            "{name: a, instanceTypes: [p4d.24xlarge], zones: [x], labels: \(labels), allocatable: {nvidia.com/gpu: 32}}"
        )
        let pool = try #require(pools.first?.offerings.first?.template.pool(for: .nvidiaGPU))
        #expect(pool.kind == .shared(slotsPerDevice: 4, isolation: .timeSlicing))
        #expect(pool.deviceCount == 8)
    }

    @Test("priority, warm nodes, schedules and budgets reach the pool")
    func times() throws {
        let night = "{from: '22:00', until: '06:00', minNodes: 4}"
        let office = "{days: [mon, fri], from: '08:00', until: '24:00', nodes: 20%}"
        let (pools, _) = self.pools(
            """
            {name: a, instanceTypes: [p4d.24xlarge], zones: [x], priority: 5, warmNodes: 2, schedules: [\(night)], bootSeconds: 420,
              disruptionBudgets: [{nodes: 3}, \(office)]}
            """)
        let pool = try #require(pools.first)
        #expect(pool.priority == 5)
        #expect(pool.warmNodes == 2)
        #expect(pool.bootSeconds == 420)
        #expect(pool.schedules == [.init(window: WeeklyWindow(startMinute: 1320, minuteCount: 480), minNodes: 4)])
        #expect(
            pool.disruptionBudgets == [
                .init(limit: .count(3)),
                .init(
                    limit: .percent(20), window: WeeklyWindow(days: [.mon, .fri], startMinute: 480, minuteCount: 960)),
            ])
    }

    @Test("types without a shape or a price, and levels that are none, are named")
    func findings() {
        let (_, findings) = self.pools(
            "{name: a, instanceTypes: [p9.huge, p5e.48xlarge], zones: [x], launchShares: rack}")
        #expect(findings == ["machine type p9.huge", "p5e.48xlarge without a price", "launchShares rack"])
    }

    @Test("nodes that carry the pool's label count towards its limit")
    func nodeCount() {
        let node = NodeState(name: NodeName("n"), labels: [NodePoolBuilder.poolLabel: "a"])
        let (pools, _) = self.pools("{name: a, instanceTypes: [p4d.24xlarge], zones: [x], maxNodes: 3}", nodes: [node])
        #expect(pools.map(\.headroom) == [2])
    }
}
