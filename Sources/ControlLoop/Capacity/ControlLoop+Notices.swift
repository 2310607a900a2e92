import CapacityPlanner
import SchedulingModel

/// Nodes that their cloud takes back: tainted, their pods told, replaced, emptied in time.
extension ControlLoop {
    mutating func take(_ notice: TakenNotice, _ now: Int64) {
        guard self.isLeader, let name = self.capacity.nodeByMachine[notice.machine] else { return }
        // Likelier than others to be taken is no reason to pay twice: the gang is told, and nothing else.
        guard let time = notice.atMillis else { return self.mark(name, by: nil) }
        // Told so late that the machine would be gone: it was not taken.
        guard time - self.configuration.epochMillis > now - Self.liftMillis else { return }
        self.takeNotice(name, atMillis: time - self.configuration.epochMillis, from: "cloud", now)
    }

    /// What the node's own taints say. A time that counts from the first look is taken once.
    mutating func takeSignals(of node: NodeState, _ now: Int64) {
        self.rememberNotice(node, now)
        for signal in NodeSignal.all(of: node) {
            switch signal.time {
            case .at(let millis):
                self.takeNotice(
                    node.name, atMillis: millis - self.configuration.epochMillis, from: signal.source, now)
            case .within(let millis):
                guard self.capacity.notices[node.name]?.sources.contains(signal.source) != true else { continue }
                self.takeNotice(node.name, atMillis: now + millis, from: signal.source, now)
            case .unknown: self.mark(node.name, by: nil)
            }
        }
    }

    /// The earlier of two times counts.
    mutating func takeNotice(_ name: NodeName, atMillis time: Int64, from source: String, _ now: Int64) {
        guard self.isLeader, self.nodes[name] != nil else { return }
        let groups = self.groups(on: name)
        var notice =
            self.capacity.notices[name]
            ?? CapacityState.Notice(
                spot: SpotNotice(node: name, groups: groups.sorted()), takenMillis: .max, sinceMillis: now)
        notice.groups.formUnion(groups)
        // A restart knows the source of what it remembers again once it sees it.
        notice.sources.insert(source)
        // A taint has whole seconds.
        guard time < notice.takenMillis - 1000 else {
            self.capacity.notices[name]?.sources.insert(source)
            return
        }
        let isFirst = self.capacity.notices[name] == nil && source != Taint.interruptionKey
        if isFirst, let claim = self.nodes[name].flatMap(self.claim) { self.note(.interrupted, claim) }
        notice.takenMillis = time
        // Of a short notice the trainer gets one half and the end of its pods the other.
        notice.spot.evictionLeadSeconds = min(
            notice.spot.evictionLeadSeconds, max(0, (time - notice.sinceMillis) / 2000))
        // Nobody is evicted before the second that was promised.
        _ = notice.spot.noticed(.interruption(atSeconds: (time + 999) / 1000), atSeconds: now / 1000)
        // The next cycles plan without the node, and buy what is missing then.
        notice.spot.replacementOrdered()
        self.capacity.notices[name] = notice
        self.capacity.giving[name] = nil
        self.record(
            name, notice,
            .noticed(
                takenMillis: self.wallMillis(notice.takenMillis), evictMillis: self.wallMillis(notice.evictMillis)),
            from: source, now)
        self.tellOfNotices()
        self.requestCycle(now)
    }

    /// Each cycle again: a binding may have been under way at the notice.
    mutating func tellOfNotices() {
        for (name, notice) in self.capacity.notices.sorted(by: { $0.key < $1.key }) {
            let groups = self.groups(on: name)
            self.capacity.notices[name]?.groups.formUnion(groups)
            self.mark(name, by: self.wallMillis(notice.evictMillis))
        }
    }

    mutating func record(
        _ name: NodeName, _ notice: CapacityState.Notice, _ kind: NoticeRecord.Kind, from source: String? = nil,
        _ now: Int64
    ) {
        self.capacity.noticeRecords.append(
            NoticeRecord(
                atMillis: self.wallMillis(now), node: name,
                source: source ?? notice.sources.sorted().joined(separator: ","), gangs: notice.groups.sorted(),
                kind: kind)
        )
    }

