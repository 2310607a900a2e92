import SchedulingModel

extension SmallWorldMaker {
    /// A gang of two to `memberLimit` pods, flat or with two subgroups, some of them bound already.
    mutating func makeGang(named name: String, memberLimit: Int) {
        let size = self.generator.int(in: min(2, memberLimit)...min(memberLimit, Self.podLimit - self.pods.count))
        let root = PodGroupKey(namespace: "ml", name: name)
        guard size >= 3 && self.generator.once(in: 4) else {
            let minimum = self.generator.once(in: 2) ? size : self.generator.int(in: 1...size)
            self.groups.append(self.group(root, minMember: minimum))
            self.makeMembers(of: root, count: size)
            return
        }
        self.groups.append(self.group(root, minMember: self.generator.pick([1, 2, 2])))
        let left = self.generator.int(in: 1...size - 1)
        for (child, count) in [("a", left), ("b", size - left)] {
            let key = PodGroupKey(namespace: "ml", name: "\(name)/\(child)")
            self.groups.append(self.group(key, parent: root, minMember: self.generator.int(in: 1...count)))
            self.makeMembers(of: key, count: count)
        }
    }

    private mutating func group(_ key: PodGroupKey, parent: PodGroupKey? = nil, minMember: Int) -> PodGroup {
        var group = PodGroup(key: key, parent: parent, minMember: minMember)
        let axes: [TopologyAxis] = [.level(0), .level(1), .level(1), .nvlink, .host, .label("pool")]
        if self.generator.once(in: 3) {
            group.topology.append(TopologyConstraint(axis: self.generator.pick(axes), isRequired: true))
        }
        if self.generator.once(in: 4) {
            group.topology.append(TopologyConstraint(axis: self.generator.pick(axes), isRequired: false))
        }
        if self.generator.once(in: 6) { group.exclusiveAxis = self.generator.pick([.level(0), .level(1)]) }
        if self.generator.once(in: 40) { group.problem = "declared twice" }
        return group
    }

    private mutating func makeMembers(of leaf: PodGroupKey, count: Int) {
        let areRanked = self.generator.once(in: 2)
        let areAlike = !self.generator.once(in: 3)
        var model = self.pod()
        for rank in 0..<count {
            if !areAlike { model = self.pod() }
            var member = model
            member.key = PodKey(namespace: "ml", name: "p\(self.pods.count)")
            member.group = leaf
            member.rank = areRanked ? rank : nil
            if self.generator.once(in: 7) { member.standing = .bound(self.generator.pick(self.nodes).name) }
            self.pods.append(member)
        }
    }
}
