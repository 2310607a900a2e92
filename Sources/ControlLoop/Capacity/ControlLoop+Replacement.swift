import CapacityPlanner
import SchedulingCycle
import SchedulingModel

/// Nodes that make way for cheaper ones: the cheaper one is bought, and once it has joined the pods are moved as off any other node.
///
/// What is bought for it is a launch like others, whose claim says for which node: a restart goes on with the move.
extension ControlLoop {
    /// - Returns: Whether a cheaper node is bought in place of this one.
    mutating func replace(
        _ node: GiveBackPlanner.OwnedNode, _ snapshot: ClusterSnapshot, _ limits: GiveBackPlanner.Limits, _ now: Int64
    ) throws(RefusedPlan) -> Bool {
        let until = self.capacity.consolidation.replacedUntil[node.name] ?? .min
        guard until <= now, !self.isReplaced(node.name, now),
            let offering = self.nodes[node.name].flatMap(self.claim).flatMap(self.offering)
        else { return false }
        let planner = ReplacementPlanner(
            interruptions: self.configuration.interruptions, configuration: self.lookingAhead)
        let found = try planner.replacement(
            of: node, boughtAs: offering, in: snapshot, pools: self.poolsWithoutLeaving, limits: limits,
            blocked: self.capacity.backoff.blocked(atSeconds: now / 1000), atSeconds: self.wallSeconds)
        let headroom = self.countedPools.first { $0.name == found?.pool }?.headroom ?? 0
        guard let found, headroom > 0 else { return false }
        let token = self.buy(1, found.key, of: found.pool, for: nil, now)
        self.capacity.launches[token]?.claim.replaces = node.name
        self.capacity.consolidation.replacedUntil[node.name] = now + self.configuration.restMillis
        return true
    }

    /// Nodes that were bought in place of this one: its pods may move there, and nobody else's.
    func replacements(of name: NodeName) -> Set<NodeName> {
        let claims = self.capacity.launches.values.map(\.claim).filter { $0.replaces == name }
        return Set(claims.flatMap { $0.machines(.joined) }.compactMap { self.capacity.nodeByMachine[$0] })
    }

    private func isReplaced(_ name: NodeName, _ now: Int64) -> Bool {
        self.capacity.launches.values.contains { launch in
            launch.claim.replaces == name && launch.claim.phase != .closing
                && now < self.since(launch) + self.configuration.restMillis
        }
    }

    /// Whether what is bought still waits for the pods of another node, which is there: for no longer than a machine may take to come.
    func awaitsMove(_ launch: CapacityState.Launch, _ now: Int64) -> Bool {
        guard let node = launch.claim.replaces, self.nodes[node] != nil, self.capacity.notices[node] == nil else {
            return false
        }
        return now < self.joinDeadline(launch)
    }

    /// When replacements that no pods have come to become nodes like others.
    var moveDeadlines: [Int64] {
        self.capacity.launches.values.filter { $0.claim.replaces != nil }.map(self.joinDeadline)
    }

    /// What was to replace a node cannot be had: the node may be replaced by something else, or later.
    mutating func replacementRefused(_ claim: LaunchClaim) {
        if let node = claim.replaces { self.capacity.consolidation.replacedUntil[node] = nil }
    }

    mutating func forgetReplacements(_ now: Int64) {
        self.capacity.consolidation.replacedUntil = self.capacity.consolidation.replacedUntil.filter {
            $0.value > now && self.nodes[$0.key] != nil
        }
    }
}
