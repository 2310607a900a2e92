import SchedulingCycle
import SchedulingModel

/// A snapshot with nodes that could be bought. What has found a place there keeps it.
///
/// Protocol of use: 1. `add` nodes; 2. `replan`, which places what is pending and has that verified; 3. `dropUnusedNodes`;
/// go on with 1, or 4. `purchasePlan`. A copy is a what-if.
struct PurchaseTrial {
    let original: ClusterSnapshot
    /// As `original.pods`; those that were placed are bound.
    private var pods: [PodState]
    private var bought: [BoughtNode] = []
    private var launchCount = 0
    private var nodeCount = 0

    private struct BoughtNode {
        var state: NodeState
        var offering: Int
        var group: PodGroupKey?
    }

    init(snapshot: ClusterSnapshot, plan: Plan) {
        self.original = snapshot
        self.pods = snapshot.pods
        self.bind(plan.assignments)
    }

    var boughtNodeCount: Int { self.bought.count }

    /// Bought nodes per offering.
    var usedNodes: [Int: Int] {
        self.bought.reduce(into: [:]) { $0[$1.offering, default: 0] += 1 }
    }

    func isPending(_ pod: Int) -> Bool { self.pods[pod].node == nil }

    func placedCount(of pods: [Int]) -> Int { pods.count { !self.isPending($0) } }

    private mutating func bind(_ assignments: [Assignment]) {
        for assignment in assignments {
            guard let index = self.original.podIndex(of: assignment.pod) else { continue }
            self.pods[index].standing = .bound(assignment.node)
            self.pods[index].knownDevices = assignment.devices
            if let rank = assignment.rank { self.pods[index].rank = rank }
        }
    }

    mutating func add(_ launches: [Launch], for group: PodGroupKey?) {
        for launch in launches {
            self.launchCount += 1
            for _ in 0..<launch.count {
                self.nodeCount += 1
                let state = Self.node(of: launch, launch: self.launchCount, number: self.nodeCount)
                self.bought.append(BoughtNode(state: state, offering: launch.offering, group: group))
            }
        }
    }

    private static func node(of launch: Launch, launch number: Int, number position: Int) -> NodeState {
        launch.template.expected(
            // No Kubernetes name begins with a bracket, so it is nobody else's.
            as: NodeName("(new \(launch.pool) \(position))"), launch: "\(number)", sharedLevel: launch.sharedLevel,
            sharesNVLink: launch.sharesNVLink)
    }

    /// Places what is pending, and keeps it.
    mutating func replan(_ configuration: PlannerConfiguration) throws(RefusedPlan) {
        let snapshot = ClusterSnapshot(
            nodes: self.original.nodes + self.bought.map(\.state), pods: self.pods, groups: self.original.groups,
            topology: self.original.topology)
        self.bind(try Planner(configuration: configuration).plan(snapshot).assignments)
    }

    /// Empty nodes were not needed.
    mutating func dropUnusedNodes() {
        let used = Set(self.pods.compactMap(\.node))
        self.bought.removeAll { !used.contains($0.state.name) }
    }

    /// Members that would find room on what is there, each for itself.
    func membersThatFit(
        _ gangs: [CapacityDemand.Gang], _ configuration: PlannerConfiguration
    ) throws(RefusedPlan) -> Set<Int> {
        let members = Set(gangs.flatMap(\.pods))
        guard !members.isEmpty, !self.original.nodes.isEmpty else { return [] }
        let pods = self.pods.indices.compactMap { index -> PodState? in
            var pod = self.pods[index]
            if members.contains(index) { pod.group = nil } else if pod.node == nil { return nil }
            return pod
        }
        let snapshot = ClusterSnapshot(
            nodes: self.original.nodes, pods: pods, groups: self.original.groups, topology: self.original.topology)
        let plan = try Planner(configuration: configuration).plan(snapshot)
        return Set(plan.assignments.compactMap { self.original.podIndex(of: $0.pod) })
    }

    /// Nodes alike may have changed hands between gangs: each is counted to the gang that alone stands on it.
    mutating func attributeNodes(to gangs: [CapacityDemand.Gang]) {
        var holders: [NodeName: Set<PodGroupKey>] = [:]
        for gang in gangs {
            for pod in gang.pods {
                if let node = self.pods[pod].node { holders[node, default: []].insert(gang.key) }
            }
        }
        for index in self.bought.indices {
            if let groups = holders[self.bought[index].state.name], groups.count == 1, let group = groups.first {
                self.bought[index].group = group
            }
        }
    }

    // MARK: The result

    func purchasePlan(
        demand: CapacityDemand, market: Market, interruptions: InterruptionModel, refusals: Refusals, bound: Double
    ) -> PurchasePlan {
        let podsByNode = Dictionary(grouping: self.pods.filter { $0.node != nil }, by: \.node)
        var order: [Lot] = []
        var lots: [Lot: (nodes: Int, pods: [PodKey])] = [:]
        for node in self.bought {
            let lot = Lot(offering: node.offering, group: node.group)
            if lots[lot] == nil { order.append(lot) }
            lots[lot, default: (0, [])].nodes += 1
            lots[lot, default: (0, [])].pods += podsByNode[node.state.name, default: []].map(\.key)
        }
        let purchases = order.map { lot in
            let (nodes, pods) = lots[lot] ?? (0, [])
            return Self.purchase(lot, nodes: nodes, pods: pods.sorted(), market, interruptions)
        }
        let unserved = self.pods.indices.filter { demand.isPending[$0] && self.isPending($0) }.map { index in
            let key = self.original.pods[index].key
            let isHopeless = demand.notForLackOfNodes.contains(key)
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
