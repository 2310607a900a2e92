import KubernetesAPI
import SchedulingModel

/// A group of a resolved gang: either it has subgroups, or it has pods.
struct GangNode {
    var name: String
    var minMember: Int
    var desiredMembers: Int?
    var topology: [TopologyConstraint]
    var exclusiveAxis: TopologyAxis?
    var problem: String?
    var children: [GangNode] = []
    /// Sorted by key.
    var members: [Member] = []

    struct Member {
        let pod: Pod
        let wish: TopologyWish
        var rank: Int
    }

    /// All pods at or below the group.
    var allMembers: [Member] { self.members + self.children.flatMap(\.allMembers) }

    /// The first problem at or below the group: nothing of a gang starts while a part of it cannot be read.
    var anyProblem: String? { self.problem ?? self.children.lazy.compactMap(\.anyProblem).first }

    // MARK: Shape

    /// A group whose only subgroup must start anyway is that subgroup, under its own name.
    mutating func collapse() {
        for index in self.children.indices { self.children[index].collapse() }
        guard self.children.count == 1, self.minMember == 1 else { return }
        let child = self.children[0]
        self.minMember = child.minMember
        self.desiredMembers = child.desiredMembers
        self.topology.add(child.topology)
        self.exclusiveAxis = self.exclusiveAxis ?? child.exclusiveAxis
        self.problem = self.problem ?? child.problem
        self.members = child.members
        self.children = child.children
    }

    /// Turns a group of pods into subgroups of `chunks.size` pods by rank.
    ///
    /// A subgroup needs all its pods; the last one may be smaller where the group's size is no multiple.
    mutating func divide(_ chunks: GangChunks) {
        let total = max(self.desiredMembers ?? self.members.count, self.minMember)
        let parts = Dictionary(grouping: self.members) { $0.rank / chunks.size }
        self.children = parts.keys.sorted().map { part in
            let start = part.multipliedSaturated(by: chunks.size)
            let size = max(1, min(chunks.size, total - min(total, start)))
            return GangNode(
                name: "\(chunks.name)-\(part)", minMember: size, desiredMembers: size, topology: chunks.topology,
                members: parts[part] ?? [])
        }
        self.members = []
        self.minMember = chunks.minCount ?? (self.minMember - 1) / chunks.size + 1
        self.desiredMembers = self.children.count
    }

    // MARK: Wishes

    /// A wish that all pods share is the gang's; otherwise each group of pods takes those of its own pods.
    mutating func addWishes(_ topology: Topology) {
        let wishes = self.allMembers.map(\.wish)
        guard let first = wishes.first, wishes.allSatisfy({ $0 == first }) else {
            return self.addWishesOfLeaves(topology)
        }
        self.topology.add(first.constraints(topology))
    }

    private mutating func addWishesOfLeaves(_ topology: Topology) {
        for index in self.children.indices { self.children[index].addWishesOfLeaves(topology) }
        for member in self.members { self.topology.add(member.wish.constraints(topology)) }
    }
}