    /// What happened to notices since this was last asked. To be asked after every `apply`.
    public mutating func takeNoticeRecords() -> [NoticeRecord] {
        defer { self.capacity.noticeRecords = [] }
        return self.capacity.noticeRecords
    }

    /// A node with our taint was noticed before this process led.
    private mutating func rememberNotice(_ node: NodeState, _ now: Int64) {
        guard !self.capacity.lifted.contains(node.name), self.capacity.notices[node.name] == nil,
            let taint = node.taints.first(where: { $0.key == Taint.interruptionKey }), let seconds = Int64(taint.value),
            (0..<Self.endOfTime).contains(seconds)
        else { return }
        let time = seconds * 1000 - self.configuration.epochMillis
        if self.isOver(time, node, now) {
            self.capacity.lifted.insert(node.name)
        } else {
            self.takeNotice(node.name, atMillis: time, from: taint.key, now)
        }
    }

    /// A time of which anybody may have written anything is not calculated with beyond this.
    private static let endOfTime: Int64 = 1 << 40

    /// Of pods that are there, or about to be.
    private func groups(on name: NodeName) -> Set<PodGroupKey> {
        Set(
            self.pods.values.compactMap { pod in
                self.place(of: pod) == name ? pod.state.group : nil
            })
    }

    /// All pods on the node, and all members of their gangs wherever they are.
    private mutating func mark(_ name: NodeName, by millis: Int64?) {
        let groups = self.groups(on: name)
        // Who came to the gang later does not run for the sake of those who were on the node.
        let notice = self.capacity.notices[name]
        let until = notice.map { self.wallMillis($0.sinceMillis) / 1000 } ?? .min
        for pod in self.pods.values where pod.state.node != nil && !pod.state.isTerminating && !pod.state.belongsToNode
        {
            let isMember = pod.state.group.map { group in
                groups.contains(group)
                    || notice?.groups.contains(group) ?? false && pod.state.creationSeconds <= until
            }
            guard pod.state.node == name || isMember ?? false else { continue }
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
        case .succeeded, .recorded, .launched, .refused, .underWay, .machines, .notFound, .conflict, .rejected:
            mark.isDone = true
        }
        self.capacity.marks[target.key] = mark
    }

    /// Evictions from nodes whose time has come, and the end of those that are empty.
    mutating func stepNotices(_ now: Int64) -> [Action] {
        var actions: [Action] = []
        for name in self.capacity.notices.keys.sorted() {
            guard var notice = self.capacity.notices[name] else { continue }
            let wasEvicting = notice.spot.isEvicting
            _ = notice.spot.tick(atSeconds: now / 1000)
            self.capacity.notices[name] = notice
            self.endIfUnused(name, notice, now)
            if self.liftIfOver(name, notice, now) { continue }
            guard notice.spot.isEvicting else { continue }
            if !wasEvicting { self.record(name, notice, .evicting, now) }
            actions += self.evictMovingGangs(from: name)
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

    /// How long after its time a node that is still there is believed to stay.
    private static let liftMillis: Int64 = 300_000

    /// A machine that was not taken after all, or came back after a redeployment, is used again.
    private mutating func liftIfOver(_ name: NodeName, _ notice: CapacityState.Notice, _ now: Int64) -> Bool {
        guard let node = self.nodes[name], self.isOver(notice.takenMillis, node, now) else { return false }
        self.record(name, notice, .lifted, now)
        self.capacity.notices[name] = nil
        self.capacity.lifted.insert(name)
        self.requestCycle(now)
        return true
    }

    private func isOver(_ takenMillis: Int64, _ node: NodeState, _ now: Int64) -> Bool {
        now >= takenMillis + Self.liftMillis && !node.taints.contains { $0.key == Taint.notReady.key }
            && NodeSignal.all(of: node).isEmpty
    }

    /// When `liftIfOver` has something to look at.
    func liftDeadline(_ notice: CapacityState.Notice) -> Int64 { notice.takenMillis + Self.liftMillis }
}
