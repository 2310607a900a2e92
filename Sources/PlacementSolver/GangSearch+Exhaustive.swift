import SchedulingModel

extension SolverState {
    /// Tries assignments of the group's pending members to `nodes` until one satisfies the whole subtree.
    ///
    /// Depth first: big members first, nodes in index order; at least `search.wantedCount` are
    /// placed; interchangeable members of a leaf go to nodes in
    /// ascending order, so that their permutations are tried once. Ends when `stepsLeft` is used up.
    mutating func placeExhaustively(_ group: Int, in nodes: NodeBitset, _ search: GangSearch) -> Bool {
        let leaves = self.subtree(of: group).filter { self.groups.childrenByGroup[$0].isEmpty }
        var members: [ExhaustiveMember] = []
        for leaf in leaves {
            for run in self.shapeRuns(leaf) {
                for (position, pod) in run.enumerated() {
                    members.append(
                        ExhaustiveMember(pod: pod, leaf: leaf, previousOfRun: position > 0 ? run[position - 1] : nil))
                }
            }
        }
        var candidates: [Int] = []
        nodes.forEach { candidates.append($0) }
        let goal = self.placedCount(below: group) + search.wantedCount
        return self.descend(members[...], candidates, group, search, goal: goal)
    }

    private struct ExhaustiveMember {
        let pod: Int
        let leaf: Int
        /// The interchangeable member before it.
        let previousOfRun: Int?
    }

    private mutating func descend(
        _ members: ArraySlice<ExhaustiveMember>, _ nodes: [Int], _ group: Int, _ search: GangSearch, goal: Int
    ) -> Bool {
        guard let member = members.first else {
            return self.placedCount(below: group) >= goal && self.isConsistent(group, search)
        }
        let previous = member.previousOfRun
        let previousNode = previous.flatMap { self.node(of: $0) }
        let isRunSkipped = previous != nil && previousNode == nil
        if !isRunSkipped {
            for node in nodes where node >= previousNode ?? 0 {
                self.stepsLeft -= 1
                if self.stepsLeft <= 0 { return false }
                guard self.subgroupsAllow(node, leaf: member.leaf, upTo: group, search),
                    let candidate = self.fit(member.pod, on: node)
                else { continue }
                let start = self.checkpoint
                self.assume(member.pod, candidate)
                if self.descend(members.dropFirst(), nodes, group, search, goal: goal) { return true }
                self.rollback(to: start)
            }
        }
        return search.mode == .atLeastMinimum
            && self.descend(members.dropFirst(), nodes, group, search, goal: goal)
    }

    /// Whether a member of `leaf` may go to `node` for the required and exclusive domains of its groups below `top`.
    private mutating func subgroupsAllow(_ node: Int, leaf: Int, upTo top: Int, _ search: GangSearch) -> Bool {
        var group = leaf
        while group >= 0 {
            for axis in self.requiredAxes(group, search) {
                let domains = axis == .host ? (0..<self.nodeCount).map(Int32.init) : self.axisDomains(axis).domainByNode
                let placed = self.groups.pods(below: group).compactMap { self.node(of: $0) }
                if !placed.isEmpty, !placed.contains(where: { domains[$0] == domains[node] }) { return false }
                let owner = self.exclusiveOwners[ExclusiveDomain(axis: axis, domain: domains[node])]
                if axis == self.groups.groups[group].exclusiveAxis, let owner, owner != self.groups.groups[group].key {
                    return false
                }
            }
            if group == top { break }
            group = self.groups.parentByGroup[group]
        }
        return true
    }

    /// Every subgroup with newly placed members is satisfied, siblings do not share exclusive domains, and so is the group.
    private mutating func isConsistent(_ group: Int, _ search: GangSearch) -> Bool {
        for below in self.subtree(of: group).dropFirst() {
            let hasNew = self.groups.pods(below: below).contains { pod in
                self.nodeByPod[pod] >= 0 && self.snapshot.pods[pod].standing == .pending
            }
            if hasNew, !self.isSatisfied(below, search) { return false }
        }
        return self.isSatisfied(group, search) && self.exclusiveDomainsAreDisjoint(group)
    }

    func isSatisfied(_ group: Int, _ search: GangSearch) -> Bool {
        let children = self.groups.childrenByGroup[group]
        let count = children.isEmpty ? self.boundCount(group) : children.count { self.isSatisfied($0, search) }
        return count >= search.minimum(of: group, self.groups)
    }

    private mutating func exclusiveDomainsAreDisjoint(_ group: Int) -> Bool {
        var owners: [ExclusiveDomain: Int] = [:]
        for below in self.subtree(of: group) {
            guard let axis = self.groups.groups[below].exclusiveAxis else { continue }
            let domains = axis == .host ? (0..<self.nodeCount).map(Int32.init) : self.axisDomains(axis).domainByNode
            for node in self.groups.pods(below: below).compactMap({ self.node(of: $0) }) {
                let domain = ExclusiveDomain(axis: axis, domain: domains[node])
                if let owner = owners[domain], owner != below { return false }
                owners[domain] = below
            }
        }
        return true
    }
}
