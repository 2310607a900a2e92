import PlacementSolver
import SchedulingModel

/// Collects why each pod waits.
///
/// Work that the cluster as it stands has no room for is explained on the facts alone: that answer does not depend on
/// the plan and can be held against kube-scheduler's. Work that would fit, had the plan not given the room to work
/// before it in the order, is explained on the state it was refused by.
struct Explainer {
    /// The cluster before any decision.
    private var facts: SolverState
    private let configuration: PlannerConfiguration
    private var pendingByPod: [Int: PendingPod] = [:]
    private var knownRefusals: [RefusalKey: Diagnosis.Explanation] = [:]

    /// Pods that are alike in everything an explanation can depend on.
    struct RefusalKey: Hashable {
        let shape: Int
        let priority: Int32
        let mayPreempt: Bool
        /// Empty where no rule looks at other pods.
        let labels: [String: String]
        let namespace: String
    }

    init(facts: SolverState, configuration: PlannerConfiguration) {
        self.facts = facts
        self.configuration = configuration
    }

    private var snapshot: ClusterSnapshot { self.facts.snapshot }

    // MARK: Single pods

    /// Answers for a pod whose like was refused before, without another search: within a cycle nodes only fill up.
    ///
    /// Says no where other pods could have opened a node meanwhile (affinity), or a nomination sets the pod apart.
    mutating func reuseRefusal(of pod: Int, by state: inout SolverState) -> Bool {
        guard !state.looksAtOtherPods, self.snapshot.pods[pod].nominatedNode == nil,
            let known = self.knownRefusals[self.refusalKey(pod, &state)]
        else { return false }
        self.note(pod, known)
        return true
    }

    mutating func explain(_ pod: Int, refusedBy state: SolverState) {
        var state = state
        let key = self.refusalKey(pod, &state)
        if let known = self.knownRefusals[key] { return self.note(pod, known) }
        let explanation = self.explanation(of: pod, refusedBy: state)
        self.knownRefusals[key] = explanation
        self.note(pod, explanation)
    }

    private mutating func explanation(of pod: Int, refusedBy state: SolverState) -> Diagnosis.Explanation {
        let fitsFacts = self.facts.bestNode(for: pod) != nil
        var diagnosis = Diagnosis(state: fitsFacts ? state : self.facts, configuration: self.configuration)
        var explanation = diagnosis.explain(pod)
        guard !fitsFacts, let fix = explanation.fix, fix.changesTheWork, fix != .correctObject else {
            return explanation
        }
        // Asking for less, it comes no earlier in the order: what is placed before it stays where it is.
        var search = FixSearch(state: state)
        let later = search.fix(for: pod, explanation)
        explanation.fix = later ?? fix
        explanation.fixTakesPlannedRoom = later == nil
        return explanation
    }

    func refusalKey(_ pod: Int, _ state: inout SolverState) -> RefusalKey {
        let pods = self.snapshot.pods
        let looksAtPods = state.looksAtOtherPods
        return RefusalKey(
            shape: state.shapeIdentity(of: pod), priority: pods[pod].priority, mayPreempt: pods[pod].mayPreempt,
            labels: looksAtPods ? pods[pod].labels : [:], namespace: looksAtPods ? pods[pod].key.namespace : "")
    }

    // MARK: Gangs

    mutating func explain(_ outcome: GangOutcome, of group: Int, _ pods: [Int], refusedBy state: SolverState) {
        if case .satisfied = outcome {
            return self.explainLeftOver(pods, of: group, refusedBy: state)
        }
        var diagnosis = Diagnosis(state: self.fitsFacts(group) ? state : self.facts, configuration: self.configuration)
        let explanation = diagnosis.explain(outcome, of: group, pods: pods)
        guard case .noRoom = outcome else {
            for pod in pods { self.note(pod, explanation) }
            return
        }
        // Where some members find no node even alone, the others wait for these and lack nothing themselves.
        let fitsAlone = pods.map { diagnosis.state.bestNode(for: $0) != nil }
        var waitsForSiblings = explanation
        waitsForSiblings.reason = .siblingsUnplaced
        let isMixed = fitsAlone.contains(false)
        for (pod, fits) in zip(pods, fitsAlone) { self.note(pod, isMixed && fits ? waitsForSiblings : explanation) }
    }

    /// The gang runs without these. What refused them may be the gang's own domain or cards, so no other pod's answer
    /// follows from theirs.
    private mutating func explainLeftOver(_ pods: [Int], of group: Int, refusedBy state: SolverState) {
        var state = state
        var known: [Int: [RefusalKey: Diagnosis.Explanation]] = [:]
        for pod in pods {
            let leaf = state.groups.leafByPod[pod]
            let key = self.refusalKey(pod, &state)
            var diagnosis = Diagnosis(state: state, configuration: self.configuration)
            let explanation =
                known[leaf]?[key] ?? diagnosis.explainLeftOver(pod, of: group)
                ?? self.explanation(of: pod, refusedBy: state)
            known[leaf, default: [:]][key] = explanation
            self.note(pod, explanation)
        }
    }

    private mutating func fitsFacts(_ group: Int) -> Bool {
        var query = GangQuery()
        query.stepLimit = self.configuration.gangStepLimit
        let start = self.facts.checkpoint
        defer { self.facts.rollback(to: start) }
        if case .satisfied = self.facts.placeGroup(group, query) { return true }
        return false
    }

    /// Members of a gang that loses others in the same plan.
    mutating func noteYielding(_ pods: [Int]) {
        for pod in pods {
            self.note(
                pod,
                Diagnosis.Explanation(
                    reason: .siblingsUnplaced,
                    evidence: Evidence(detail: "the gang gives room to work of higher priority")))
        }
    }

    /// What helps pods that are known to wait.
    mutating func setFix(_ fix: Fix, of pods: [Int]) {
        for pod in pods {
            self.pendingByPod[pod]?.fix = fix
            self.pendingByPod[pod]?.fixTakesPlannedRoom = false
        }
    }

    /// Nodes have been filled anew: what was refused may find room.
    mutating func forgetRefusals() { self.knownRefusals.removeAll() }

    // MARK: The result

    private mutating func note(_ pod: Int, _ explanation: Diagnosis.Explanation) {
        var pending = PendingPod(
            pod: self.snapshot.pods[pod].key, group: self.topGroup(of: pod), reason: explanation.reason,
            evidence: explanation.evidence, fix: explanation.fix)
        pending.fixTakesPlannedRoom = explanation.fixTakesPlannedRoom
        self.pendingByPod[pod] = pending
    }

    private func topGroup(of pod: Int) -> PodGroupKey? {
        let top = self.facts.groups.topGroupByPod[pod]
        return top < 0 ? nil : self.facts.groups.groups[top].key
    }

    /// Takes back what was said of pods that got a node after all.
    mutating func forget(_ pods: [Int]) {
        for pod in pods { self.pendingByPod[pod] = nil }
    }

    /// Every pod that is demand and has no node, sorted by key; demand that cannot be read is among it.
    func pendingPods() -> [PendingPod] {
        let invalid = self.snapshot.pods.indices.compactMap { index -> PendingPod? in
            guard case .invalid(let detail) = self.snapshot.pods[index].standing else { return nil }
            return PendingPod(
                pod: self.snapshot.pods[index].key, group: self.topGroup(of: index), reason: .invalidRequest,
                evidence: Evidence(detail: detail), fix: .correctObject)
        }
        return (self.pendingByPod.values + invalid).sorted { $0.pod < $1.pod }
    }
}
