import PlacementSolver
import SchedulingModel

/// What one plan has decided about evictions so far.
struct PreemptionRecord {
    var preemptions: [Preemption] = []
    /// Pods that room is kept for; they are booked beside those who leave it.
    var reserved: [Int] = []
    var victims: Set<Int> = []
    /// Top-level groups that lose members: none of them gets any in the same plan.
    var victimGroups: Set<Int> = []
    var budgets: BudgetLedger
    var stepsLeft: Int
    /// Shapes for which no victims were found; within a cycle nodes only fill up.
    var hopeless: Set<Explainer.RefusalKey> = []
    /// Of all pods that may be evicted; nil where there are none.
    let lowestPriority: Int32?
    /// Pods that leave by themselves, in the order of the snapshot.
    let leaving: [Int]
    /// Made at the first need, since most plans evict nobody.
    var candidates: VictimUnits?
    /// How many of the plan's placements are taken into account in `candidates`.
    var seenPlacedCount = 0

    init(_ snapshot: ClusterSnapshot, _ configuration: PlannerConfiguration) {
        self.budgets = BudgetLedger(snapshot)
        self.stepsLeft = configuration.preemptionStepLimit
        self.lowestPriority =
            configuration.preempts ? snapshot.pods.lazy.filter(\.isEvictable).map(\.priority).min() : nil
        self.leaving = snapshot.pods.indices.filter { snapshot.pods[$0].isLeaving }
    }
}

extension PlanningCycle {
    /// The part of the steps left that one search may use, so that a long one leaves some to every later one.
    private static func shareOfSteps(_ subject: DemandUnit.Subject) -> Int {
        switch subject {
        case .pod: 64
        case .group: 8
        }
    }

    /// Keeps room for those that wait for others to leave, and finds victims for those that may evict.
    ///
    /// - Returns: The units for which no room is kept.
    mutating func preempting(_ units: [DemandUnit]) -> [DemandUnit] {
        guard self.configuration.preempts else { return units }
        return units.filter { !self.reserveRoom(for: $0) }
    }

    private mutating func reserveRoom(for unit: DemandUnit) -> Bool {
        let pods = unit.pods.filter { self.state.node(of: $0) == nil }
        guard !pods.isEmpty else { return false }
        let isNominated = pods.contains { self.snapshot.pods[$0].nominatedNode != nil }
        let mayEvict = pods.allSatisfy { self.snapshot.pods[$0].mayPreempt }
        let priority = pods.map { self.snapshot.pods[$0].priority }.min() ?? 0
        guard isNominated || mayEvict && self.preemption.lowestPriority.map({ $0 < priority }) ?? false else {
            return false
        }
        let key = self.explainer.refusalKey(pods[0], &self.state)
        if !isNominated, case .pod = unit.subject, self.preemption.hopeless.contains(key) { return false }
        guard isNominated || self.preemption.stepsLeft > 0 else {
            self.preemptionLimitReached = true
            return false
        }
        guard !self.isAlreadySatisfied(unit) else { return false }

        // In the world to come those who leave are gone.
        let leaving = Set(self.preemption.leaving).union(self.preemption.victims).sorted()
        let start = self.state.checkpoint
        let places = leaving.compactMap { pod in self.state.candidate(of: pod).map { (pod: pod, place: $0) } }
        for pod in leaving { self.state.release(pod) }
        let search = PreemptionSearch(
            subject: unit.subject, victims: self.victims(), priority: mayEvict ? priority : nil,
            budgets: self.preemption.budgets,
            stepLimit: max(1, self.preemption.stepsLeft / Self.shareOfSteps(unit.subject)))
        let result = search.run(on: &self.state)
        self.preemption.stepsLeft -= result.stepCount
        if result.limitReached { self.preemptionLimitReached = true }
        let isReserved = result.victims.map { !$0.isEmpty || isNominated || !self.preemption.victims.isEmpty } ?? false
        guard let victims = result.victims, isReserved else {
            self.state.rollback(to: start)
            if result.victims == nil, case .pod = unit.subject { self.preemption.hopeless.insert(key) }
            return false
        }
        self.keepRoom(for: unit, search, victims, besides: places)
        return true
    }

