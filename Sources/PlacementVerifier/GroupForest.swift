import SchedulingModel

/// The snapshot's pod groups as trees, with their members.
struct GroupForest {
    private let groups: [PodGroupKey: PodGroup]
    private let children: [PodGroupKey: [PodGroupKey]]
    /// Pod indices per leaf: bound and demand, in pod order.
    private let membersOfLeaf: [PodGroupKey: [Int]]

    init(_ snapshot: ClusterSnapshot) {
        var groups: [PodGroupKey: PodGroup] = [:]
        var children: [PodGroupKey: [PodGroupKey]] = [:]
        for group in snapshot.groups {
            groups[group.key] = group
            if let parent = group.parent { children[parent, default: []].append(group.key) }
        }
        var members: [PodGroupKey: [Int]] = [:]
        for index in snapshot.pods.indices where snapshot.pods[index].isMember {
            if let leaf = snapshot.pods[index].group { members[leaf, default: []].append(index) }
        }
        self.groups = groups
        self.children = children
        self.membersOfLeaf = members
    }

    subscript(key: PodGroupKey) -> PodGroup? { self.groups[key] }

    func children(of key: PodGroupKey) -> [PodGroupKey] { self.children[key] ?? [] }

    /// From the group up to its top-level group. Ends early where a parent is unknown or comes round again.
    func chain(from key: PodGroupKey) -> [PodGroupKey] {
        var chain = [key]
        while let parent = self.groups[chain[chain.count - 1]]?.parent, self.groups[parent] != nil,
            !chain.contains(parent)
        {
            chain.append(parent)
        }
        return chain
    }

    /// The top-level group of a group.
    func root(of key: PodGroupKey) -> PodGroupKey { self.chain(from: key).last ?? key }

    /// Whether every parent up to the top is known, and none comes round again.
    func isRooted(_ key: PodGroupKey) -> Bool { self.groups[self.root(of: key)].map { $0.parent == nil } ?? false }

    /// The group and all groups below it, parents first.
    func subtree(of key: PodGroupKey) -> [PodGroupKey] {
        var found = [key]
        var next = 0
        while next < found.count {
            found += self.children(of: found[next]).filter { !found.contains($0) }
            next += 1
        }
        return found
    }

    /// Pod indices of all members, bound or demand, in the group and below.
    func members(under key: PodGroupKey) -> [Int] {
        self.subtree(of: key).flatMap { self.membersOfLeaf[$0] ?? [] }
    }

    /// What counts towards the group's `minMember`: members with a node, or satisfied children.
    ///
    /// - Precondition: `isRooted(key)`; in a circle of parents this does not end.
    func satisfiedCount(of key: PodGroupKey, isPlaced: (Int) -> Bool) -> Int {
        let below = self.children(of: key)
        guard !below.isEmpty else { return (self.membersOfLeaf[key] ?? []).count(where: isPlaced) }
        return below.count { self.isSatisfied($0, isPlaced: isPlaced) }
    }

    func isSatisfied(_ key: PodGroupKey, isPlaced: (Int) -> Bool) -> Bool {
        guard let group = self.groups[key] else { return false }
        return self.satisfiedCount(of: key, isPlaced: isPlaced) >= group.minMember
    }
}

extension PodState {
    /// Waits for a node of ours, readable or not.
    var isDemand: Bool {
        switch self.standing {
        case .pending, .invalid: true
        case .bound, .gatedElsewhere, .foreignScheduler: false
        }
    }

    /// Counts among the members of its group.
    var isMember: Bool { self.isDemand || self.node != nil }
}
