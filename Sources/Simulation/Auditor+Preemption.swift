import ControlLoop
import SchedulingModel

/// Evictions for work of higher priority, judged by what the replica that asks for them has been shown.
extension Auditor {
    mutating func checkPreemptions(_ actions: [Action], of replica: SimulatedReplica, atMillis now: Int64) {
        var victims: [ObservedPod] = []
        // Asked for again after a lost reply it is the same eviction: budgets have counted it, and the server judges it.
        var again: [ObservedPod] = []
        for action in actions {
            guard case .evict(let target, .preempted(let key)) = action.kind else { continue }
            guard let victim = replica.pod(target.key), victim.uid == target.uid, victim.state.node != nil else {
                self.report("\(target.key) is evicted for \(key) and does not run, at \(now)")
                continue
            }
            guard let preemptor = replica.pod(key), preemptor.state.node == nil else {
                self.report("\(target.key) is evicted for \(key), which does not wait, at \(now)")
                continue
            }
            if victim.state.priority >= preemptor.state.priority {
                self.report("\(target.key) is evicted for \(key), which is no more important, at \(now)")
            }
            if replica.evicted.contains(victim.uid) { again.append(victim) } else { victims.append(victim) }
        }
        self.evictionCount += victims.count
        self.checkBudgets(victims, replica, now)
        self.checkGangs(victims, again, replica, now)
    }

    private mutating func checkBudgets(_ victims: [ObservedPod], _ replica: SimulatedReplica, _ now: Int64) {
        for budget in replica.view.budgets {
            let taken = victims.count { budget.covers($0.state) }
            if taken > budget.disruptionsAllowed {
                self.report("\(taken) evictions where \(budget.name) allows \(budget.disruptionsAllowed), at \(now)")
            }
        }
    }

    /// A gang is left whole above its minimum, or nothing of it is left that is not on its way out. What is asked for again may find it
    /// below its minimum, and does not take it there.
    private mutating func checkGangs(
        _ victims: [ObservedPod], _ again: [ObservedPod], _ replica: SimulatedReplica, _ now: Int64
    ) {
        let gone = Set((victims + again).map(\.uid))
        let torn = Set(victims.compactMap(\.state.group))
        for key in Set((victims + again).compactMap(\.state.group)).sorted() {
            guard let group = replica.view.groups[key] else { continue }
            let left = replica.view.pods.keys.compactMap(replica.pod).count { pod in
                // A member on a node that is lost is lost.
                let stands = pod.state.node.map { replica.view.nodes[$0] != nil } ?? false
                return pod.state.group == key && stands && !pod.state.isTerminating && !gone.contains(pod.uid)
                    && !replica.evicted.contains(pod.uid)
            }
            let before = left + again.count { $0.state.group == key }
            if left > 0, left < group.minMember, torn.contains(key) || before >= group.minMember {
                self.report("gang \(key) is left with \(left) of at least \(group.minMember) members at \(now)")
            }
        }
    }
}
