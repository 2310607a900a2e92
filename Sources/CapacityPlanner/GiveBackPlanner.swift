public import SchedulingCycle
public import SchedulingModel

/// Which bought nodes can go: empty ones after a delay, under-used ones when their pods provably fit elsewhere and what is
/// saved pays for the disruption.
///
/// The proof is a plan: the cluster without the node, its pods as demand, placed by the planner and checked by the verifier.
/// Gangs move whole or not at all. Pool minimums, budgets, protected pods and disruption budgets hold across everything
/// that one call gives back.
public struct GiveBackPlanner: Sendable {
    /// How long a node must have been empty.
    public var emptyDelaySeconds: Int64 = 300
    /// Over how many hours a saving is counted: as long as the cluster is expected to stay as it is.
    public var savingHours = 4.0
    /// Hours of work that a moved pod loses.
    public var lostWorkHours = 0.25
    /// Under-used nodes tried in one call, those that save most first.
    public var trialLimit = 16
    public var configuration: PlannerConfiguration

    public init(configuration: PlannerConfiguration = PlannerConfiguration()) {
        self.configuration = configuration
        self.configuration.searchesFixes = false
        self.configuration.provesBound = false
        self.configuration.refillLimit = 0
    }

    /// A node that a pool bought.
    public struct OwnedNode: Hashable, Sendable {
        public var name: NodeName
        /// Name of its `NodePool`.
        public var pool: String
        public var pricePerHourMicroUSD: Int64
        /// When the last pod left; nil while there are pods.
        public var emptySinceSeconds: Int64?
        /// `karpenter.sh/do-not-disrupt`, `cluster-autoscaler.kubernetes.io/scale-down-disabled` and the like.
        public var mustStay: Bool

        public init(
            name: NodeName, pool: String, pricePerHourMicroUSD: Int64, emptySinceSeconds: Int64? = nil,
            mustStay: Bool = false
        ) {
            self.name = name
            self.pool = pool
            self.pricePerHourMicroUSD = pricePerHourMicroUSD
            self.emptySinceSeconds = emptySinceSeconds
            self.mustStay = mustStay
        }
    }

    /// Who may be disturbed, and how many at once.
    public struct Limits: Hashable, Sendable {
        /// Pods marked `do-not-disrupt`, `safe-to-evict: "false"`, or that nobody would make anew.
        public var protectedPods: Set<PodKey> = []
        /// Pod disruption budgets: the pods each selects, and how many evictions it allows now.
        public var podBudgets: [PodBudget] = []
        /// Nodes that may still be disturbed now, per pool; a pool that is not listed has no limit.
        public var nodeBudgets: [String: Int] = [:]
        /// Nodes that nothing is moved to: no pod moves that the planner would put there.
        public var closedNodes: Set<NodeName> = []
        /// Empty nodes to keep ready, per pool.
        public var headroom: [String: Int] = [:]

        public init() {}
    }

    public struct PodBudget: Hashable, Sendable {
        public var pods: Set<PodKey>
        public var allowedDisruptions: Int

        public init(pods: Set<PodKey>, allowedDisruptions: Int) {
            self.pods = pods
            self.allowedDisruptions = allowedDisruptions
        }
    }

    /// One node to give back.
    public struct GiveBack: Hashable, Sendable {
        public var node: NodeName
        /// Where its pods, and the other members of their gangs, go; empty for an empty node.
        public var moves: [Assignment]
        public var savedPerHourMicroUSD: Int64
    }

    /// Empty nodes first, then under-used ones, dearest first and by name. Each move counts on those before it.
    ///
    /// - Throws: `RefusedPlan` where the verifier rejects a trial: a bug of ours.
    public func plan(
        _ snapshot: ClusterSnapshot, owned: [OwnedNode], pools: [NodePool], limits: Limits, atSeconds now: Int64
    ) throws(RefusedPlan) -> [GiveBack] {
        var ledger = GiveBackLedger(snapshot: snapshot, pools: pools, owned: owned, limits: limits)
        let byPrice = owned.sorted { ($1.pricePerHourMicroUSD, $0.name) < ($0.pricePerHourMicroUSD, $1.name) }
        for node in byPrice {
            guard let since = node.emptySinceSeconds, now - since >= self.emptyDelaySeconds,
                ledger.movablePods(on: node.name)?.isEmpty == true, ledger.mayGiveBack(node)
            else { continue }
            ledger.giveBack(node, moves: [])
        }
        var trials = 0
        for node in byPrice where node.emptySinceSeconds == nil && trials < self.trialLimit {
            guard ledger.mayGiveBack(node), let pods = ledger.movablePods(on: node.name), !pods.isEmpty,
                ledger.mayMove(pods), self.pays(node, moving: pods, ledger.snapshot)
            else { continue }
            trials += 1
            if let moves = try ledger.moves(of: pods, awayFrom: node.name, self.configuration) {
                ledger.giveBack(node, moves: moves)
            }
        }
        return ledger.given
    }

    /// What the node costs over the horizon against the work that the moved pods lose, both at the node's price per device: a
    /// gang that stands on many nodes loses on all of them.
    private func pays(_ node: OwnedNode, moving pods: [Int], _ snapshot: ClusterSnapshot) -> Bool {
        let pools = snapshot.nodeIndex(of: node.name).map { snapshot.nodes[$0].devicePools } ?? []
        return self.savingHours > self.lostWorkHours * Self.share(of: pods.map { snapshot.pods[$0] }, on: pools)
    }

    /// What pods hold of a node's devices, more than all of them where they stand on others too; at least one of each counts.
    static func share(of pods: [PodState], on pools: [DevicePool]) -> Double {
        let held = pods.reduce(0) { sum, pod in sum + pod.deviceRequests.reduce(0) { $0 + $1.count } }
        let all = pools.reduce(0) { $0 + $1.deviceCount * $1.slotsPerDevice }
        return Double(max(1, held)) / Double(max(1, all))
    }
}
