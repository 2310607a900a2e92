package import SchedulingModel

/// All or nothing, required domains, exclusive domains.
extension Replay {
    /// Pod indices of all members of a group, bound or demand, subgroups included.
    package func memberIndices(under root: PodGroupKey) -> [Int] { self.forest.members(under: root) }

    func isPlaced(_ pod: Int) -> Bool { self.nodeOfPod[pod] != nil }

    /// Top-level groups that got a node for a member here, sorted.
    package var touchedRoots: [PodGroupKey] {
        let groups = self.isAssumed.indices.filter { self.isAssumed[$0] }.compactMap { self.snapshot.pods[$0].group }
        return Set(groups.map(self.forest.root(of:))).sorted()
    }

    /// Everything that must hold of the top-level group once all its assignments are in.
    package func groupViolations(under root: PodGroupKey) -> [Violation] {
        self.satisfactionViolations(under: root) + self.domainViolations(under: root)
    }

    /// Each group that got something, and every group above it, must be satisfied; no group of the tree may be declared
    /// unsoundly, because then nobody knows what would be enough.
    private func satisfactionViolations(under root: PodGroupKey) -> [Violation] {
        let leaves = self.forest.members(under: root).filter { self.isAssumed[$0] }
            .compactMap { self.snapshot.pods[$0].group }
        // Without a known top there is no tree to judge, and in a circle of parents no end to it.
        let rootless = Set(leaves).filter { !self.forest.isRooted($0) }
        guard rootless.isEmpty else { return rootless.sorted().map { Violation(.unknownGroup, group: $0) } }
        var violations = self.forest.subtree(of: root).compactMap { key in
            self.forest[key]?.problem.map { Violation(.groupHasProblem($0), group: key) }
        }
        for key in Set(leaves.flatMap(self.forest.chain(from:))).sorted() {
            guard let group = self.forest[key] else { continue }
            let satisfied = self.forest.satisfiedCount(of: key, isPlaced: self.isPlaced)
            if satisfied < group.minMember {
                let kind = Violation.Kind.groupUnsatisfied(satisfied: satisfied, minMember: group.minMember)
                violations.append(Violation(kind, group: key))
            }
        }
        return violations
    }

    /// Rules about domains. Once broken they stay broken, however many members follow.
    package func domainViolations(under root: PodGroupKey) -> [Violation] {
        self.forest.subtree(of: root).flatMap { key in
            self.requiredTopologyViolations(of: key) + self.exclusiveDomainViolations(of: key)
        }
    }

    private func domain(of pod: Int, on axis: TopologyAxis) -> TopologyDomain? {
        self.nodeOfPod[pod].map { self.snapshot.nodes[$0].domain(on: axis) }
    }

    /// New members share one domain of a required axis, and of an exclusive one. Where members are bound already, it is
    /// a domain of theirs: facts may be spread over several, and then each new member joins one of those.
    private func requiredTopologyViolations(of key: PodGroupKey) -> [Violation] {
        guard let group = self.forest[key] else { return [] }
        let members = self.forest.members(under: key)
        let axes = group.topology.filter(\.isRequired).map(\.axis) + [group.exclusiveAxis].compactMap { $0 }
        return axes.compactMap { axis in
            func domains(assumed: Bool) -> Set<TopologyDomain> {
                Set(members.filter { self.isAssumed[$0] == assumed }.compactMap { self.domain(of: $0, on: axis) })
            }
            let (facts, decisions) = (domains(assumed: false), domains(assumed: true))
            let holds = facts.isEmpty ? decisions.count <= 1 : decisions.isSubset(of: facts)
            return holds ? nil : Violation(.requiredTopologyBroken(axis), group: key)
        }
    }

    /// A domain that gets a new member of an exclusive group holds no member of another one that is exclusive on the
    /// same axis. A group and its own subgroups do not keep each other away.
    private func exclusiveDomainViolations(of key: PodGroupKey) -> [Violation] {
        guard let axis = self.forest[key]?.exclusiveAxis else { return [] }
        let mine = Set(
            self.forest.members(under: key).filter { self.isAssumed[$0] }
                .compactMap { self.domain(of: $0, on: axis) })
        guard !mine.isEmpty else { return [] }
        let related = Set(self.forest.chain(from: key) + self.forest.subtree(of: key))
        return self.snapshot.groups.filter { $0.exclusiveAxis == axis && !related.contains($0.key) }.flatMap { other in
            let theirs = Set(self.forest.members(under: other.key).compactMap { self.domain(of: $0, on: axis) })
            return theirs.intersection(mine).sorted().map {
                Violation(.exclusiveDomainShared($0, with: other.key), group: key)
            }
        }
    }
}
