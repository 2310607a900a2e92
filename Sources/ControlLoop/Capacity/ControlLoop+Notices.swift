import CapacityPlanner
import SchedulingModel

/// Nodes that their cloud takes back: tainted, their pods told, replaced, emptied in time.
extension ControlLoop {
    /// Taints by which others say that a node is about to go, and the time that is left from then on.
    static let foreignNotices: [String: Int64] = [
        "aws-node-termination-handler/spot-itn": 120_000,
        "cloud.google.com/impending-node-termination": 25_000,
    ]

    mutating func take(_ notice: TakenNotice, _ now: Int64) {
        guard self.isLeader, let name = self.capacity.nodeByMachine[notice.machine] else { return }
        // Likelier than others to be taken is no reason to pay twice: the gang is told, and nothing else.
        guard let time = notice.atMillis else { return self.mark(name, by: nil) }
        self.takeNotice(name, atMillis: time - self.configuration.epochMillis, now)
    }

    /// The earlier of two times counts.
    mutating func takeNotice(_ name: NodeName, atMillis time: Int64, _ now: Int64) {
        guard self.isLeader, self.nodes[name] != nil else { return }
        let groups = Set(self.pods.values.filter { $0.state.node == name }.compactMap(\.state.group)).sorted()
        var notice =
            self.capacity.notices[name]
            ?? CapacityState.Notice(
                spot: SpotNotice(node: name, groups: groups), takenMillis: .max, sinceMillis: now)
        // A taint has whole seconds.
        guard time < notice.takenMillis - 1000 else { return }
        notice.takenMillis = time
        _ = notice.spot.noticed(.interruption(atSeconds: time / 1000), atSeconds: now / 1000)
        // The next cycles plan without the node, and buy what is missing then.
        notice.spot.replacementOrdered()
        self.capacity.notices[name] = notice
        self.capacity.giving[name] = nil
        self.tellOfNotices()
        self.requestCycle(now)
    }

    /// Each cycle again: a binding may have been under way at the notice.
    mutating func tellOfNotices() {
        for (name, notice) in self.capacity.notices.sorted(by: { $0.key < $1.key }) {
            let millis = notice.takenMillis - notice.spot.evictionLeadSeconds * 1000
            self.mark(name, by: self.wallMillis(millis))
        }
    }

    /// A node with our taint was noticed before this process led.
    mutating func rememberNotice(_ node: NodeState, _ now: Int64) {
        for taint in node.taints where taint.key == Taint.interruptionKey {
            guard let seconds = Int64(taint.value) else { continue }
            self.takeNotice(node.name, atMillis: seconds * 1000 - self.configuration.epochMillis, now)
        }
    }

    /// All pods on the node, and all members of their gangs wherever they are.
    private mutating func mark(_ name: NodeName, by millis: Int64?) {
        let groups = Set(self.pods.values.filter { $0.state.node == name }.compactMap(\.state.group))
        for pod in self.pods.values where pod.state.node != nil && !pod.state.isTerminating && !pod.state.belongsToNode
        {
            guard pod.state.node == name || pod.state.group.map(groups.contains) ?? false else { continue }
            let mark = CheckpointMark(node: name, byMillis: millis)
            if let known = self.capacity.marks[pod.state.key], known.target.uid == pod.uid,
                (known.mark.byMillis ?? .max) <= (millis ?? .max)
            {
                continue
            }
            self.capacity.marks[pod.state.key] = CapacityState.Mark(target: self.target(pod), mark: mark)
        }
    }

    mutating func stepMarks(_ now: Int64) {
        for key in self.capacity.marks.keys.sorted() {
            guard var mark = self.capacity.marks[key], !mark.isDone, mark.work.isFree(now) else { continue }
            guard self.pods[key]?.uid == mark.target.uid else {
                self.capacity.marks[key] = nil
                continue
            }
            mark.work.retryMillis = .min
            mark.work.busy = self.ask(.mark(mark.target, mark.mark), now)
            self.capacity.marks[key] = mark
        }
    }

    mutating func marked(_ target: PodTarget, _ asked: CheckpointMark, _ result: PoolResult, _ now: Int64) {
        guard var mark = self.capacity.marks[target.key], mark.target == target, mark.mark == asked else { return }
        mark.work.busy = nil
        switch result {
        case .unavailable, .unknown:
            mark.work.retryMillis = now + self.wait(after: mark.work.failures)
            mark.work.failures += 1
        case .succeeded, .recorded, .launched, .refused, .machines, .notFound, .conflict, .rejected: mark.isDone = true
        }
        self.capacity.marks[target.key] = mark
    }

    /// Evictions from nodes whose time has come, and the end of those that are empty.
    mutating func stepNotices(_ now: Int64) -> [Action] {
        var actions: [Action] = []
        for name in self.capacity.notices.keys.sorted() {
            guard var notice = self.capacity.notices[name] else { continue }
            _ = notice.spot.tick(atSeconds: now / 1000)
            self.capacity.notices[name] = notice
            self.endIfUnused(name, notice, now)
            guard notice.spot.isEvicting else { continue }
            for pod in self.pods.values.filter({ $0.state.node == name }).sorted(by: { $0.state.key < $1.state.key }) {
                guard !pod.state.isTerminating, !pod.state.belongsToNode, self.evicting[pod.state.key] != pod.uid else {
                    continue
                }
                self.evicting[pod.state.key] = pod.uid
                actions.append(self.action(.evict(self.target(pod), .interrupted(name))))
            }
        }
        return actions
    }

    /// Nobody uses the node any more, and nobody can come: there is nothing to wait for.
    private mutating func endIfUnused(_ name: NodeName, _ notice: CapacityState.Notice, _ now: Int64) {
        guard now >= notice.sinceMillis + self.configuration.settleMillis, let node = self.nodes[name],
            node.taints.contains(where: { $0.key == Taint.interruptionKey }), let machine = node.machine,
            let token = self.capacity.token(of: machine), !self.nodesInUse().contains(name)
        else { return }
        self.capacity.launches[token]?.claim.set(machine, to: .leaving)
    }
}
