import SchedulingCycle
import SchedulingModel

/// The cluster as it becomes while nodes are given back, and what of the limits is used up.
struct GiveBackLedger {
    private(set) var snapshot: ClusterSnapshot
    private(set) var given: [GiveBackPlanner.GiveBack] = []
    private let pools: [String: NodePool]
    private var limits: GiveBackPlanner.Limits
    private var nodeCounts: [String: Int]
    private var emptyCounts: [String: Int] = [:]
    private let topGroups: [PodGroupKey: PodGroupKey]

    init(
        snapshot: ClusterSnapshot, pools: [NodePool], owned: [GiveBackPlanner.OwnedNode],
        limits: GiveBackPlanner.Limits
    ) {
        self.snapshot = snapshot
        self.pools = Dictionary(pools.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.limits = limits
        self.nodeCounts = self.pools.mapValues(\.nodeCount)
        for node in owned where node.emptySinceSeconds != nil { self.emptyCounts[node.pool, default: 0] += 1 }
        self.topGroups = PodGroup.topGroups(of: snapshot.groups)
    }

    // MARK: Limits

    func mayGiveBack(_ node: GiveBackPlanner.OwnedNode) -> Bool {
        guard !node.mustStay, let pool = self.pools[node.pool], self.snapshot.nodeIndex(of: node.name) != nil else {
            return false
        }
        let isEmpty = node.emptySinceSeconds != nil
        let empty = self.emptyCounts[node.pool, default: 0]
        return self.nodeCounts[node.pool, default: 0] > pool.minNodes
            && self.limits.nodeBudgets[node.pool, default: .max] > 0
            && (!isEmpty || empty > self.limits.headroom[node.pool, default: 0])
    }

    /// Pods that would have to move: those on the node that are not its own, and all members of their gangs wherever they are.
    /// Nil where one of them must not.
    func movablePods(on node: NodeName) -> [Int]? {
        let here = self.snapshot.pods.indices.filter {
            self.snapshot.pods[$0].node == node && !self.snapshot.pods[$0].belongsToNode
        }
        let gangs = Set(here.compactMap { self.topGroup(of: $0) })
        let pods = self.snapshot.pods.indices.filter { pod in
            guard self.snapshot.pods[pod].node != nil, !self.snapshot.pods[pod].belongsToNode else { return false }
            return self.snapshot.pods[pod].node == node || self.topGroup(of: pod).map(gangs.contains) ?? false
        }
        let isFree = pods.allSatisfy {
            !self.limits.protectedPods.contains(self.snapshot.pods[$0].key) && !self.snapshot.pods[$0].isTerminating
        }
        return isFree ? pods : nil
    }

    private func topGroup(of pod: Int) -> PodGroupKey? {
        self.snapshot.pods[pod].group.map { self.topGroups[$0] ?? $0 }
    }

    func mayMove(_ pods: [Int]) -> Bool {
        let keys = pods.map { self.snapshot.pods[$0].key }
        return self.limits.podBudgets.allSatisfy { budget in
            keys.count { budget.pods.contains($0) } <= budget.allowedDisruptions
        }
    }

    // MARK: Trials

    /// New places for all of these pods in a cluster without the node, or nil. Closed nodes are there, as they will be when the pods are placed:
    /// where one of them is the best place, the pods would go there whatever was meant.
    func moves(
        of pods: [Int], awayFrom node: NodeName, _ configuration: PlannerConfiguration
    ) throws(RefusedPlan) -> [Assignment]? {
        let moving = Set(pods)
        var states: [PodState] = []
        for (index, state) in self.snapshot.pods.enumerated() {
            // Other demand waits: it must not take the room first.
            var pod = state
            if moving.contains(index) {
                pod.standing = .pending
                pod.knownDevices = []
            } else if pod.node == nil || pod.node == node {
                continue
            }
            states.append(pod)
        }
        let trial = ClusterSnapshot(
            nodes: self.snapshot.nodes.filter { $0.name != node }, pods: states, groups: self.snapshot.groups,
            topology: self.snapshot.topology)
        let plan = try Planner(configuration: configuration).plan(trial)
        guard plan.pending.isEmpty, plan.assignments.count == pods.count,
            !plan.assignments.contains(where: { self.limits.closedNodes.contains($0.node) })
        else { return nil }
        return plan.assignments
    }

    /// Takes the node out of the cluster, with its pods where they move, and books what that uses up.
    mutating func giveBack(_ node: GiveBackPlanner.OwnedNode, moves: [Assignment]) {
        let places = Dictionary(moves.map { ($0.pod, $0) }, uniquingKeysWith: { first, _ in first })
        let pods = self.snapshot.pods.compactMap { state -> PodState? in
            var pod = state
            if let place = places[pod.key] {
                pod.standing = .bound(place.node)
                pod.knownDevices = place.devices
            }
            return pod.node == node.name ? nil : pod
        }
        self.snapshot = ClusterSnapshot(
            nodes: self.snapshot.nodes.filter { $0.name != node.name }, pods: pods, groups: self.snapshot.groups,
            topology: self.snapshot.topology)
        self.nodeCounts[node.pool, default: 0] -= 1
        if let budget = self.limits.nodeBudgets[node.pool] { self.limits.nodeBudgets[node.pool] = budget - 1 }
        if node.emptySinceSeconds != nil { self.emptyCounts[node.pool, default: 0] -= 1 }
        for index in self.limits.podBudgets.indices {
            self.limits.podBudgets[index].allowedDisruptions -= places.keys.count {
                self.limits.podBudgets[index].pods.contains($0)
            }
        }
        self.given.append(.init(node: node.name, moves: moves, savedPerHourMicroUSD: node.pricePerHourMicroUSD))
    }
}
