import SchedulingCycle
import SchedulingModel

/// A snapshot with nodes that could be bought, and the plan the planner made of it.
struct PurchaseTrial {
    let original: ClusterSnapshot
    private(set) var plan: Plan
    private var bought: [BoughtNode] = []
    private var launchCount = 0
    private var placed: Set<PodKey>

    private struct BoughtNode {
        var state: NodeState
        var offering: Int
        var group: PodGroupKey?
    }

    init(snapshot: ClusterSnapshot, plan: Plan) {
        self.original = snapshot
        self.plan = plan
        self.placed = Set(plan.assignments.map(\.pod))
    }

    var boughtNodeCount: Int { self.bought.count }

    func isPending(_ pod: PodKey) -> Bool { !self.placed.contains(pod) }

    func placedCount(of pods: [Int]) -> Int { pods.count { !self.isPending(self.original.pods[$0].key) } }

    /// More nodes must not cost anybody the place he had.
    func isNoWorse(than other: PurchaseTrial) -> Bool { self.plan.pending.count < other.plan.pending.count }

    mutating func add(_ launches: [Launch], for group: PodGroupKey?) {
        for launch in launches {
            self.launchCount += 1
            for _ in 0..<launch.count {
                let state = Self.node(of: launch, launch: self.launchCount, number: self.bought.count + 1)
                self.bought.append(BoughtNode(state: state, offering: launch.offering, group: group))
            }
        }
    }

    /// The template under its own name. Below the zone it stands in domains of its launch as far as that promises, and
    /// alone on every narrower level.
    private static func node(of launch: Launch, launch number: Int, number position: Int) -> NodeState {
        var node = launch.template
        // No Kubernetes name begins with a bracket, so it is nobody else's.
        node.name = NodeName("(new \(launch.pool) \(position))")
        node.labels["kubernetes.io/hostname"] = node.name.rawValue
        for level in node.topologyPath.indices where node.topologyPath[level] == nil {
            if let shared = launch.sharedLevel, level <= shared { node.topologyPath[level] = "(launch \(number))" }
        }
        if launch.sharesNVLink { node.nvlinkDomain = "(launch \(number))" }
        return node
    }

    mutating func replan(_ configuration: PlannerConfiguration) throws(RefusedPlan) {
        let snapshot = ClusterSnapshot(
            nodes: self.original.nodes + self.bought.map(\.state), pods: self.original.pods,
            groups: self.original.groups, topology: self.original.topology)
        self.plan = try Planner(configuration: configuration).plan(snapshot)
        self.placed = Set(self.plan.assignments.map(\.pod))
    }

    /// Empty nodes were not needed; without them the plan stands as it is.
    mutating func dropUnusedNodes() {
        let used = Set(self.plan.assignments.map(\.node))
        self.bought.removeAll { !used.contains($0.state.name) }
    }

    // MARK: The result

    func purchasePlan(
        demand: CapacityDemand, market: Market, interruptions: InterruptionModel, refusals: Refusals, bound: Double
    ) -> PurchasePlan {
        let podsByNode = Dictionary(grouping: self.plan.assignments, by: \.node)
        var order: [Lot] = []
        var lots: [Lot: (nodes: Int, pods: [PodKey])] = [:]
        for node in self.bought {
            let lot = Lot(offering: node.offering, group: node.group)
            if lots[lot] == nil { order.append(lot) }
            lots[lot, default: (0, [])].nodes += 1
            lots[lot, default: (0, [])].pods += podsByNode[node.state.name, default: []].map(\.pod)
        }
        let purchases = order.map { lot in
            let (nodes, pods) = lots[lot] ?? (0, [])
            return Self.purchase(lot, nodes: nodes, pods: pods.sorted(), market, interruptions)
        }
        let unserved = self.plan.pending.map(\.pod).sorted().map { key in
            let isHopeless = demand.notForLackOfNodes.contains(key)
            let index = self.original.podIndex(of: key) ?? 0
            return UnservedPod(pod: key, reason: isHopeless ? .notForLackOfNodes : refusals.reason(of: index))
        }
        let cost = purchases.reduce(0) { $0 + $1.expectedCostPerHourMicroUSD }
        let lowerBound = Int64(min(max(0, bound), 9e18).rounded(.down))
        return PurchasePlan(
            purchases: purchases, unserved: unserved, lowerBoundPerHourMicroUSD: min(lowerBound, cost))
    }

    /// Nodes that are one purchase.
    private struct Lot: Hashable {
        var offering: Int
        var group: PodGroupKey?
    }

    private static func purchase(
        _ lot: Lot, nodes: Int, pods: [PodKey], _ market: Market, _ interruptions: InterruptionModel
    ) -> Purchase {
        let offering = market.offerings[lot.offering]
        let expected = interruptions.expectedCostPerHour(offering, count: nodes, together: lot.group != nil)
        return Purchase(
            pool: offering.pool, offering: offering.key, nodeCount: nodes,
            pricePerHourMicroUSD: offering.pricePerHourMicroUSD * Int64(nodes),
            expectedCostPerHourMicroUSD: Int64(expected.rounded()),
            onDemandPricePerHourMicroUSD: market.onDemandPrice(of: lot.offering).map { $0 * Int64(nodes) },
            group: lot.group, pods: pods)
    }
}
