import PlacementSolver
import SchedulingModel

/// The working state of one cycle.
struct PlanningCycle {
    var state: SolverState
    let configuration: PlannerConfiguration
    /// In decision order.
    var placedPods: [Int] = []
    /// The cluster before any decision.
    private let facts: SolverState
    /// Whether gangs were placed since the fill plan was made, or none was made yet.
    var fillPlanIsDue = true
    var explainer: Explainer
    var preemption: PreemptionRecord
    var preemptionLimitReached = false

    /// - Parameter facts: The snapshot compiled, with nothing assumed.
    init(_ snapshot: ClusterSnapshot, _ facts: SolverState, _ configuration: PlannerConfiguration) {
        self.state = facts
        self.state.compileShapesOfDemand()
        self.facts = self.state
        self.configuration = configuration
        self.explainer = Explainer(facts: self.facts, configuration: configuration)
        self.preemption = PreemptionRecord(snapshot, configuration)
    }

    var snapshot: ClusterSnapshot { self.state.snapshot }

    /// Places units in order. Those that depend on other pods are tried again while anything else got a node.
    mutating func placeDemand() {
        var units = DemandUnit.ordered(self.facts.demand(), self.snapshot, self.state.groups)
        var progressed = true
        while progressed {
            let before = self.placedPods.count
            units = self.placed(units).filter(\.dependsOnOthers)
            progressed = self.placedPods.count > before && !units.isEmpty
        }
    }

    /// Tries each unit once; those that are left over come back.
    ///
    /// Of one priority, pods for which the fill plan keeps a place take it before others are put where they do least harm.
    private mutating func placed(_ units: [DemandUnit]) -> [DemandUnit] {
        var left: [DemandUnit] = []
        var start = units.startIndex
        while start < units.endIndex {
            let priority = units[start].priority
            let end = units[start...].firstIndex { $0.priority != priority } ?? units.endIndex
            let others = units[start..<end].filter { !self.placeChecked($0, keptPlacesOnly: true) }
            let waiting = others.filter { !self.placeChecked($0, keptPlacesOnly: false) }
            left += self.preempting(self.refilled(units[start..<end], waiting: waiting))
            start = end
        }
        return left
    }

    /// In debug builds everything kept incrementally is compared with a fresh count after each unit that got a node.
    mutating func placeChecked(_ unit: DemandUnit, keptPlacesOnly: Bool) -> Bool {
        #if DEBUG
        let before = self.placedPods.count
        defer { if self.placedPods.count > before { self.state.checkInvariants() } }
        #endif
        switch unit.subject {
        case .pod(let pod): return keptPlacesOnly ? self.placeWhereKept(pod) : self.placeSingle(pod)
        case .group(let group):
            guard !self.preemption.victimGroups.contains(group) else {
                self.explainer.noteYielding(unit.pods)
                return false
            }
            return keptPlacesOnly ? self.placeGroup(group, unit.pods) : false
        }
    }

    /// Without a fill plan there is nothing to hold a pod back for.
    private mutating func placeWhereKept(_ pod: Int) -> Bool {
        if self.fillPlanIsDue { self.planFill() }
        guard self.state.hasFillPlan else { return self.placeSingle(pod) }
        guard let candidate = self.state.keptNode(for: pod) else { return false }
        self.place(pod, candidate)
        return true
    }

    /// Whether the pod got its node; if not, why is noted.
    private mutating func placeSingle(_ pod: Int) -> Bool {
        if self.explainer.reuseRefusal(of: pod, by: &self.state) { return false }
        guard let candidate = self.state.bestNode(for: pod) else {
            self.explainer.explain(pod, refusedBy: self.state)
            return false
        }
        self.place(pod, candidate)
        return true
    }

    private mutating func place(_ pod: Int, _ candidate: Candidate) {
        self.state.assume(pod, candidate)
        self.placedPods.append(pod)
        self.explainer.forget([pod])
    }

    private mutating func placeGroup(_ group: Int, _ pods: [Int]) -> Bool {
        var query = GangQuery()
        query.stepLimit = self.configuration.gangStepLimit
        let outcome = self.state.placeGroup(group, query)
        if case .satisfied(let placed) = outcome {
            self.placedPods += placed
            self.fillPlanIsDue = self.fillPlanIsDue || !placed.isEmpty
            self.explainer.forget(placed)
        }
        let waiting = pods.filter { self.state.node(of: $0) == nil }
        if !waiting.isEmpty { self.explainer.explain(outcome, of: group, waiting, refusedBy: self.state) }
        return waiting.isEmpty
    }

    // MARK: The plan

    mutating func makePlan(before: ClusterFigures) -> Plan {
        self.forgetReservations()
        var plan = Plan()
        plan.preemptions = self.preemption.preemptions
        var ranks = MemberRanks(self.state.groups)
        plan.assignments = self.placedPods.map { pod in
            Assignment(
                pod: self.snapshot.pods[pod].key, node: self.snapshot.nodes[self.state.node(of: pod) ?? 0].name,
                devices: self.state.devices(of: pod), rank: ranks.rank(of: pod, in: self.snapshot))
        }
        plan.groups = self.groupPlacements(&ranks)
        plan.pending = self.explainer.pendingPods()
        plan.summary = self.summary(before: before)
        plan.summary.pendingPods = plan.pending.count
        return plan
    }

    private mutating func summary(before: ClusterFigures) -> PlanSummary {
        let after = ClusterFigures(self.state)
        var summary = PlanSummary()
        summary.nodeCount = self.snapshot.nodes.count
        summary.acceleratorsAllocatable = after.allocatable
        summary.acceleratorsAllocatedBefore = before.allocated
        summary.acceleratorsAllocatedAfter = after.allocated
        summary.fragmentedAccelerators = self.state.fragmentedDevices()
        summary.placedPods = self.placedPods.count
        summary.searchLimitReached = self.state.searchLimitReached || self.preemptionLimitReached
        for pod in self.facts.podsWithoutNode() {
            switch self.snapshot.pods[pod].standing {
            case .gatedElsewhere: summary.gatedElsewhere += 1
            case .foreignScheduler: summary.foreignScheduler += 1
            case .bound, .pending, .invalid: break
            }
        }
        summary.demand = self.servedDemand()
        return summary
    }

    private func servedDemand() -> ServedDevices {
        var facts = self.facts
        let demand = facts.demand()
        return facts.servedDevices(of: demand, provesBound: self.configuration.provesBound) {
            self.state.node(of: $0) != nil
        }
    }
}

/// Devices in the whole cluster: how many there are, and how many anybody uses.
struct ClusterFigures {
    let allocatable: Int
    let allocated: Int

    init(_ state: SolverState) {
        let (idle, all) = state.deviceCounts()
        self.allocatable = all
        self.allocated = all - idle
    }
}
