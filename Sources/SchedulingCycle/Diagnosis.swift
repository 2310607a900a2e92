import PlacementSolver
import SchedulingModel

/// Explains why work finds no place on one state of the cluster.
///
/// Looking is done by trying: every change to the state is rolled back.
struct Diagnosis {
    /// Its state is the one that is explained: there is one, and no copy is made for the search.
    var search: FixSearch
    let configuration: PlannerConfiguration

    init(state: SolverState, configuration: PlannerConfiguration) {
        self.search = FixSearch(state: state)
        self.configuration = configuration
    }

    struct Explanation: Hashable {
        var reason: ReasonCode
        var evidence = Evidence()
        var fix: Fix?
        /// Found on the facts, and of no help beside what the plan has placed.
        var fixTakesPlannedRoom = false
    }

    var snapshot: ClusterSnapshot { self.search.state.snapshot }

    // MARK: One pod

    /// Of a pod that fits on no node of the state, or only outside the domain that its gang must stay in.
    mutating func explain(_ pod: Int) -> Explanation {
        var explanation = self.reason(for: pod, self.search.rejections(pod))
        let top = self.search.state.groups.topGroupByPod[pod]
        if explanation.reason == .searchLimitReached, top >= 0, let axis = self.requiredAxis(top) {
            explanation.reason = .topologyDomainTooSmall
            explanation.evidence.domains = Array(self.search.state.domainFits(of: top, on: axis).prefix(8))
        }
        if self.configuration.searchesFixes {
            explanation.fix = self.search.fix(for: pod, explanation)
        }
        return explanation
    }

    /// The dominant reason: the first check, in this order, that leaves no node: volumes, selector and affinity, devices
    /// of the right kind, amounts that no candidate could ever give, taints, amounts, devices, ports, spread, pod affinity.
    private func reason(for pod: Int, _ rejections: NodeRejections) -> Explanation {
        guard !self.snapshot.nodes.isEmpty else { return Explanation(reason: .noNodes) }
        var evidence = Evidence()
        for (answer, count) in zip(rejections.answers, rejections.nodeCounts) {
            if let first = answer.first { evidence.nodesByReason[first.code, default: 0] += count }
        }
        let funnel = ReasonFunnel(rejections: rejections)
        let (reason, candidates) = funnel.dominant()
        evidence.shortfalls = Self.shortfalls(rejections: candidates.map { rejections.answers[$0] })
        if let best = funnel.nearest(candidates) {
            evidence.bestNode = self.snapshot.nodes[rejections.firstNodes[best]].name
            evidence.bestNodeReasons = rejections.answers[best]
        }
        if case .unavailable(let claim, let why) = self.snapshot.pods[pod].constraints.volumes {
            evidence.detail = "claim \(claim): \(why)"
        }
        return Explanation(reason: reason, evidence: evidence)
    }

    private static func shortfalls(rejections: [[RejectionReason]]) -> [Evidence.Shortfall] {
        var byResource: [ResourceName: Evidence.Shortfall] = [:]
        for reason in rejections.joined() {
            guard case .insufficient(let resource, let requested, let free, let allocatable) = reason else { continue }
            let known = byResource[resource]
            byResource[resource] = Evidence.Shortfall(
                resource: resource, requested: requested, bestFree: max(free, known?.bestFree ?? 0),
                largestAllocatable: max(allocatable, known?.largestAllocatable ?? 0))
        }
        return byResource.values.sorted { $0.resource < $1.resource }
    }

    // MARK: A gang

    /// - Parameter pods: The members that wait.
    mutating func explain(_ outcome: GangOutcome, of top: Int, pods: [Int]) -> Explanation {
        switch outcome {
        case .satisfied: return Explanation(reason: .searchLimitReached)
        case .broken(let problem):
            return Explanation(reason: .groupInvalid, evidence: Evidence(detail: problem), fix: .correctObject)
        case .tooFewMembers(let existing, let needed):
            let detail =
                "\(existing) of at least \(needed) members can be placed; "
                + "the others do not exist or are held elsewhere"
            var explanation = Explanation(reason: .tooFewMembers, evidence: Evidence(detail: detail))
            if self.configuration.searchesFixes, existing > 0 {
                explanation.fix = self.search.fewerMembers(top)
            }
            return explanation
        case .noRoom:
            var explanation = self.noRoom(top, pods)
            if self.configuration.searchesFixes {
                explanation.fix = self.search.fix(forGroup: top, explanation)
            }
            return explanation
        }
    }

