import PlacementSolver
import SchedulingModel

/// Collects why each pod waits.
///
/// Work that the cluster as it stands has no room for is explained on the facts alone: that answer does not depend on
/// the plan and can be held against kube-scheduler's. Work that would fit, had the plan not given the room to work
/// before it in the order, is explained on the state it was refused by.
struct Explainer {
    /// Of the cluster before any decision.
    private var onFacts: Diagnosis
    private let configuration: PlannerConfiguration
    /// What was said, each once; most of it is said of many pods.
    private var answers: [Diagnosis.Explanation] = []
    /// Positions in `answers`.
    private var answerByPod: [Int: Int] = [:]
    private var knownRefusals: [RefusalKey: Int] = [:]
    /// Of gangs that the facts have no room for.
    private var knownGangRefusals: [GangForm: Int] = [:]
    /// Answers that were looked for, not those known from pods or gangs alike.
    private(set) var diagnosisCount = 0

    /// Pods that are alike in everything an explanation can depend on.
    struct RefusalKey: Hashable {
        let shape: Int
        let priority: Int32
        let mayPreempt: Bool
        /// Empty where no rule looks at other pods.
        let labels: [String: String]
        let namespace: String
    }

    /// Gangs of waiting members alike that differ in nothing but names: the facts have the same answer for them.
    private struct GangForm: Hashable {
        /// Without its name.
        let group: PodGroup
        let shape: Int
        let memberCount: Int
        let priority: Int32
        let mayPreempt: Bool
    }

    init(facts: SolverState, configuration: PlannerConfiguration) {
        self.onFacts = Diagnosis(state: facts, configuration: configuration)
        self.configuration = configuration
    }

    private var snapshot: ClusterSnapshot { self.onFacts.search.state.snapshot }

    // MARK: Single pods

    /// Answers for a pod whose like was refused before, without another search: within a cycle nodes only fill up.
    ///
    /// Says no where other pods could have opened a node meanwhile (affinity), or a nomination sets the pod apart.
    mutating func reuseRefusal(of pod: Int, by state: inout SolverState) -> Bool {
        guard !state.looksAtOtherPods, self.snapshot.pods[pod].nominatedNode == nil,
            let known = self.knownRefusals[self.refusalKey(pod, &state)]
        else { return false }
        self.answerByPod[pod] = known
        return true
    }

    mutating func explain(_ pod: Int, refusedBy state: SolverState) {
        var state = state
        let key = self.refusalKey(pod, &state)
        if let known = self.knownRefusals[key] {
            self.answerByPod[pod] = known
            return
        }
        self.diagnosisCount += 1
        self.note([pod], self.explanation(of: pod, refusedBy: state))
        self.knownRefusals[key] = self.answerByPod[pod]
    }

    private mutating func explanation(of pod: Int, refusedBy state: SolverState) -> Diagnosis.Explanation {
        guard self.onFacts.search.state.bestNode(for: pod) == nil else {
            var diagnosis = Diagnosis(state: state, configuration: self.configuration)
            return diagnosis.explain(pod)
        }
        var explanation = self.onFacts.explain(pod)
        guard let fix = explanation.fix, fix.changesTheWork, fix != .correctObject else { return explanation }
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
        let form = self.form(of: group, pods)
        if case .noRoom = outcome, let form, let known = self.knownGangRefusals[form] {
            for pod in pods { self.answerByPod[pod] = known }
            return
        }
        self.diagnosisCount += 1
        if self.fitsFacts(group) {
            var diagnosis = Diagnosis(state: state, configuration: self.configuration)
            self.note(Self.explain(outcome, of: group, pods, by: &diagnosis))
        } else {
            self.note(Self.explain(outcome, of: group, pods, by: &self.onFacts))
            // Members alike have one answer.
            if case .noRoom = outcome, let form, let pod = pods.first {
                self.knownGangRefusals[form] = self.answerByPod[pod]
            }
        }
    }

    /// Nil where something else than the form could make a difference: members that differ, run already or are held elsewhere, a
    /// nomination, other pods, other gangs that keep domains to themselves.
    private mutating func form(of top: Int, _ pods: [Int]) -> GangForm? {
        let groups = self.onFacts.search.state.groups
        guard let first = pods.first, groups.parentByGroup[top] < 0, groups.childrenByGroup[top].isEmpty,
            groups.membersByGroup[top].count == pods.count, groups.groups[top].exclusiveAxis == nil,
            !self.onFacts.search.state.looksAtOtherPods
        else { return nil }
        let shape = self.onFacts.search.state.shapeIdentity(of: first)
        for pod in pods {
            guard self.onFacts.search.state.shapeIdentity(of: pod) == shape,
                self.snapshot.pods[pod].nominatedNode == nil,
                self.snapshot.pods[pod].priority == self.snapshot.pods[first].priority,
                self.snapshot.pods[pod].mayPreempt == self.snapshot.pods[first].mayPreempt
            else { return nil }
        }
        var group = groups.groups[top]
        group.key = PodGroupKey(namespace: "", name: "")
        return GangForm(
            group: group, shape: shape, memberCount: pods.count, priority: self.snapshot.pods[first].priority,
            mayPreempt: self.snapshot.pods[first].mayPreempt)
    }

