import CapacityPlanner
import SchedulingModel

/// Where nodes that are bought meet the loop: after each event, at each change of leader, and when time passes.
extension ControlLoop {
    /// What follows from what is known now. Claims, lists, taints and marks have one thing under way each.
    mutating func stepCapacity(_ now: Int64) -> [Action] {
        guard self.isLeader, self.hasSynced else { return [] }
        self.settleGiving(now)
        let actions = self.stepNotices(now)
        for token in self.capacity.launches.keys.sorted() { self.stepLaunch(token, now) }
        self.stepLists(now)
        self.stepTaints(now)
        self.stepMarks(now)
        return actions
    }

    /// Everything that was bought is looked at: by its claim, and by what the provider has.
    mutating func takeOverCapacity(_ now: Int64) {
        for token in self.capacity.observed.keys.sorted() {
            if let claim = self.capacity.observed[token] { self.adopt(claim, now) }
        }
        for pool in Set(self.capacity.pools.map(\.name) + self.capacity.observed.values.map(\.pool)) {
            self.capacity.requestList(pool, atMillis: now)
        }
        for node in self.nodes.values.sorted(by: { $0.name < $1.name }) { self.noteNode(node, now) }
    }

    mutating func stepDownCapacity() {
        var state = CapacityState(self.configuration)
        state.pools = self.capacity.pools
        state.observed = self.capacity.observed
        state.nodeByMachine = self.capacity.nodeByMachine
        state.forgotten = self.capacity.forgotten
        state.gone = self.capacity.gone
        state.launchCount = self.capacity.launchCount
        self.capacity = state
    }

    /// What became of bought machines, before anything is decided on their account; and whether a decision falls due by itself.
    mutating func passCapacityTime(_ now: Int64) {
        guard self.hasSynced else { return }
        self.noteMachines(now)
        if self.cycleDeadlines.contains(where: { $0 <= now }) { self.requestCycle(now) }
    }

    /// When the next cycle has something to decide about nodes that it had not before.
    private var cycleDeadlines: [Int64] {
        let state = self.capacity
        guard !state.isIdle else { return [] }
        var deadlines = state.idleSince.values.map { $0 + self.configuration.idleMillis }
        if let since = state.demandSinceMillis { deadlines.append(since + self.configuration.purchaseDelayMillis) }
        deadlines += self.moveDeadlines
        deadlines += [state.unblockMillis, self.nextPoolChangeMillis, state.consolidation.lookMillis].compactMap(\.self)
        return deadlines.filter { $0 > state.examinedMillis }
    }

    var capacityDeadlines: [Int64] {
        let state = self.capacity
        guard !state.isIdle || !state.marks.isEmpty || !state.lifted.isEmpty else { return [] }
        var deadlines = self.cycleDeadlines
        for launch in state.launches.values {
            deadlines += [launch.work.deadline].compactMap(\.self)
            if !launch.claim.machines(.expected).isEmpty { deadlines.append(self.joinDeadline(launch)) }
            deadlines += launch.missingSince.values.map { $0 + self.configuration.joinMillis }
        }
        for list in state.lists.values where list.work.busy == nil {
            if let due = list.dueMillis { deadlines.append(max(due, list.work.retryMillis)) }
        }
        deadlines += state.taintWork.values.compactMap(\.deadline)
        deadlines += state.marks.values.filter { !$0.isDone }.compactMap(\.work.deadline)
        for case .draining(let since?) in state.giving.values {
            deadlines.append(since + self.configuration.settleMillis)
        }
        for case .emptying(let emptying) in state.giving.values { deadlines += self.deadline(emptying) }
        for notice in state.notices.values {
            if let seconds = notice.spot.nextDeadline { deadlines.append(seconds * 1000) }
            deadlines.append(notice.sinceMillis + self.configuration.settleMillis)
            deadlines.append(self.liftDeadline(notice))
        }
        // What was due has been looked at by the last event.
        return deadlines.filter { $0 > self.lastMillis }
    }

    /// Nodes that nothing is placed on although the watch does not show why yet.
    func closedNodes() -> Set<NodeName> {
        var names = Set(self.capacity.notices.keys)
        for (name, giving) in self.capacity.giving where giving != .cancelled { names.insert(name) }
        for launch in self.capacity.launches.values {
            names.formUnion(launch.claim.machines(.leaving).compactMap { self.capacity.nodeByMachine[$0] })
        }
        return names
    }
}
