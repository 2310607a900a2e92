import ControlLoop
import SchedulingCycle
import SchedulingModel

/// Checks after every step what must never happen, and at the end what must have happened.
struct Auditor {
    private(set) var finding: String?
    /// Two leaders may give room twice; then only the end counts.
    var forgiveUntilMillis: Int64 = -1
    /// Evictions for work of higher priority.
    var evictionCount = 0
    var launchCount = 0
    /// Nodes whose pods were moved away.
    var emptiedCount = 0
    /// Questions to the extender.
    var questionCount = 0
    /// Claims that somebody else has removed.
    var removedClaims: Set<String> = []
    private var mostDevices: [NodeName: [(atMillis: Int64, devices: Int64)]] = [:]

    mutating func report(_ finding: String) { self.finding = self.finding ?? finding }

    // MARK: Steps

    /// Members are let go only together with at least their minimum.
    mutating func check(_ actions: [Action], of replica: SimulatedReplica, atMillis now: Int64) {
        var going = replica.committed
        var gangs: Set<PodGroupKey> = []
        for action in actions {
            switch action.kind {
            case .release(let target, _), .bind(let target, _):
                going[target.key] = target.uid
                if let group = replica.view.pods[target.key]?.state.group { gangs.insert(group) }
            case .evict, .explain, .nominate, .read: break
            }
        }
        self.checkPreemptions(actions, of: replica, atMillis: now)
        self.checkMoves(actions, of: replica, atMillis: now)
        for key in gangs.sorted() {
            guard let group = replica.view.groups[key] else { continue }
            let members = replica.view.pods.values.filter { $0.state.group == key }
            let standing = members.count { pod in
                !pod.state.isTerminating
                    && (pod.state.node != nil || pod.pinnedNode != nil || going[pod.state.key] == pod.uid)
            }
            if standing < group.minMember {
                self.report("gang \(key) is let go with \(standing) of at least \(group.minMember) members at \(now)")
            }
        }
    }

    mutating func noteNode(_ node: NodeState, atMillis now: Int64) {
        self.mostDevices[node.name, default: []].append((now, node.allocatable[.nvidiaGPU]))
    }

    /// What Berth has put on a node fits it, as the node was at some time of the last minute.
    mutating func checkRoom(on name: NodeName, _ store: SimulatedStore, atMillis now: Int64) {
        guard now > self.forgiveUntilMillis else { return }
        let ours = store.pods.values.filter { pod in
            pod.isOurs && (pod.state.node ?? pod.observed.pinnedNode) == name
        }
        let taken = ours.reduce(0) { $0 + $1.state.requests[.nvidiaGPU] }
        let history = self.mostDevices[name] ?? []
        let start = history.lastIndex { $0.atMillis < now - 60_000 } ?? 0
        let most = history[min(start, history.count)...].map(\.devices).max() ?? 0
        if taken > most {
            let names = ours.map { "\($0.key)" }.sorted().joined(separator: ", ")
            self.report("\(name) is over-committed by us: \(taken) of \(most) devices for \(names) at \(now)")
        }
    }

    // MARK: The end

    func finalFinding(of world: ChaosWorld) -> String? {
        if let finding { return finding }
        for pod in world.store.podsByKey where pod.state.node == nil {
            if let pin = pod.observed.pinnedNode { return "\(pod.key) is pinned to \(pin) and not bound" }
        }
        for pod in world.store.podsByKey where pod.state.node == nil && pod.state.nominatedNode != nil {
            return "room is kept for \(pod.key) on \(pod.state.nominatedNode?.rawValue ?? ""), and nobody leaves it"
        }
        for pod in world.store.podsByKey where pod.state.isTerminating { return "\(pod.key) never ends" }
        for group in world.store.groups.values.sorted(by: { $0.key < $1.key }) {
            let standing = world.store.pods.values.count { $0.state.group == group.key && $0.state.node != nil }
            if standing > 0, standing < group.minMember, !world.store.isHeldByBudget(group.key) {
                return "gang \(group.key) holds room with \(standing) of at least \(group.minMember) members"
            }
        }
        return self.unplaced(world) ?? self.capacityFinding(of: world)
    }

    /// Whatever the planner would still place should have been.
    private func unplaced(_ world: ChaosWorld) -> String? {
        let cluster = world.store.observed
        let snapshot = ClusterSnapshot(
            nodes: cluster.nodes, pods: cluster.pods.map(\.state), groups: cluster.groups, topology: cluster.topology,
            budgets: cluster.budgets)
        do throws(RefusedPlan) {
            var configuration = PlannerConfiguration()
            configuration.preempts = true
            let plan = try Planner(configuration: configuration).plan(snapshot)
            if let preemption = plan.preemptions.first, let pod = preemption.reservations.first?.pod {
                return "\(pod) could have room made by \(preemption.victims) and still waits"
            }
            guard let first = plan.assignments.first else { return nil }
            return "\(first.pod) could stand on \(first.node) and still waits"
        } catch {
            return "the verifier refuses the last plan: \(error.violations)"
        }
    }
}
