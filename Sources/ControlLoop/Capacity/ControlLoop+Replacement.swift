import CapacityPlanner
import SchedulingCycle
import SchedulingModel

/// Nodes that make way for cheaper ones: the cheaper one is bought, and once it has joined the pods are moved as off any other node.
///
/// What is bought for it is a launch like others. After a restart nobody remembers for what: the node is used by the next move, or
/// given back when it stays idle.
extension ControlLoop {
    /// - Returns: Whether a cheaper node is bought in place of this one.
    mutating func replace(
        _ node: GiveBackPlanner.OwnedNode, _ snapshot: ClusterSnapshot, _ limits: GiveBackPlanner.Limits, _ now: Int64
    ) throws(RefusedPlan) -> Bool {
        let until = self.capacity.consolidation.replacedUntil[node.name] ?? .min
        guard until <= now, let offering = self.nodes[node.name].flatMap(self.claim).flatMap(self.offering)
        else { return false }
        let planner = ReplacementPlanner(
            interruptions: self.configuration.interruptions, configuration: self.lookingAhead)
        let found = try planner.replacement(
            of: node, boughtAs: offering, in: snapshot, pools: self.poolsWithoutLeaving, limits: limits,
            blocked: self.capacity.backoff.blocked(atSeconds: now / 1000), atSeconds: self.wallSeconds)
        let headroom = self.countedPools.first { $0.name == found?.pool }?.headroom ?? 0
        guard let found, headroom > 0 else { return false }
        let token = self.buy(1, found.key, of: found.pool, for: nil, now)
        self.capacity.consolidation.replacing[token] = node.name
        self.capacity.consolidation.replacedUntil[node.name] = now + self.configuration.restMillis
        return true
    }

    /// Nodes that were bought in place of this one: its pods may move there, and nobody else's.
    func replacements(of name: NodeName) -> Set<NodeName> {
        let tokens = self.capacity.consolidation.replacing.filter { $0.value == name }.map(\.key)
        let machines = tokens.flatMap { self.capacity.launches[$0]?.claim.machines(.joined) ?? [] }
        return Set(machines.compactMap { self.capacity.nodeByMachine[$0] })
    }

    /// Replacements whose launch or old node is gone are nobody's any more.
    mutating func forgetReplacements(_ now: Int64) {
        let state = self.capacity.consolidation
        self.capacity.consolidation.replacing = state.replacing.filter { token, node in
            self.capacity.launches[token] != nil && self.nodes[node] != nil && self.capacity.notices[node] == nil
        }
        self.capacity.consolidation.replacedUntil = state.replacedUntil.filter {
            $0.value > now && self.nodes[$0.key] != nil
        }
    }
}
