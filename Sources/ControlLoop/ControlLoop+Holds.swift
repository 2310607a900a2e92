import PlacementSolver
import SchedulingModel

/// Room that is held for nothing: pins that no scheduler can honour, gangs below their minimum.
extension ControlLoop {
    /// Evictions that free such room, where a controller makes the pods anew.
    mutating func evictions(_ plan: Plan, _ snapshot: ClusterSnapshot, _ now: Int64) -> [Action] {
        self.notePartialGangs(plan, snapshot, now)
        var reasons: [PodKey: EvictionReason] = [:]
        for (key, reason) in self.uselessPins(now) { reasons[key] = reason }
        if let group = self.gangToHoldAgain(snapshot, now) {
            let members = self.evictableMembers(of: group, snapshot)
            if self.budgetsAllow(members) {
                for key in members where reasons[key] == nil { reasons[key] = .gangIncomplete(group) }
            } else {
                // Nothing to look at before a budget changes.
                self.partialGangs[group]?.lookMillis = .max
            }
        }
        return reasons.sorted { $0.key < $1.key }.compactMap { key, reason in
            guard let pod = self.pods[key], self.evicting[key] != pod.uid, self.spared[pod.uid] == nil else {
                return nil
            }
            self.evicting[key] = pod.uid
            return self.action(.evict(self.target(pod), reason))
        }
    }

    /// Whether an eviction that failed a while ago is still called for.
    func stillCalls(for reason: EvictionReason, _ pod: ObservedPod) -> Bool {
        switch reason {
        case .pinnedToLostNode(let node): pod.state.node == nil && self.nodes[node] == nil
        case .pinnedWithoutRoom: pod.state.node == nil
        case .gangIncomplete(let group): self.partialGangs[group] != nil
        case .preempted(let preemptor): self.nominations[preemptor] != nil
        case .interrupted(let node): self.capacity.notices[node] != nil && pod.state.node == node
        case .consolidated(let node): if case .emptying? = self.capacity.giving[node] { true } else { false }
        case .gangMoves(_, let node): self.capacity.notices[node] != nil && pod.state.node != nil
        }
    }

    // MARK: Pins

    /// A pin can never be changed: where its node is gone or full, only a new pod helps.
    private mutating func uselessPins(_ now: Int64) -> [(PodKey, EvictionReason)] {
        let waiting = self.pins.keys.sorted().compactMap { self.pods[$0] }.filter(\.isRecreated)
        var useless: [(PodKey, EvictionReason)] = []
        var looks: [ObservedPod] = []
        for pod in waiting {
            guard let node = pod.pinnedNode else { continue }
            if self.nodes[node] == nil {
                useless.append((pod.state.key, .pinnedToLostNode(node)))
            } else if let pin = self.pins[pod.state.key], pin.lookMillis <= now {
                looks.append(pod)
            }
        }
        for key in self.pins.keys where self.pins[key].map({ $0.lookMillis <= now }) ?? false {
            self.pins[key]?.lookMillis = now + self.configuration.pinMillis
        }
        guard !looks.isEmpty else { return useless }
        for pod in looks {
            guard let node = pod.pinnedNode, let pin = self.pins[pod.state.key] else { continue }
            // Who is leaving makes room soon; not for ever.
            let isPatient = now - pin.sinceMillis < 4 * self.configuration.pinMillis
            if !self.couldBeBound(pod, to: node, besidesLeaving: !isPatient) {
                useless.append((pod.state.key, .pinnedWithoutRoom(node)))
            }
        }
        return useless
    }

    /// Whether a scheduler could bind it now, other pins aside.
    private func couldBeBound(_ pod: ObservedPod, to node: NodeName, besidesLeaving: Bool) -> Bool {
        var states = self.pods.values.map(\.state).filter {
            $0.node != nil && (besidesLeaving || !$0.isTerminating)
        }
        var state = pod.state
        state.standing = .pending
        state.group = nil
        states.append(state)
        let snapshot = ClusterSnapshot(
            nodes: Array(self.nodes.values), pods: states, topology: self.topology)
        var solver = SolverState(snapshot)
        guard let pod = snapshot.podIndex(of: state.key), let index = snapshot.nodeIndex(of: node)
        else { return false }
        return solver.fit(pod, on: index) != nil
    }