    /// Of a member of a gang that runs without it: nil where it waits for room like any pod, since there is none outside
    /// the domain that the gang must stay within either.
    mutating func explainLeftOver(_ pod: Int, of top: Int) -> Explanation? {
        if let explanation = self.explainUnsatisfiedLeaf(of: pod, below: top) { return explanation }
        guard let axis = self.requiredAxis(top), self.search.state.bestNode(for: pod) != nil else { return nil }
        var explanation = Explanation(reason: .topologyDomainTooSmall)
        explanation.evidence.domains = Array(self.search.state.domainFits(of: top, on: axis).prefix(8))
        if self.configuration.searchesFixes {
            explanation.fix = self.search.fix(forGroup: top, explanation)
        }
        return explanation
    }

    /// Of a member whose own leaf is not satisfied, in a tree that runs without that leaf: too few members, or the first
    /// that finds no node beside the others. Nil where the pod alone finds none.
    private mutating func explainUnsatisfiedLeaf(of pod: Int, below top: Int) -> Explanation? {
        let groups = self.search.state.groups
        let leaf = groups.leafByPod[pod]
        let minimum = groups.groups[leaf].minMember
        let running = groups.membersByGroup[leaf].count { self.search.state.node(of: $0) != nil }
        guard leaf != top, running < minimum else { return nil }
        let waiting = groups.membersByGroup[leaf].filter { member in
            self.snapshot.pods[member].standing == .pending && self.search.state.node(of: member) == nil
        }
        if running + waiting.count < minimum {
            return self.explain(
                .tooFewMembers(existing: running + waiting.count, needed: minimum), of: leaf, pods: waiting)
        }
        guard self.search.state.bestNode(for: pod) != nil else { return nil }
        var explanation = self.firstUnplaceable(waiting)
        let domains = self.search.state.domainFits(of: leaf, on: self.requiredAxis(leaf))
        explanation.evidence.domains = Array(domains.prefix(8))
        if self.configuration.searchesFixes {
            explanation.fix = self.search.fix(forGroup: top, explanation)
        }
        return explanation
    }

    private mutating func noRoom(_ top: Int, _ pods: [Int]) -> Explanation {
        let axis = self.requiredAxis(top)
        var explanation = self.firstUnplaceable(pods)
        explanation.evidence.domains = Array(self.search.state.domainFits(of: top, on: axis).prefix(8))
        guard axis != nil else { return explanation }
        // Without the claims of other groups it would have run as it is.
        var unclaimed = self.search.state
        unclaimed.forgetExclusiveOwners()
        if case .satisfied = unclaimed.placeGroup(top) {
            explanation.reason = .domainOccupied
            return explanation
        }
        var query = GangQuery()
        query.ignoresRequiredTopology = true
        query.stepLimit = self.configuration.gangStepLimit
        let start = self.search.state.checkpoint
        defer { self.search.state.rollback(to: start) }
        if case .satisfied = self.search.state.placeGroup(top, query) { explanation.reason = .topologyDomainTooSmall }
        return explanation
    }

    /// The axis whose domains the evidence shows: the first required one of the group or of a subgroup.
    private func requiredAxis(_ top: Int) -> TopologyAxis? {
        let groups = self.search.state.groups
        let group = groups.groups[top]
        if let required = group.topology.first(where: \.isRequired) { return required.axis }
        if let exclusive = group.exclusiveAxis { return exclusive }
        return groups.childrenByGroup[top].lazy.compactMap { self.requiredAxis($0) }.first
    }

    /// Members are placed one by one without regard to the gang; the first that finds no node says what is missing.
    private mutating func firstUnplaceable(_ pods: [Int]) -> Explanation {
        let start = self.search.state.checkpoint
        defer { self.search.state.rollback(to: start) }
        for pod in pods {
            guard let candidate = self.search.state.bestNode(for: pod) else {
                return self.reason(for: pod, self.search.state.rejectionsByNode(pod))
            }
            self.search.state.assume(pod, candidate)
        }
        // Each finds a node, yet not together: domains, or the limit of the search.
        let top = pods.first.map { self.search.state.groups.topGroupByPod[$0] }
        let isBoundToDomain = top.flatMap { self.requiredAxis($0) } != nil
        return Explanation(reason: isBoundToDomain ? .topologyDomainTooSmall : .searchLimitReached)
    }
}
