package import SchedulingModel

/// What the plan says of groups, against what was assumed.
extension Replay {
    /// One report per top-level group that has demand, sorted by key, with the right figures.
    func reportViolations(in plan: Plan) -> [Violation] {
        let demanded = self.snapshot.pods.filter(\.isDemand).compactMap(\.group)
        let expected = Set(demanded.map(self.forest.root(of:)).filter { self.forest[$0] != nil })
        let reported = plan.groups.map(\.group)
        var violations = expected.subtracting(reported).sorted().map { Violation(.groupNotReported, group: $0) }
        if zip(reported, reported.dropFirst()).contains(where: { $0 >= $1 }) {
            violations.append(Violation(.groupsUnsorted))
        }
        let ranks = Dictionary(plan.assignments.map { ($0.pod, $0.rank) }, uniquingKeysWith: { first, _ in first })
        for report in plan.groups {
            guard expected.contains(report.group) else {
                violations.append(Violation(.groupReportedInVain, group: report.group))
                continue
            }
            violations += self.violations(in: report, ranks: ranks).map { Violation($0, group: report.group) }
        }
        return violations
    }

    private func violations(in report: GroupPlacement, ranks: [PodKey: Int?]) -> [Violation.Kind] {
        let members = self.forest.members(under: report.group)
        let placed = members.filter(self.isPlaced)
        var kinds: [Violation.Kind] = []
        if report.memberCount != members.count {
            kinds.append(.memberCountWrong(stated: report.memberCount, actual: members.count))
        }
        if report.placedCount != placed.count {
            kinds.append(.placedCountWrong(stated: report.placedCount, actual: placed.count))
        }
        if let group = self.forest[report.group], self.forest.children(of: report.group).isEmpty,
            report.minMember != group.minMember
        {
            kinds.append(.minMemberWrong(stated: report.minMember, actual: group.minMember))
        }
        kinds += self.domainViolations(in: report, placed: placed)
        let hops = self.crossDomainHops(among: members, ranks: ranks)
        if report.crossDomainHops != hops { kinds.append(.hopsWrong(stated: report.crossDomainHops, actual: hops)) }
        if let prediction = report.allReduce, !(prediction.boundSeconds <= prediction.seconds) {
            kinds.append(.allReduceBelowBound)
        }
        return kinds
    }

    // MARK: Axis and domains

    private func domains(of pods: [Int], on axis: TopologyAxis) -> [TopologyDomain] {
        Set(pods.compactMap(self.node(of:)).map { $0.domain(on: axis) }).sorted()
    }

    private func node(of pod: Int) -> NodeState? { self.nodeOfPod[pod].map { self.snapshot.nodes[$0] } }

    /// Narrowest first: the node, the NVLink domain, then the levels from the narrowest up.
    private var axes: [TopologyAxis] {
        [.host, .nvlink] + self.snapshot.topology.levels.indices.reversed().map(TopologyAxis.level)
    }

    /// The narrowest axis on which these pods share one domain; nil where there is none.
    package func sharedAxis(of pods: [Int]) -> TopologyAxis? {
        guard !pods.isEmpty else { return nil }
        return self.axes.first { self.domains(of: pods, on: $0).count == 1 }
    }

    private func domainViolations(in report: GroupPlacement, placed: [Int]) -> [Violation.Kind] {
        let axis = self.sharedAxis(of: placed)
        var kinds: [Violation.Kind] = []
        if report.axis != axis { kinds.append(.axisWrong(stated: report.axis, actual: axis)) }
        let spreadOver: TopologyAxis = self.snapshot.topology.levels.isEmpty ? .host : .level(0)
        let domains = self.domains(of: placed, on: axis ?? spreadOver)
        let isSilent = report.domains.isEmpty && axis == nil && self.snapshot.topology.levels.isEmpty
        if report.domains != domains && !isSilent {
            kinds.append(.domainsWrong(stated: report.domains, actual: domains))
        }
        return kinds
    }

    // MARK: Ring

    /// Neighbours in the ring (the last and the first among them) that the narrowest level separates. Only members that
    /// hold accelerators are in the ring, if any does; leaf groups follow each other by name. Without levels nothing
    /// separates.
    private func crossDomainHops(among members: [Int], ranks: [PodKey: Int?]) -> Int {
        guard let narrowest = self.snapshot.topology.levels.indices.last else { return 0 }
        let placed = members.enumerated().filter { self.isPlaced($0.element) }
        let holders = placed.filter { self.snapshot.pods[$0.element].holdsAccelerators }
        let ring = (holders.isEmpty ? placed : holders)
            .map { placed in
                let leaf = self.snapshot.pods[placed.element].group?.name ?? ""
                return (leaf: leaf, rank: self.rank(of: placed.element, at: placed.offset, ranks), pod: placed.element)
            }
            .sorted { ($0.leaf, $0.rank, $0.pod) < ($1.leaf, $1.rank, $1.pod) }
        let domains = ring.compactMap { self.node(of: $0.pod) }.map { $0.domain(on: .level(narrowest)) }
        return domains.indices.count { domains[$0] != domains[($0 + 1) % domains.count] }
    }

    /// Where a placed member stands in the ring: a new one where the plan says, a bound one at its own rank, or without
    /// one at its position among all members of the top-level group.
    private func rank(of pod: Int, at position: Int, _ ranks: [PodKey: Int?]) -> Int {
        let state = self.snapshot.pods[pod]
        return (self.isAssumed[pod] ? ranks[state.key] ?? nil : state.rank) ?? position
    }
}

extension PodState {
    var holdsAccelerators: Bool {
        !self.deviceRequests.isEmpty || self.requests.entries.contains { $0.name.isAccelerator && $0.amount > 0 }
    }
}
