import SchedulingModel

/// One pod against one node.
extension Replay {
    /// Taints, selectors, host ports and volumes.
    func nodeViolations(of pod: Int, on node: Int) -> [Violation.Kind] {
        let (constraints, state) = (self.snapshot.pods[pod].constraints, self.snapshot.nodes[node])
        var kinds: [Violation.Kind] = []
        for taint in state.taints where taint.effect != .preferNoSchedule {
            if !constraints.tolerations.contains(where: { $0.tolerates(taint) }) {
                kinds.append(.untoleratedTaint(taint))
            }
        }
        if !Self.allows(constraints, state) { kinds.append(.nodeAffinityMismatch) }
        kinds += self.portViolations(of: pod, on: node)
        switch constraints.volumes {
        case .none: break
        case .unavailable(let claim, _): kinds.append(.volumeUnavailable(claim: claim))
        case .nodes(let selectors):
            if !selectors.allSatisfy({ $0.matches(name: state.name, labels: state.labels) }) {
                kinds.append(.volumeNodeAffinityMismatch)
            }
        }
        return kinds
    }

    /// nodeSelector and required node affinity.
    static func allows(_ constraints: SchedulingConstraints, _ node: NodeState) -> Bool {
        for (key, value) in constraints.nodeSelector where node.labels[key] != value { return false }
        guard let affinity = constraints.requiredNodeAffinity else { return true }
        return affinity.matches(name: node.name, labels: node.labels)
    }

    private func portViolations(of pod: Int, on node: Int) -> [Violation.Kind] {
        self.snapshot.pods[pod].constraints.hostPorts.compactMap { port in
            let holder = self.podsOnNode[node].first { other in
                self.snapshot.pods[other].constraints.hostPorts.contains { $0.conflicts(with: port) }
            }
            return holder.map { .hostPortConflict(port, holder: self.snapshot.pods[$0].key) }
        }
    }

    /// What the pod asks for must be free. Where facts alone exceed a resource, only pods that ask for none of it may
    /// come. A node that does not say how many pods it takes is not limited in them.
    func amountViolations(of pod: Int, on node: Int) -> [Violation.Kind] {
        var asked = self.snapshot.pods[pod].requests
        let allocatable = self.snapshot.nodes[node].allocatable
        if allocatable[.pods] != 0 { asked[.pods] = 1 }
        return asked.entries.compactMap { entry in
            guard entry.amount > 0 else { return nil }
            let total = self.heldAmounts[node][entry.name].addingSaturated(entry.amount)
            guard total > allocatable[entry.name] else { return nil }
            return .insufficient(entry.name, total: total, allocatable: allocatable[entry.name])
        }
    }
}
