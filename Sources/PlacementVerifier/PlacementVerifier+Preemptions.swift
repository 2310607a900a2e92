import SchedulingModel

/// Evictions: who may be made to go, for whom, and whether that is enough.
extension PlacementVerifier {
    func preemptionViolations(in plan: Plan) -> [Violation] {
        guard !plan.preemptions.isEmpty else { return [] }
        var violations: [Violation] = []
        var (victims, reserved): (Set<PodKey>, Set<PodKey>) = ([], [])
        let pending = Set(plan.pending.map(\.pod))
        for preemption in plan.preemptions {
            for key in preemption.reservations.map(\.pod) where !pending.contains(key) || !reserved.insert(key).inserted
            {
                violations.append(Violation(.preemptorNotPending, pod: key))
            }
            violations += self.rightViolations(preemption)
            for disruption in preemption.disruptions {
                violations += self.victimViolations(disruption, for: preemption)
                for key in disruption.pods where !victims.insert(key).inserted {
                    violations.append(Violation(.victimTwice, pod: key))
                }
            }
        }
        violations += self.budgetViolations(victims) + self.tornGangs(plan, victims)
        return violations + self.roomViolations(plan, victims)
    }

    private func pods(_ keys: [PodKey]) -> [PodState] {
        keys.compactMap { key in self.snapshot.podIndex(of: key).map { self.snapshot.pods[$0] } }
    }

    /// Nobody is evicted for nothing, nor for a pod that must not preempt.
    private func rightViolations(_ preemption: Preemption) -> [Violation] {
        guard !preemption.reservations.isEmpty else { return [Violation(.evictsForNobody, group: preemption.group)] }
        guard !preemption.disruptions.isEmpty else { return [] }
        return self.pods(preemption.reservations.map(\.pod)).filter { !$0.mayPreempt }
            .map { Violation(.mustNotPreempt, pod: $0.key) }
    }

    private func victimViolations(_ disruption: Disruption, for preemption: Preemption) -> [Violation] {
        let states = self.pods(disruption.pods)
        let lowest = self.pods(preemption.reservations.map(\.pod)).map(\.priority).min() ?? .min
        var violations: [Violation] = []
        for pod in states {
            let isFree = pod.node != nil && !pod.isTerminating && !pod.belongsToNode && !pod.isProtected
            if !isFree { violations.append(Violation(.victimUntouchable, pod: pod.key)) }
            if pod.priority >= lowest {
                violations.append(
                    Violation(.victimNotLower(priority: pod.priority, preemptor: lowest), pod: pod.key))
            }
        }
        let roots = Set(states.map { $0.group.map(self.facts.forest.root(of:)) })
        let isRight =
            states.count == disruption.pods.count && !states.isEmpty && roots == [disruption.group]
            && disruption.priority == states.map(\.priority).max()
            && (disruption.kind == .pod) == (disruption.group == nil)
        if !isRight { violations.append(Violation(.disruptionMisstated, group: disruption.group)) }
        return violations
    }

    private func budgetViolations(_ victims: Set<PodKey>) -> [Violation] {
        let states = self.pods(victims.sorted())
        let doubly = states.filter { pod in self.snapshot.budgets.count { $0.covers(pod) } > 1 }
        return doubly.map { Violation(.victimUntouchable, pod: $0.key) }
            + self.snapshot.budgets.compactMap { budget in
                let taken = states.count(where: budget.covers)
                guard taken > 0, taken > budget.disruptionsAllowed else { return nil }
                return Violation(.budgetExceeded(budget.name, allowed: budget.disruptionsAllowed, taken: taken))
            }
    }

    /// A gang that loses members loses all of them, or keeps at least its minimum in each leaf that it keeps anything of; and
    /// it is given none in the same plan.
    private func tornGangs(_ plan: Plan, _ victims: Set<PodKey>) -> [Violation] {
        let forest = self.facts.forest
        let roots = Set(self.pods(victims.sorted()).compactMap(\.group).map(forest.root(of:)))
        let fed = Set(self.pods(plan.assignments.map(\.pod)).compactMap(\.group).map(forest.root(of:)))
        var violations = roots.intersection(fed).sorted().map { Violation(.victimGangGrows, group: $0) }
        func stays(_ index: Int) -> Bool {
            let pod = self.snapshot.pods[index]
            return pod.node != nil && !pod.isTerminating && !victims.contains(pod.key)
        }
        for root in roots.sorted() {
            let left = forest.members(under: root).filter(stays)
            guard !left.isEmpty else { continue }
            for key in [root] + Set(left.compactMap { self.snapshot.pods[$0].group }).sorted() {
                let count = forest.isRooted(key) ? forest.satisfiedCount(of: key, isPlaced: stays) : 0
                let minimum = forest[key]?.minMember ?? 0
                if count < minimum {
                    violations.append(Violation(.gangTorn(left: count, minMember: minimum), group: key))
                }
            }
        }
        return violations
    }

    /// For a pod that found no device left on a node that is over-committed: it gets none when others leave, since nobody knows
    /// which it would be. No pool has the index, so nothing is booked.
    private static func none(of pod: PodState) -> [DeviceAssignment] {
        pod.deviceRequests.prefix(1).map { DeviceAssignment(resource: $0.resource, index: -1, kind: $0.kind) }
    }

    /// Without those who leave, and with everything that the plan places, the reserved pods stand where it says.
    ///
    /// Which cards a plugin will hand out then is not looked at: other pods may have come and gone.
    private func roomViolations(_ plan: Plan, _ victims: Set<PodKey>) -> [Violation] {
        let held = self.snapshot.heldDevices()
        let placed = Dictionary(plan.assignments.map { ($0.pod, $0) }) { first, _ in first }
        let pods = self.snapshot.pods.indices.compactMap { index -> PodState? in
            var pod = self.snapshot.pods[index]
            if let assignment = placed[pod.key] {
                pod.standing = .bound(assignment.node)
                pod.knownDevices = assignment.devices
                return pod
            }
            guard pod.node != nil else { return pod }
            if victims.contains(pod.key) || pod.isTerminating && !pod.leavesLate { return nil }
            pod.knownDevices = held[index] ?? []
            if pod.knownDevices.isEmpty { pod.knownDevices = Self.none(of: pod) }
            return pod
        }
        let future = ClusterSnapshot(
            nodes: self.snapshot.nodes, pods: pods, groups: self.snapshot.groups, topology: self.snapshot.topology)
        return PlacementVerifier(snapshot: future).violations(of: plan.preemptions.flatMap(\.reservations)).filter {
            if case .deviceNotByPluginRule = $0.kind { false } else { true }
        }
    }
}
