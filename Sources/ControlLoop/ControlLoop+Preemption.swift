import SchedulingCycle
import SchedulingModel

/// Room that is kept for a pod until those who leave it are gone.
struct Nomination: Hashable {
    var uid: String
    var node: NodeName
}

/// When a preemptor may choose victims again: somebody else may have taken the room it had made.
struct PreemptionPause: Hashable {
    var untilMillis: Int64
    var count: Int
}

/// Evictions for work of higher priority.
///
/// A victim is asked to go once; until it is gone it holds its room. The room is kept by nomination: in memory from the moment of
/// the decision, and in `status.nominatedNodeName`, where a restart finds it. The next plans place the preemptor when it fits.
extension ControlLoop {
    /// What the plan's preemptions ask for: nominations that changed, and evictions that nobody has asked for yet.
    mutating func preemptionActions(_ plan: Plan, _ now: Int64) -> [Action] {
        guard self.configuration.planner.preempts else { return [] }
        let own = plan.preemptions.filter(self.isOurs)
        var actions = self.nominate(own.flatMap(\.reservations))
        for preemption in own where !preemption.disruptions.isEmpty {
            guard let lead = preemption.reservations.first?.pod else { continue }
            self.pause(preemption.reservations.map(\.pod), now)
            for key in preemption.victims {
                guard let pod = self.pods[key], self.evicting[key] != pod.uid else { continue }
                self.evicting[key] = pod.uid
                actions.append(self.action(.evict(self.target(pod), .preempted(for: lead))))
            }
        }
        return actions
    }

    /// kube-scheduler evicts for its own single pods, and asks the extender who may go. It can neither name victims on other nodes
    /// nor preempt for a gang.
    private func isOurs(_ preemption: Preemption) -> Bool {
        guard preemption.group == nil, let reservation = preemption.reservations.first,
            self.pods[reservation.pod]?.door == .scheduler
        else { return true }
        return preemption.victims.contains { self.pods[$0]?.state.node != reservation.node }
    }

    private mutating func nominate(_ reservations: [Assignment]) -> [Action] {
        var nominations: [PodKey: Nomination] = [:]
        for reservation in reservations {
            guard let pod = self.pods[reservation.pod] else { continue }
            nominations[reservation.pod] = Nomination(uid: pod.uid, node: reservation.node)
        }
        self.nominations = nominations
        let written = self.pods.values.filter { $0.state.nominatedNode != nil && $0.state.node == nil }
            .map(\.state.key)
        return Set(written + nominations.keys).sorted().compactMap { key in
            guard let pod = self.pods[key], pod.state.node == nil, self.mayNominate(pod) else { return nil }
            let wanted = nominations[key]?.node
            guard self.nominationAsked[key] ?? pod.state.nominatedNode != wanted else { return nil }
            self.nominationAsked[key] = .some(wanted)
            return self.action(.nominate(self.target(pod), wanted))
        }
    }

    /// Kube-scheduler writes the nominations of single pods that it binds, where it evicts for them itself. For gangs nobody but us makes
    /// room, and without a nomination pods of lower priority would take it before the extender lets the gang pass. One that leads a pinned pod
    /// elsewhere is of no use to it, and would keep room from its peers: it was written before the pod was let go.
    private func mayNominate(_ pod: ObservedPod) -> Bool {
        guard pod.door == .scheduler else { return true }
        if pod.pinnedNode != nil { return pod.state.nominatedNode != pod.pinnedNode }
        return pod.state.group != nil
    }

    /// The answer to a nomination. What failed is asked for again by a later cycle; the room is kept in memory meanwhile.
    mutating func finishNomination(_ kind: Action.Kind, _ result: ActionResult, _ now: Int64) {
        guard case .nominate(let target, _) = kind else { return }
        switch result {
        case .succeeded: break
        case .notFound: self.forget(target.key, uid: target.uid)
        case .conflict, .unavailable, .unknown, .rejected, .found: self.retryLater(kind, now)
        }
    }

    /// What is left to do of a nomination that failed; nil where another one has been asked for.
    func wantedNomination(_ target: PodTarget, _ node: NodeName?) -> Action.Kind? {
        guard let pod = self.pods[target.key], pod.state.node == nil, self.nominationAsked[target.key] == .some(node)
        else { return nil }
        return .nominate(self.target(pod), node)
    }

    // MARK: Budgets

    /// Gangs below their minimum that no budget let go are looked at again.
    mutating func take(_ budgets: [DisruptionBudget], _ now: Int64) {
        guard self.budgets != budgets else { return }
        self.budgets = budgets
        for (group, hold) in self.partialGangs where hold.lookMillis == .max {
            self.partialGangs[group]?.lookMillis = now + self.configuration.partialGangMillis
        }
    }

