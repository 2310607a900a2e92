public import SchedulingModel

/// The snapshot's pod groups as arrays: who is whose child, and which pods are members.
///
/// Groups are numbered in key order. Pods whose group the snapshot does not know are singles.
public struct GroupTree: Sendable {
    public let groups: [PodGroup]
    public let childrenByGroup: [[Int]]
    /// Pods of each leaf in ring order: rank, then key.
    public let membersByGroup: [[Int]]
    public let parentByGroup: [Int]
    /// The top-level group of each pod, -1 for singles.
    public let topGroupByPod: [Int]
    /// The leaf group of each pod, -1 for singles.
    public let leafByPod: [Int]
    /// Whether any group keeps its domain to itself.
    let hasExclusiveGroups: Bool

    init(_ snapshot: ClusterSnapshot) {
        let numbers = Dictionary(uniqueKeysWithValues: snapshot.groups.enumerated().map { ($1.key, $0) })
        var parents = snapshot.groups.map { group in group.parent.flatMap { numbers[$0] } ?? -1 }
        Self.cutCycles(&parents)
        var children: [[Int]] = Array(repeating: [], count: parents.count)
        for (group, parent) in parents.enumerated() where parent >= 0 { children[parent].append(group) }
        let leaves = snapshot.pods.map { pod in pod.group.flatMap { numbers[$0] } ?? -1 }
        var members: [[Int]] = Array(repeating: [], count: parents.count)
        for (pod, leaf) in leaves.enumerated() where leaf >= 0 { members[leaf].append(pod) }
        self.groups = snapshot.groups
        self.hasExclusiveGroups = snapshot.groups.contains { $0.exclusiveAxis != nil }
        self.parentByGroup = parents
        self.childrenByGroup = children
        self.membersByGroup = members.map { pods in
            pods.sorted { (snapshot.pods[$0].rank ?? .max, $0) < (snapshot.pods[$1].rank ?? .max, $1) }
        }
        self.leafByPod = leaves
        self.topGroupByPod = leaves.map { leaf in
            var top = leaf
            while top >= 0, parents[top] >= 0 { top = parents[top] }
            return top
        }
    }

    /// A group that is its own ancestor, which only broken input has, becomes a top-level group.
    private static func cutCycles(_ parents: inout [Int]) {
        for start in parents.indices {
            var seen: Set<Int> = [start]
            var current = start
            while parents[current] >= 0 {
                if !seen.insert(parents[current]).inserted {
                    parents[current] = -1
                    break
                }
                current = parents[current]
            }
        }
    }

    public var topGroups: [Int] { self.groups.indices.filter { self.parentByGroup[$0] < 0 } }

    /// All pods below a group, leaf by leaf in key order, each leaf in ring order.
    public func pods(below group: Int) -> [Int] {
        self.membersByGroup[group] + self.childrenByGroup[group].flatMap { self.pods(below: $0) }
    }
}
