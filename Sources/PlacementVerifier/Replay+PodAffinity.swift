import SchedulingModel

/// Required pod affinity and anti-affinity, as kube-scheduler's InterPodAffinity filter judges them.
extension Replay {
    private func label(_ key: String, ofNode node: Int?) -> String? {
        node.flatMap { self.snapshot.nodes[$0].labels[key] }
    }

    private func matches(_ term: PodAffinityTerm, _ pod: Int) -> Bool {
        term.matches(namespace: self.snapshot.pods[pod].key.namespace, labels: self.snapshot.pods[pod].labels)
    }

    /// The node must have every term's key, and in each of those domains a pod that matches all terms. The first of a
    /// series that wants itself near is let in: no pod that counts anywhere, and the pod matches its own terms.
    ///
    /// - Parameter absent: Placed pods that are looked at as if they were not there.
    func affinityViolations(of pod: Int, on node: Int, without absent: Set<Int> = []) -> [Violation.Kind] {
        let terms = self.snapshot.pods[pod].constraints.requiredPodAffinity
        guard !terms.isEmpty else { return [] }
        let friends = self.snapshot.pods.indices.filter { other in
            other != pod && self.nodeOfPod[other] != nil && !absent.contains(other)
                && terms.allSatisfy { self.matches($0, other) }
        }
        var unmet: [String] = []
        for term in terms {
            guard let value = self.label(term.topologyKey, ofNode: node) else {
                return [.podAffinityUnsatisfied(topologyKey: term.topologyKey)]
            }
            let isMet = friends.contains { self.label(term.topologyKey, ofNode: self.nodeOfPod[$0]) == value }
            if !isMet { unmet.append(term.topologyKey) }
        }
        let anyFriendCounts = friends.contains { friend in
            terms.contains { self.label($0.topologyKey, ofNode: self.nodeOfPod[friend]) != nil }
        }
        if !anyFriendCounts && terms.allSatisfy({ self.matches($0, pod) }) { return [] }
        return unmet.map { .podAffinityUnsatisfied(topologyKey: $0) }
    }

    /// Both ways: pods that this one keeps away from, and pods there that keep this one away.
    func antiAffinityViolations(of pod: Int, on node: Int) -> [Violation.Kind] {
        var kinds: [Violation.Kind] = []
        for term in self.snapshot.pods[pod].constraints.requiredPodAntiAffinity {
            guard let value = self.label(term.topologyKey, ofNode: node) else { continue }
            let other = self.snapshot.pods.indices.first { other in
                other != pod && self.matches(term, other)
                    && self.label(term.topologyKey, ofNode: self.nodeOfPod[other]) == value
            }
            if let other { kinds.append(self.repelled(by: other, term)) }
        }
        for other in self.repellers where other != pod {
            for term in self.snapshot.pods[other].constraints.requiredPodAntiAffinity where self.matches(term, pod) {
                guard let value = self.label(term.topologyKey, ofNode: self.nodeOfPod[other]) else { continue }
                if self.label(term.topologyKey, ofNode: node) == value { kinds.append(self.repelled(by: other, term)) }
            }
        }
        return kinds
    }

    private func repelled(by other: Int, _ term: PodAffinityTerm) -> Violation.Kind {
        .podAntiAffinityViolated(topologyKey: term.topologyKey, other: self.snapshot.pods[other].key)
    }
}
