import CapacityPlanner
import SchedulingCycle
import SchedulingModel
import TestSupport

/// Builders that say only what matters to a purchase.
enum Shop {
    /// A machine with GPUs, in micro-dollars per hour.
    static func offering(
        _ type: String, price: Int64, gpus: Int, zone: String = "a", _ capacityType: CapacityType = .onDemand,
        interruptions: Double = 0, pool: String = "gpus", path: [String?] = []
    ) -> NodeOffering {
        NodeOffering(
            pool: pool, key: OfferingKey(instanceType: type, zone: zone, capacityType: capacityType),
            pricePerHourMicroUSD: price, interruptionsPerHour: interruptions,
            template: .gpu("template", count: gpus, path: path, labels: ["topology.kubernetes.io/zone": zone]))
    }

    static func pool(_ offerings: [NodeOffering], maxNodes: Int = 1000, launchLevel: Int? = nil) -> NodePool {
        NodePool(name: "gpus", offerings: offerings, maxNodes: maxNodes, launchLevel: launchLevel)
    }

    static func purchases(
        pods: [PodState], groups: [PodGroup] = [], nodes: [NodeState] = [], topology: Topology = Topology(),
        pools: [NodePool], blocked: Set<OfferingKey> = [], atSeconds now: Int64? = nil
    ) throws -> PurchasePlan {
        let snapshot = ClusterSnapshot(nodes: nodes, pods: pods, groups: groups, topology: topology)
        let plan = try Planner().plan(snapshot)
        return try CapacityPlanner().plan(snapshot, leaving: plan, pools: pools, blocked: blocked, atSeconds: now)
    }
}

extension PurchasePlan {
    /// `2 x box-8 spot in a`, in order.
    var lines: [String] { self.purchases.map { "\($0.nodeCount) x \($0.offering)" } }
}
