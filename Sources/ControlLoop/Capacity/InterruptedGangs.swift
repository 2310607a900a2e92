import SchedulingModel

/// What becomes of a gang that loses members with a node that is taken.
public enum InterruptionAnswer: String, Hashable, Sendable {
    /// It goes on with at least its minimum; what it lost waits as members above a minimum do.
    case shrink
    /// Those that are left stay where they are, and wait for the replacement.
    case replace
    /// It ends as a whole before the node is taken, and starts again where there is room for all of it.
    case move
}

/// The gangs with members on nodes that are taken, and what becomes of them.
struct InterruptedGangs {
    /// By top-level group.
    private(set) var answers: [PodGroupKey: InterruptionAnswer] = [:]

    /// - Parameter movesWhole: Whether the pod says that its gang cannot go on with a member made anew.
    init(_ snapshot: ClusterSnapshot, taken: Set<NodeName>, movesWhole: (PodKey) -> Bool) {
        let tops = PodGroup.topGroups(of: snapshot.groups)
        func top(_ pod: PodState) -> PodGroupKey? { pod.group.map { tops[$0] ?? $0 } }
        let standing = snapshot.pods.filter { $0.node != nil && !$0.belongsToNode }
        let lost = standing.filter { $0.node.map(taken.contains) ?? false }
        let touched = Set(lost.compactMap(top))
        guard !touched.isEmpty else { return }
        let left = standing.filter { !($0.node.map(taken.contains) ?? false) }
        // A gang that has nobody left holds no room and is not among those below their minimum.
        let living = Set(left.compactMap(top))
        let incomplete = Set(GangStanding(members: left, of: snapshot.groups).incompleteTopGroups)
        let moving = Set(standing.filter { movesWhole($0.key) }.compactMap(top))
        for gang in touched {
            if living.contains(gang), !incomplete.contains(gang) {
                self.answers[gang] = .shrink
            } else {
                self.answers[gang] = moving.contains(gang) ? .move : .replace
            }
        }
    }
}