    /// Whether pods ask for more of a resource than the node has, decisions under way counted.
    func isOverCommitted(_ name: NodeName) -> Bool {
        guard let node = self.nodes[name] else { return true }
        var free = node.allocatable
        for pod in self.pods.values {
            if self.place(of: pod) == name { free.subtract(pod.state.requests) }
        }
        return free.entries.contains { $0.amount < 0 }
    }

    // MARK: Gangs

    /// Whether the leaf group has fewer members that stand, or are about to, than its minimum.
    func isBelowMinimum(_ key: PodGroupKey?) -> Bool {
        guard let key, let group = self.groups[key] else { return false }
        let standing = self.pods.values.count { pod in
            pod.state.group == key && !pod.state.isTerminating && self.place(of: pod) != nil
        }
        return standing < group.minMember
    }

    /// One at a time, so that the room it frees can complete another: the least important, of those the youngest, then the last by key.
    private mutating func gangToHoldAgain(_ snapshot: ClusterSnapshot, _ now: Int64) -> PodGroupKey? {
        let due = self.partialGangs.filter { $0.value.lookMillis <= now }.map(\.key)
        for group in due { self.partialGangs[group]?.lookMillis = now + self.configuration.partialGangMillis }
        let tops = PodGroup.topGroups(of: snapshot.groups)
        let ranks = due.filter { !self.isAwaited($0, now) }.map { group in
            let members = snapshot.pods.filter { pod in pod.group.map { tops[$0] ?? $0 } == group }
            let priority = members.map(\.priority).max() ?? 0
            return (importance: (Int64(priority), -(members.map(\.creationSeconds).min() ?? 0)), group: group)
        }
        return ranks.min { $0.importance != $1.importance ? $0.importance < $1.importance : $0.group > $1.group }?.group
    }

    private mutating func notePartialGangs(_ plan: Plan, _ snapshot: ClusterSnapshot, _ now: Int64) {
        let standing = GangStanding(snapshot, plan)
        var partial: [PodGroupKey: Hold] = [:]
        let look = now + self.configuration.partialGangMillis
        for key in standing.incompleteTopGroups {
            partial[key] = self.partialGangs[key] ?? Hold(sinceMillis: now, lookMillis: look)
        }
        self.partialGangs = partial
    }

    /// All members that hold room; none while a decision on one is under way, or where one would not come back.
    private func evictableMembers(of group: PodGroupKey, _ snapshot: ClusterSnapshot) -> [PodKey] {
        let tops = PodGroup.topGroups(of: snapshot.groups)
        let members = self.pods.values.filter { pod in
            pod.state.group.map { tops[$0] ?? $0 } == group && !pod.state.isTerminating
        }
        let holders = members.filter { $0.state.node != nil || $0.pinnedNode != nil }
        let isSettled = members.allSatisfy { self.assumptions[$0.state.key] == nil }
        return isSettled && holders.allSatisfy(\.isRecreated) ? holders.map(\.state.key) : []
    }
}

/// Which gangs stand whole.
struct GangStanding {
    /// Top groups that hold room with fewer members than their minimum, sorted.
    private(set) var incompleteTopGroups: [PodGroupKey] = []
    private static let depthLimit = 16

    init(_ snapshot: ClusterSnapshot, _ plan: Plan) {
        let placed = Set(plan.assignments.map(\.pod))
        self.init(
            members: snapshot.pods.filter { $0.node != nil || placed.contains($0.key) }, of: snapshot.groups)
    }

    /// - Parameter members: The pods that hold room, or are about to.
    init(members: [PodState], of groups: [PodGroup]) {
        let tops = PodGroup.topGroups(of: groups)
        var counts: [PodGroupKey: Int] = [:]
        for pod in members { if let group = pod.group { counts[group, default: 0] += 1 } }
        let children = Dictionary(grouping: groups.filter { $0.parent != nil }) { $0.parent }
        // A ring of parents is a broken declaration, and reported elsewhere.
        func isSatisfied(_ group: PodGroup, depth: Int = 0) -> Bool {
            guard depth < Self.depthLimit else { return true }
            let below = children[group.key] ?? []
            let count =
                below.isEmpty
                ? counts[group.key, default: 0] : below.count { isSatisfied($0, depth: depth + 1) }
            return count >= group.minMember
        }
        let holding = Set(counts.keys.map { tops[$0] ?? $0 })
        self.incompleteTopGroups = groups.filter {
            holding.contains($0.key) && !isSatisfied($0)
        }
        .map(\.key).sorted()
    }
}