    private static func explain(
        _ outcome: GangOutcome, of group: Int, _ pods: [Int], by diagnosis: inout Diagnosis
    ) -> [(pods: [Int], explanation: Diagnosis.Explanation)] {
        let explanation = diagnosis.explain(outcome, of: group, pods: pods)
        guard case .noRoom = outcome else { return [(pods, explanation)] }
        // Where some members find no node even alone, the others wait for these and lack nothing themselves.
        let fitsAlone = diagnosis.search.state.fitAlone(pods)
        guard fitsAlone.contains(false) else { return [(pods, explanation)] }
        var waitsForSiblings = explanation
        waitsForSiblings.reason = .siblingsUnplaced
        return [
            (zip(pods, fitsAlone).filter { !$0.1 }.map(\.0), explanation),
            (zip(pods, fitsAlone).filter(\.1).map(\.0), waitsForSiblings),
        ]
    }

    private mutating func note(_ answers: [(pods: [Int], explanation: Diagnosis.Explanation)]) {
        for (pods, explanation) in answers { self.note(pods, explanation) }
    }

    /// The gang runs without these. What refused them may be the gang's own domain or cards, so no other pod's answer
    /// follows from theirs.
    private mutating func explainLeftOver(_ pods: [Int], of group: Int, refusedBy state: SolverState) {
        var state = state
        var known: [Int: [RefusalKey: Int]] = [:]
        for pod in pods {
            let leaf = state.groups.leafByPod[pod]
            let key = self.refusalKey(pod, &state)
            if let answer = known[leaf]?[key] {
                self.answerByPod[pod] = answer
                continue
            }
            var diagnosis = Diagnosis(state: state, configuration: self.configuration)
            let explanation =
                diagnosis.explainLeftOver(pod, of: group) ?? self.explanation(of: pod, refusedBy: state)
            self.note([pod], explanation)
            known[leaf, default: [:]][key] = self.answerByPod[pod]
        }
    }

    private mutating func fitsFacts(_ group: Int) -> Bool {
        var query = GangQuery()
        query.stepLimit = self.configuration.gangStepLimit
        let start = self.onFacts.search.state.checkpoint
        defer { self.onFacts.search.state.rollback(to: start) }
        if case .satisfied = self.onFacts.search.state.placeGroup(group, query) { return true }
        return false
    }

    /// Members of a gang that loses others in the same plan.
    mutating func noteYielding(_ pods: [Int]) {
        self.note(
            pods,
            Diagnosis.Explanation(
                reason: .siblingsUnplaced,
                evidence: Evidence(detail: "the gang gives room to work of higher priority")))
    }

    /// What helps pods that are known to wait.
    mutating func setFix(_ fix: Fix, of pods: [Int]) {
        for pod in pods {
            guard let answer = self.answerByPod[pod] else { continue }
            var explanation = self.answers[answer]
            explanation.fix = fix
            explanation.fixTakesPlannedRoom = false
            self.note([pod], explanation)
        }
    }

    /// Nodes have been filled anew: what was refused may find room.
    mutating func forgetRefusals() { self.knownRefusals.removeAll() }

    // MARK: The result

    private mutating func note(_ pods: [Int], _ explanation: Diagnosis.Explanation) {
        self.answers.append(explanation)
        for pod in pods { self.answerByPod[pod] = self.answers.count - 1 }
    }

    private func topGroup(of pod: Int) -> PodGroupKey? {
        let top = self.onFacts.search.state.groups.topGroupByPod[pod]
        return top < 0 ? nil : self.onFacts.search.state.groups.groups[top].key
    }

    /// Takes back what was said of pods that got a node after all.
    mutating func forget(_ pods: [Int]) {
        for pod in pods { self.answerByPod[pod] = nil }
    }

    /// Every pod that is demand and has no node, sorted by key; demand that cannot be read is among it.
    func pendingPods() -> [PendingPod] {
        var pending: [PendingPod] = []
        // Pods are sorted by key.
        for pod in self.onFacts.search.state.podsWithoutNode() {
            if case .invalid(let detail) = self.snapshot.pods[pod].standing {
                let explanation = Diagnosis.Explanation(
                    reason: .invalidRequest, evidence: Evidence(detail: detail), fix: .correctObject)
                pending.append(self.pendingPod(pod, explanation))
            } else if let answer = self.answerByPod[pod] {
                pending.append(self.pendingPod(pod, self.answers[answer]))
            }
        }
        return pending
    }

    private func pendingPod(_ pod: Int, _ explanation: Diagnosis.Explanation) -> PendingPod {
        var pending = PendingPod(
            pod: self.snapshot.pods[pod].key, group: self.topGroup(of: pod), reason: explanation.reason,
            evidence: explanation.evidence, fix: explanation.fix)
        pending.fixTakesPlannedRoom = explanation.fixTakesPlannedRoom
        return pending
    }
}
