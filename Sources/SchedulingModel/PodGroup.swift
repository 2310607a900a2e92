/// Pods that start together or not at all, or a group of such groups.
///
/// Groups form a tree: a leaf has pods as members, an inner group has groups. A leaf is satisfied when at least
/// `minMember` of its pods have nodes; an inner group when at least `minMember` of its children are satisfied.
/// Nothing of a group is placed while it, or an ancestor, is not satisfied.
public struct PodGroup: Hashable, Sendable {
    /// How membership was declared. For people; decisions never depend on it.
    public enum Source: String, Hashable, Sendable {
        case berth, schedulerPlugins, volcano, kubernetes, kueue, koordinator, kai, leaderWorkerSet, jobSet, kubeflow
        case ray, job, yunikorn, workload
    }

    public var key: PodGroupKey
    public var parent: PodGroupKey?
    public var source: Source
    /// The least that counts: pods of a leaf, satisfied children of an inner group.
    public var minMember: Int
    /// How many members the owner wants; nil where nobody says.
    public var desiredMembers: Int?
    /// All must hold if required; preferred ones are tried from first to last.
    public var topology: [TopologyConstraint]
    /// The group stays within one domain of this axis and shares it with no other group that is exclusive on the same
    /// axis: exclusive placement as JobSet and LeaderWorkerSet have it.
    public var exclusiveAxis: TopologyAxis?
    /// Set where the group is declared but its declaration is missing or broken: it stays pending with this reason.
    public var problem: String?

    public init(
        key: PodGroupKey, parent: PodGroupKey? = nil, source: Source = .berth, minMember: Int,
        desiredMembers: Int? = nil, topology: [TopologyConstraint] = [], exclusiveAxis: TopologyAxis? = nil,
        problem: String? = nil
    ) {
        self.key = key
        self.parent = parent
        self.source = source
        self.minMember = minMember
        self.desiredMembers = desiredMembers
        self.topology = topology
        self.exclusiveAxis = exclusiveAxis
        self.problem = problem
    }
}

extension PodGroup {
    /// The top group of each group. A parent that is not there is none, and a ring of parents, which is reported elsewhere, ends where it
    /// began.
    public static func topGroups(of groups: [PodGroup]) -> [PodGroupKey: PodGroupKey] {
        let parents = Dictionary(groups.map { ($0.key, $0.parent) }) { $1 }
        return groups.reduce(into: [:]) { tops, group in
            var (top, seen) = (group.key, Set([group.key]))
            while let parent = parents[top] ?? nil, parents[parent] != nil, seen.insert(parent).inserted {
                top = parent
            }
            tops[group.key] = top
        }
    }
}