    /// Books the unit where it will stand, and puts those who leave back beside it: whoever comes later must fit now and then.
    private mutating func keepRoom(
        for unit: DemandUnit, _ search: PreemptionSearch, _ victims: [VictimUnit],
        besides leaving: [(pod: Int, place: Candidate)]
    ) {
        let evicted = victims.flatMap(\.pods)
        let places = evicted.compactMap { pod in self.state.candidate(of: pod).map { (pod: pod, place: $0) } }
        for pod in evicted { self.state.release(pod) }
        let reserved = search.place(on: &self.state)
        let reservations = reserved.map { pod in
            Assignment(
                pod: self.snapshot.pods[pod].key, node: self.snapshot.nodes[self.state.node(of: pod) ?? 0].name,
                devices: self.state.devices(of: pod))
        }
        for (pod, place) in leaving + places { self.state.assume(pod, place) }
        self.fillPlanIsDue = true
        self.preemption.reserved += reserved
        self.preemption.victims.formUnion(evicted)
        let groups = Set(victims.map(\.group).filter { $0 >= 0 })
        self.preemption.victimGroups.formUnion(groups)
        self.preemption.candidates?.remove(groups: groups, pods: Set(evicted))
        self.preemption.budgets.spend(evicted)
        var group: PodGroupKey?
        if case .group(let top) = unit.subject { group = self.state.groups.groups[top].key }
        let preemption = Preemption(
            group: group, reservations: reservations, disruptions: self.disruptions(victims))
        self.preemption.preemptions.append(preemption)
        if !victims.isEmpty {
            let nodes = Set(evicted.compactMap { self.snapshot.pods[$0].node }).sorted()
            self.explainer.setFix(.preempt(pods: preemption.victims, nodes: nodes), of: reserved)
        }
    }

    /// One per single pod and per gang.
    private func disruptions(_ victims: [VictimUnit]) -> [Disruption] {
        var byGroup: [Int: [VictimUnit]] = [:]
        var disruptions: [Disruption] = []
        for unit in victims {
            if unit.group >= 0 {
                byGroup[unit.group, default: []].append(unit)
            } else {
                disruptions.append(self.disruption(.pod, nil, unit.pods))
            }
        }
        for (group, units) in byGroup {
            let kind: Disruption.Kind = units.contains { $0.kind == .gang } ? .gang : .shrink
            disruptions.append(
                self.disruption(kind, self.state.groups.groups[group].key, units.flatMap(\.pods)))
        }
        return disruptions.sorted { $0.pods.lexicographicallyPrecedes($1.pods) }
    }

    private func disruption(_ kind: Disruption.Kind, _ group: PodGroupKey?, _ pods: [Int]) -> Disruption {
        Disruption(
            kind: kind, group: group, pods: pods.map { self.snapshot.pods[$0].key }.sorted(),
            priority: pods.map { self.snapshot.pods[$0].priority }.max() ?? 0)
    }

    /// Takes the reserved pods out of the state: they have no node yet.
    mutating func forgetReservations() {
        for pod in self.preemption.reserved { self.state.release(pod) }
    }

    /// Members above the minimum of a gang that runs evict nobody.
    private mutating func isAlreadySatisfied(_ unit: DemandUnit) -> Bool {
        guard case .group(let top) = unit.subject else { return false }
        if self.preemption.victimGroups.contains(top) { return true }
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        if case .noRoom = self.state.placeGroup(top, PreemptionSearch.query) { return false }
        return true
    }

    /// What may be evicted now: a gang that got a member in this plan stays as it is.
    private mutating func victims() -> VictimUnits {
        var candidates = self.preemption.candidates ?? VictimUnits(self.state)
        if self.preemption.seenPlacedCount != self.placedPods.count {
            self.preemption.seenPlacedCount = self.placedPods.count
            let groups = Set(self.placedPods.map { self.state.groups.topGroupByPod[$0] }.filter { $0 >= 0 })
            candidates.remove(groups: groups, pods: [])
        }
        self.preemption.candidates = candidates
        return candidates
    }
}
