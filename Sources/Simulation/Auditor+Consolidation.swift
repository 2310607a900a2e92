import ControlLoop
import SchedulingCycle
import SchedulingModel

/// Pods that are moved for money's sake: never in part, never against their mark or budget, never without a place to go.
extension Auditor {
    mutating func checkMoves(_ actions: [Action], of replica: SimulatedReplica, atMillis now: Int64) {
        var moved: [NodeName: [ObservedPod]] = [:]
        for action in actions {
            guard case .evict(let target, .consolidated(let node)) = action.kind,
                let pod = replica.view.pods[target.key], pod.uid == target.uid
            else { continue }
            moved[node, default: []].append(pod)
        }
        guard let (node, pods) = moved.first else { return }
        // A retry asks for one pod alone.
        let news = pods.filter { !replica.evicted.contains($0.uid) }
        guard news.count == pods.count else { return }
        self.emptiedCount += 1
        if moved.count > 1 { self.report("\(moved.keys.sorted()) are emptied at once at \(now)") }
        if let pod = pods.first(where: { $0.state.refusesDisruption }) {
            self.report("\(pod.state.key) is moved against its mark at \(now)")
        }
        let keys = Set(pods.map(\.state.key))
        for group in Set(pods.compactMap(\.state.group)).sorted() {
            let left = replica.view.pods.values.filter {
                $0.state.group == group && $0.state.node != nil && !$0.state.isTerminating
                    && !keys.contains($0.state.key)
            }
            if let pod = left.min(by: { $0.state.key < $1.state.key }) {
                self.report("gang \(group) is moved without \(pod.state.key) at \(now)")
            }
        }
        for budget in replica.view.budgets
        where pods.count(where: { budget.covers($0.state) }) > budget.disruptionsAllowed {
            self.report("the budget \(budget.name) does not allow what is moved off \(node) at \(now)")
        }
        self.checkRoom(for: keys, besides: node, of: replica, atMillis: now)
    }

    /// Without the node all of them have a place, while nobody else comes or goes.
    private mutating func checkRoom(
        for moved: Set<PodKey>, besides node: NodeName, of replica: SimulatedReplica, atMillis now: Int64
    ) {
        guard let published = replica.loop.published else { return }
        let places = Dictionary(published.plan.assignments.map { ($0.pod, $0.node) }) { $1 }
        let pods = published.snapshot.pods.compactMap { state -> PodState? in
            var pod = state
            if let place = places[pod.key] { pod.standing = .bound(place) }
            if moved.contains(pod.key) {
                pod.standing = .pending
            } else if pod.node == nil || pod.node == node {
                return nil
            }
            return pod
        }
        let snapshot = ClusterSnapshot(
            nodes: published.snapshot.nodes.filter { $0.name != node }, pods: pods, groups: published.snapshot.groups,
            topology: published.snapshot.topology)
        guard let plan = try? Planner().plan(snapshot) else { return }
        if let pod = plan.pending.first { self.report("\(pod.pod) is moved off \(node) and has no place at \(now)") }
    }
}
