import PlacementSolver
import SchedulingModel

/// Explains what a cycle left pending, on the state the cycle ended with.
///
/// Looking is done by trying: every change to the state is rolled back.
struct Diagnosis {
    var cycle: PlanningCycle
    private var knownBySubject: [SubjectKey: Explanation] = [:]

    /// Pods that are alike in everything an explanation can depend on.
    private struct SubjectKey: Hashable {
        let shape: Int
        let priority: Int32
        let mayPreempt: Bool
        /// Empty where no rule looks at other pods.
        let labels: [String: String]
        let namespace: String
    }

    struct Explanation: Hashable {
        var reason: ReasonCode
        var evidence = Evidence()
        var fix: Fix?
    }

    init(cycle: PlanningCycle) { self.cycle = cycle }

    var snapshot: ClusterSnapshot { self.cycle.snapshot }

    /// One entry per pod that is demand and has no node, sorted by key.
    mutating func pendingPods() -> [PendingPod] {
        var result: [PendingPod] = []
        for unit in self.cycle.pendingUnits {
            switch unit.subject {
            case .pod(let pod): result.append(self.pending(pod, self.explainSingle(pod), group: nil))
            case .group(let group): result += self.explainGroup(group, unit.pods)
            }
        }
        for (index, pod) in self.snapshot.pods.enumerated() {
            guard case .invalid(let detail) = pod.standing else { continue }
            let top = self.cycle.state.groups.topGroupByPod[index]
            let group = top < 0 ? nil : self.cycle.state.groups.groups[top].key
            result.append(
                PendingPod(
                    pod: pod.key, group: group, reason: .invalidRequest, evidence: Evidence(detail: detail),
                    fix: .correctObject))
        }
        return result.sorted { $0.pod < $1.pod }
    }

    private func pending(_ pod: Int, _ explanation: Explanation, group: PodGroupKey?) -> PendingPod {
        PendingPod(
            pod: self.snapshot.pods[pod].key, group: group, reason: explanation.reason, evidence: explanation.evidence,
            fix: explanation.fix)
    }

    // MARK: One pod

    mutating func explainSingle(_ pod: Int) -> Explanation {
        let state = self.snapshot.pods[pod]
        let looksAtPods = self.cycle.state.looksAtOtherPods
        let key = SubjectKey(
            shape: self.cycle.state.shapeIdentity(of: pod), priority: state.priority, mayPreempt: state.mayPreempt,
            labels: looksAtPods ? state.labels : [:], namespace: looksAtPods ? state.key.namespace : "")
        if let known = self.knownBySubject[key] { return known }
        var explanation = self.reason(for: pod)
        if self.cycle.configuration.searchesFixes {
            var search = FixSearch(state: self.cycle.state)
            explanation.fix = search.fix(for: pod, explanation)
        }
        self.knownBySubject[key] = explanation
        return explanation
    }

    /// The dominant reason: the first check, in this order, that leaves no node: volumes, selector and affinity, amounts
    /// that no candidate could ever give, taints, amounts, devices, ports, spread, pod affinity.
    mutating func reason(for pod: Int) -> Explanation {
        guard !self.snapshot.nodes.isEmpty else { return Explanation(reason: .noNodes) }
        let rejections = self.snapshot.nodes.indices.map { self.cycle.state.rejections(pod, on: $0) }
        var evidence = Evidence()
        for list in rejections {
            if let first = list.first { evidence.nodesByReason[first.code, default: 0] += 1 }
        }
        let funnel = ReasonFunnel(rejections: rejections)
        let (reason, candidates) = funnel.dominant()
        evidence.shortfalls = Self.shortfalls(rejections: candidates.map { rejections[$0] })
        if let best = funnel.nearest(candidates) {
            evidence.bestNode = self.snapshot.nodes[best].name
            evidence.bestNodeReasons = rejections[best]
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

    private mutating func explainGroup(_ top: Int, _ pods: [Int]) -> [PendingPod] {
        let group = self.cycle.state.groups.groups[top]
        let left = pods.filter { self.cycle.state.node(of: $0) == nil }
        guard let outcome = self.cycle.failedGroups[top] else {
            // The gang runs; what is left over waits for room like any pod.
            return left.map { self.pending($0, self.explainSingle($0), group: group.key) }
        }
        let explanation = self.explanation(of: outcome, top: top, pods: left)
        return left.map { self.pending($0, explanation, group: group.key) }
    }

    private mutating func explanation(of outcome: GangOutcome, top: Int, pods: [Int]) -> Explanation {
        switch outcome {
        case .satisfied: return Explanation(reason: .searchLimitReached)
        case .broken(let problem):
            return Explanation(reason: .groupInvalid, evidence: Evidence(detail: problem), fix: .correctObject)
        case .tooFewMembers(let existing, let needed):
            let detail = "\(existing) of at least \(needed) members can be placed; the others do not exist or are held elsewhere"
            let fix: Fix? = existing > 0 ? .lowerMinMember(to: existing) : nil
            return Explanation(reason: .tooFewMembers, evidence: Evidence(detail: detail), fix: fix)
        case .noRoom:
            var explanation = self.noRoom(top, pods)
            if self.cycle.configuration.searchesFixes {
                var search = FixSearch(state: self.cycle.state)
                explanation.fix = search.fix(forGroup: top, explanation)
            }
            return explanation
        }
    }

    private mutating func noRoom(_ top: Int, _ pods: [Int]) -> Explanation {
        let axis = self.requiredAxis(top)
        var explanation = self.firstUnplaceable(pods)
        explanation.evidence.domains = Array(self.cycle.state.domainFits(of: top, on: axis).prefix(8))
        guard axis != nil else { return explanation }
        var query = GangQuery()
        query.ignoresRequiredTopology = true
        query.stepLimit = self.cycle.configuration.gangStepLimit
        let start = self.cycle.state.checkpoint
        defer { self.cycle.state.rollback(to: start) }
        if case .satisfied = self.cycle.state.placeGroup(top, query) { explanation.reason = .topologyDomainTooSmall }
        if explanation.reason == .searchLimitReached, self.cycle.state.groups.groups[top].exclusiveAxis != nil {
            explanation.reason = .domainOccupied
        }
        return explanation
    }

    /// The axis whose domains the evidence shows: the first required one of the group or of a subgroup.
    private func requiredAxis(_ top: Int) -> TopologyAxis? {
        let groups = self.cycle.state.groups
        let group = groups.groups[top]
        if let required = group.topology.first(where: \.isRequired) { return required.axis }
        if let exclusive = group.exclusiveAxis { return exclusive }
        return groups.childrenByGroup[top].lazy.compactMap { self.requiredAxis($0) }.first
    }

    /// Members are placed one by one without regard to the gang; the first that finds no node says what is missing.
    private mutating func firstUnplaceable(_ pods: [Int]) -> Explanation {
        let start = self.cycle.state.checkpoint
        defer { self.cycle.state.rollback(to: start) }
        for pod in pods {
            guard let (node, devices) = self.cycle.state.bestNode(for: pod) else { return self.reason(for: pod) }
            self.cycle.state.assume(pod, on: node, devices: devices)
        }
        // Each finds a node, yet not together: domains, or the limit of the search.
        return Explanation(reason: self.requiredAxis(self.cycle.state.groups.topGroupByPod[pods[0]]) == nil
            ? .searchLimitReached : .topologyDomainTooSmall)
    }
}