    /// Whether the API server would let all of them go. A pod that does not run is under no budget.
    func budgetsAllow(_ keys: [PodKey]) -> Bool {
        let running = keys.compactMap { self.pods[$0]?.state }.filter { $0.node != nil }
        return self.budgets.allSatisfy { budget in
            let count = running.count(where: budget.covers)
            return count == 0 || count <= budget.disruptionsAllowed
        }
    }

    // MARK: Who waits, who is spared

    private mutating func pause(_ pods: [PodKey], _ now: Int64) {
        for key in pods {
            guard let uid = self.pods[key]?.uid else { continue }
            let count = self.pauses[uid]?.count ?? 0
            let wait = min(
                self.configuration.longestPreemptionMillis, self.configuration.preemptionMillis << Int64(min(count, 16))
            )
            self.pauses[uid] = PreemptionPause(untilMillis: now + wait, count: count + 1)
        }
    }

    /// The server refused to let it go: somebody else has to, or nobody.
    mutating func spare(_ target: PodTarget, _ now: Int64) {
        self.evicting[target.key] = nil
        self.spared[target.uid] = now + self.configuration.refusalMillis
        self.requestCycle(now)
    }

    /// Whether an eviction for somebody else, asked for again, would now take a gang below its minimum: it has lost others meanwhile.
    func wouldTearGang(by reason: EvictionReason, _ pod: ObservedPod) -> Bool {
        guard case .preempted = reason, let key = pod.state.group, let group = self.groups[key] else { return false }
        let left = self.pods.values.count { peer in
            // A member on a node that is lost is lost.
            let stands = peer.state.node.map { self.nodes[$0] != nil } ?? false
            return peer.state.group == key && stands && !peer.state.isTerminating && peer.uid != pod.uid
                && self.evicting[peer.state.key] != peer.uid
        }
        return left > 0 && left + 1 == group.minMember
    }

    /// Gangs of which a member has a node and is not bound yet. It may still fail, so nobody goes because it is there.
    func unsettledGroups() -> Set<PodGroupKey> {
        guard self.configuration.planner.preempts else { return [] }
        let deciding = self.pods.values.filter { pod in
            pod.state.node == nil && (pod.pinnedNode != nil || self.assumptions[pod.state.key] != nil)
        }
        return Set(deciding.compactMap(\.state.group))
    }

    /// What the planner is told of the pod besides what the watch has shown.
    func withPreemptionFacts(
        _ state: PodState, _ pod: ObservedPod, _ unsettled: Set<PodGroupKey>, _ now: Int64
    ) -> PodState {
        var state = state
        if state.isTerminating {
            let since = self.leaving[state.key] ?? now
            state.leavesLate = now - since >= self.configuration.leavingMillis
        }
        if let until = self.spared[pod.uid], until > now { state.isProtected = true }
        // Only what runs is evicted for somebody: a binding under way may still land.
        if state.node != nil, pod.state.node == nil { state.isProtected = true }
        if let group = state.group, unsettled.contains(group) { state.isProtected = true }
        guard state.node == nil else { return state }
        if let nomination = self.nominations[state.key], nomination.uid == pod.uid {
            state.nominatedNode = nomination.node
        }
        if let pause = self.pauses[pod.uid], pause.untilMillis > now { state.mayPreempt = false }
        return state
    }

    /// Ends what ends by itself, and says whether a cycle should look again.
    mutating func passPreemptionTime(_ now: Int64) {
        let isDue =
            self.spared.contains { $0.value <= now }
            || self.pauses.contains { $0.value.untilMillis <= now && !self.ended.contains($0.key) }
        self.spared = self.spared.filter { $0.value > now }
        self.ended.formUnion(self.pauses.filter { $0.value.untilMillis <= now }.keys)
        self.ended.subtract(self.pauses.filter { $0.value.untilMillis > now }.keys)
        let late = self.leaving.filter {
            now - $0.value >= self.configuration.leavingMillis && !self.late.contains($0.key)
        }
        self.late.formUnion(late.keys)
        if isDue || !late.isEmpty { self.requestCycle(now) }
    }

    /// The next time at which `passPreemptionTime` has something to do.
    var preemptionDeadlines: [Int64] {
        let spared = Array(self.spared.values)
        guard self.configuration.planner.preempts else { return spared }
        return spared
            + self.pauses.filter { !self.ended.contains($0.key) }.map(\.value.untilMillis)
            + self.leaving.filter { !self.late.contains($0.key) }.map { $0.value + self.configuration.leavingMillis }
    }

    mutating func forgetPreemption(of key: PodKey, uid: String) {
        self.nominations[key] = nil
        self.nominationAsked[key] = nil
        self.pauses[uid] = nil
        self.spared[uid] = nil
        self.ended.remove(uid)
        self.leaving[key] = nil
        self.late.remove(key)
    }
}
