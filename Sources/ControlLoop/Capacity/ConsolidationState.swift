public import SchedulingModel

/// A node that its pods are moved off, from the decision until its machine is given back or its taint taken off again.
struct Emptying: Hashable {
    /// Since when the watch has shown the taint.
    var taintedMillis: Int64?
    /// Whether the next cycle is to prove that the pods fit elsewhere, and to evict them.
    var isDue = false
    /// Known by its taint alone: whom a process before this one has asked to go, nobody knows.
    var isRemembered = false
    var evictedMillis: Int64?
    /// UIDs of those asked to go.
    var evicted: Set<String> = []
    /// Since when nobody has been there.
    var emptyMillis: Int64?
    var returns: [AwaitedReturn] = []
    /// Bought nodes that nobody used when the pods were evicted.
    var idle: Set<NodeName> = []
}

/// Pods that have to stand somewhere again before the node that they came from is given back: as many as went, in place of them.
struct AwaitedReturn: Hashable {
    /// What tells their successors from other pods: the gang, or the labels.
    struct Kind: Hashable {
        var namespace: String
        var group: PodGroupKey?
        var labels: [String: String]

        init(_ pod: PodState) {
            self.namespace = pod.key.namespace
            self.group = pod.group
            self.labels = pod.group == nil ? pod.labels.filter { !Self.copiedFromNode.contains($0.key) } : [:]
        }

        /// From 1.35 the API server copies these from the node at the binding: a successor elsewhere has others.
        private static let copiedFromNode: Set<String> = [
            "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
        ]
    }

    var kind: Kind
    var count: Int
    /// UIDs of the pods of this kind that were there before: none of them is a successor.
    var before: Set<String>
}

/// Everything that decides whether a node can be emptied or replaced, besides time. What was answered with no is asked again only
/// when some of this is otherwise.
struct ConsolidationQuestion: Hashable {
    /// Tells snapshots apart.
    var snapshot: String
    /// Pods that ask to stay, or that nobody would make anew.
    var fixed: Set<PodKey>
    /// Of nodes, per pool.
    var budgets: [String: Int]
    /// Bought nodes that ask to stay.
    var staying: Set<NodeName>
    /// In back-off.
    var blocked: Set<OfferingKey>
    /// Not replaced now, whatever it would save.
    var replaced: Set<NodeName>
    /// Of each pool its limits and counts of now, and the prices.
    var pools: [[Int64]]
}

/// What the leader remembers for moving pods off under-used nodes. A restart begins anew, but for what taints and claims say.
struct ConsolidationState: Sendable {
    struct Occupancy: Hashable {
        var pods: Set<String>
        var sinceMillis: Int64
    }

    /// Who is on each bought node, and since when just these.
    var occupancy: [NodeName: Occupancy] = [:]
    /// Looked at in vain, as things are.
    var tried: Set<NodeName> = []
    var question: ConsolidationQuestion?
    /// When there is something to look at again.
    var lookMillis: Int64?
    /// Nothing is begun before: trials cost time, and failures disturb for nothing.
    var notBeforeMillis = Int64.min
    var failures = 0
    /// Until when work that was moved is left alone.
    var resting: [AwaitedReturn.Kind: Int64] = [:]
    /// Until when work is left alone whose move has saved nothing. Nothing falls due when that ends.
    var futile: [AwaitedReturn.Kind: Int64] = [:]
    /// Until when a node is not replaced again.
    var replacedUntil: [NodeName: Int64] = [:]
    /// Asked for by the cycle that is running.
    var evictions: [Action] = []
}

extension Taint {
    /// As `givingBack`, on a node whose pods are moved away first.
    public static let emptying = Taint(key: Taint.givingBack.key, value: "emptying", effect: .noSchedule)
}
