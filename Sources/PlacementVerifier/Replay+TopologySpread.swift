import SchedulingModel

/// DoNotSchedule constraints, as kube-scheduler's PodTopologySpread filter judges them.
extension Replay {
    func spreadViolations(of pod: Int, on node: Int) -> [Violation.Kind] {
        let constraints = self.snapshot.pods[pod].constraints.topologySpread.filter(\.isRequired)
        return constraints.compactMap { constraint in
            guard let here = self.snapshot.nodes[node].labels[constraint.topologyKey] else {
                return .topologySpreadViolated(
                    topologyKey: constraint.topologyKey, skew: .max, maxSkew: constraint.maxSkew)
            }
            let counts = self.matchingPods(of: pod, constraint, among: constraints)
            let fewest = counts.count < (constraint.minDomains ?? 1) ? 0 : counts.values.min() ?? 0
            let itself = constraint.selector?.matches(self.snapshot.pods[pod].labels) ?? false ? 1 : 0
            let skew = (counts[here] ?? 0) + itself - fewest
            guard skew > constraint.maxSkew else { return nil }
            return .topologySpreadViolated(
                topologyKey: constraint.topologyKey, skew: skew, maxSkew: constraint.maxSkew)
        }
    }

    /// Matching pods per domain. Only nodes that have the keys of all constraints make domains.
    private func matchingPods(
        of pod: Int, _ constraint: TopologySpreadConstraint, among all: [TopologySpreadConstraint]
    ) -> [String: Int] {
        var counts: [String: Int] = [:]
        for (index, node) in self.snapshot.nodes.enumerated() {
            guard let value = node.labels[constraint.topologyKey],
                all.allSatisfy({ node.labels[$0.topologyKey] != nil }),
                self.isIncluded(node, by: constraint, for: self.snapshot.pods[pod].constraints)
            else { continue }
            counts[value, default: 0] += self.podsOnNode[index].count { self.counts($0, towards: constraint, of: pod) }
        }
        return counts
    }

    private func isIncluded(
        _ node: NodeState, by constraint: TopologySpreadConstraint, for pod: SchedulingConstraints
    ) -> Bool {
        if constraint.honorsNodeAffinity && !Self.allows(pod, node) { return false }
        guard constraint.honorsNodeTaints else { return true }
        return node.taints.allSatisfy { taint in
            taint.effect == .preferNoSchedule || pod.tolerations.contains { $0.tolerates(taint) }
        }
    }

    /// An empty selector counts no placed pod, though it matches the pod that comes: so kube-scheduler has it.
    private func counts(_ other: Int, towards constraint: TopologySpreadConstraint, of pod: Int) -> Bool {
        guard let selector = constraint.selector, !selector.requirements.isEmpty else { return false }
        let state = self.snapshot.pods[other]
        return !state.isTerminating && state.key.namespace == self.snapshot.pods[pod].key.namespace
            && selector.matches(state.labels)
    }
}
