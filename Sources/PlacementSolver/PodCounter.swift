import SchedulingModel

/// How many pods of some kind are in each domain of one label key.
///
/// Serves pod affinity, anti-affinity and topology spread. Kept right by `SolverState.assume` and `rollback`.
struct PodCounter {
    /// Which pods are counted.
    enum Subject: Hashable {
        /// Pods that match all of these terms.
        case matching([PodAffinityTerm])
        /// Pods that carry this required anti-affinity term themselves.
        case holding(PodAffinityTerm)
        /// Pods of a spread constraint: live ones, on nodes of the eligible set of one shape.
        case spreading(term: PodAffinityTerm, shapeConstraints: ShapeConstraintsKey)
    }

    /// Eligibility for a spread constraint depends on what else its pod says about nodes.
    struct ShapeConstraintsKey: Hashable {
        let constraints: SchedulingConstraints
        let constraint: TopologySpreadConstraint
    }

    let subject: Subject
    /// Row in `SolverState.labelDomains`.
    let labelRow: Int
    /// Nodes whose pods count; nil for all.
    let eligibleNodes: NodeBitset?
    /// Domains that have an eligible node. Only kept for spread.
    let eligibleDomains: [Int]
    var countByDomain: [Int32]
    var total = 0

    func counts(_ pod: PodState) -> Bool {
        switch self.subject {
        case .matching(let terms):
            terms.allSatisfy { $0.matches(namespace: pod.key.namespace, labels: pod.labels) }
        case .holding(let term): pod.constraints.requiredPodAntiAffinity.contains(term)
        case .spreading(let term, _):
            !pod.isTerminating && term.matches(namespace: pod.key.namespace, labels: pod.labels)
        }
    }

    mutating func add(_ delta: Int32, node: Int, domain: Int32) {
        if let eligibleNodes, !eligibleNodes.contains(node) { return }
        guard domain >= 0 else { return }
        self.countByDomain[Int(domain)] += delta
        self.total += Int(delta)
    }
}

/// The domains of one label key: a number per node, -1 where the node lacks the label.
struct LabelDomains {
    let key: String
    let domainByNode: [Int32]
    let domainCount: Int

    init(key: String, nodes: [NodeState]) {
        var numbers: [String: Int32] = [:]
        self.key = key
        self.domainByNode = nodes.map { node in
            guard let value = node.labels[key] else { return -1 }
            if let known = numbers[value] { return known }
            let next = Int32(numbers.count)
            numbers[value] = next
            return next
        }
        self.domainCount = numbers.count
    }
}
