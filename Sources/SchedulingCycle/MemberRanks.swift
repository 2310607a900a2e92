import PlacementSolver
import SchedulingModel

/// The places of gangs' members in their rings.
///
/// A member's own rank. Without one a new member has its position in ring order, behind those with ranks, and a bound one its
/// position in key order, leaf by leaf: the plan says nothing of it that a reader could look up.
///
/// - Complexity: O(*m* log *m*) per gang, *m* members, when the first of them is asked about.
struct MemberRanks {
    private let groups: GroupTree
    /// Per top-level group that was asked about, and pod.
    private var positions: [Int: [Int: Int]] = [:]

    init(_ groups: GroupTree) { self.groups = groups }

    /// Nil for a single pod.
    mutating func rank(of pod: Int, in snapshot: ClusterSnapshot) -> Int? {
        let top = self.groups.topGroupByPod[pod]
        guard top >= 0 else { return nil }
        if let rank = snapshot.pods[pod].rank { return rank }
        if let known = self.positions[top] { return known[pod] }
        let positions = self.positions(in: top, snapshot)
        self.positions[top] = positions
        return positions[pod]
    }

    private func positions(in top: Int, _ snapshot: ClusterSnapshot) -> [Int: Int] {
        let members = self.groups.pods(below: top).filter { snapshot.pods[$0].isMember }
        var positions: [Int: Int] = [:]
        var starts: [Int: Int] = [:]
        for (position, pod) in members.enumerated() {
            positions[pod] = position
            let leaf = self.groups.leafByPod[pod]
            starts[leaf] = starts[leaf] ?? position
        }
        var before: [Int: Int] = [:]
        for pod in members.sorted() {
            let leaf = self.groups.leafByPod[pod]
            if snapshot.pods[pod].node != nil { positions[pod] = (starts[leaf] ?? 0) + before[leaf, default: 0] }
            before[leaf, default: 0] += 1
        }
        return positions
    }
}

extension PodState {
    /// Bound or demand: a pod behind another's gate, or of another scheduler, does not count.
    var isMember: Bool {
        switch self.standing {
        case .bound, .pending, .invalid: true
        case .gatedElsewhere, .foreignScheduler: false
        }
    }
}
