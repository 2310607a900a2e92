import SchedulingModel

/// An action to be asked for again.
struct Retry: Hashable {
    var dueMillis: Int64
    var kind: Action.Kind
}

/// What failures are counted per.
struct RetryKey: Hashable {
    enum Tag: Hashable, CaseIterable { case place, evict, explain, nominate, read }

    var uid: String
    var tag: Tag

    init(uid: String, tag: Tag) {
        self.uid = uid
        self.tag = tag
    }

    init(_ kind: Action.Kind) {
        self.uid = kind.target.uid
        switch kind {
        case .release, .bind: self.tag = .place
        case .evict: self.tag = .evict
        case .explain: self.tag = .explain
        case .nominate: self.tag = .nominate
        case .read: self.tag = .read
        }
    }
}

extension ControlLoop {
    /// Takes the answer to an action.
    ///
    /// An answer about a pod that has meanwhile been replaced under its name changes nothing.
    mutating func finish(_ id: ActionID, _ result: ActionResult, _ now: Int64) -> [Action] {
        guard let underWay = self.inFlight.removeValue(forKey: id) else { return [] }
        let action = underWay.action
        let target = action.target
        guard self.pods[target.key]?.uid == target.uid else { return [] }
        if case .nominate = action.kind {
            self.finishNomination(action.kind, result, now)
            return []
        }
        switch result {
        case .succeeded:
            let key = RetryKey(action.kind)
            self.failures[key] = nil
            // Only a placement casts doubt, and only its own success ends that before a read does.
            if key.tag == .place { self.doubts[target.uid] = nil }
        case .notFound:
            self.forget(target.key, uid: target.uid)
            self.requestCycle(now)
        case .found(let pod): return self.settle(target, by: pod, readSince: underWay.sinceMillis, now)
        case .unavailable: self.retryLater(action.kind, now)
        case .unknown:
            switch RetryKey(action.kind).tag {
            case .place: self.doubts[target.uid] = now + self.configuration.doubtMillis
            case .evict: self.evictionDoubts[target.uid] = now + self.configuration.doubtMillis
            case .explain, .nominate, .read: break
            }
            self.retryLater(action.kind, now)
        case .conflict: return self.overtaken(action.kind, now)
        case .rejected(let message): self.refuse(action.kind, message, now)
        }
        return []
    }

    /// Who has overtaken us, and how, only a fresh read tells. Until then the decision stands.
    private mutating func overtaken(_ kind: Action.Kind, _ now: Int64) -> [Action] {
        if case .explain = kind { self.explained[kind.target.key] = nil }
        let failures = self.failures[RetryKey(kind), default: 0]
        self.failures[RetryKey(kind)] = failures + 1
        if failures == 0 { return [self.action(.read(kind.target))] }
        self.retries.append(
            Retry(dueMillis: now + self.wait(after: failures), kind: .read(kind.target)))
        return []
    }

    mutating func retryLater(_ kind: Action.Kind, _ now: Int64) {
        let key = RetryKey(kind)
        let failures = self.failures[key, default: 0]
        self.failures[key] = failures + 1
        var next = kind
        switch kind {
        case .release, .bind: if failures >= self.configuration.retryLimit { next = .read(kind.target) }
        case .evict, .explain, .nominate, .read: break
        }
        self.retries.append(Retry(dueMillis: now + self.wait(after: failures), kind: next))
    }

    /// Between half of the doubled wait and all of it, so that replicas and pods do not ask in step.
    mutating func wait(after failures: Int) -> Int64 {
        let longest = max(self.configuration.retryMillis, self.configuration.longestRetryMillis)
        let wait = min(longest, self.configuration.retryMillis << Int64(min(failures, 16)))
        return wait / 2 + Int64(self.generator.int(in: 0...Int(max(0, wait - wait / 2))))
    }

    mutating func dueRetries(_ now: Int64) -> [Action] {
        let due = self.retries.filter { $0.dueMillis <= now }
        guard !due.isEmpty else { return [] }
        self.retries.removeAll { $0.dueMillis <= now }
        return due.compactMap { retry in self.wanted(retry.kind, now).map { self.action($0) } }
    }

    /// What is left to do of an action that failed a while ago; nil where the world has moved on.
    private mutating func wanted(_ kind: Action.Kind, _ now: Int64) -> Action.Kind? {
        let key = kind.target.key
        guard let pod = self.pods[key], pod.uid == kind.target.uid else { return nil }
        switch kind {
        case .read: return kind
        case .nominate(let target, let node): return self.wantedNomination(target, node)
        case .release(_, let assignment), .bind(_, let assignment):
            guard self.assumptions[key]?.assignment == assignment else { return nil }
            let isInVain = self.isOverCommitted(assignment.node) || self.isBelowMinimum(pod.state.group)
            return isInVain ? .read(self.target(pod)) : kind
        case .explain:
            return self.assumptions[key] == nil && pod.state.node == nil && pod.pinnedNode == nil
                ? kind : nil
        case .evict(_, let reason):
            let isWanted = self.stillCalls(for: reason, pod) && !self.wouldTearGang(by: reason, pod)
            if !pod.state.isTerminating, isWanted { return kind }
            if self.waitsForLostEviction(kind, now) { return nil }
            // It is a member of its gang again, and nobody else will say so.
            self.evicting[key] = nil
            self.requestCycle(now)
            return nil
        }
    }

    private mutating func refuse(_ kind: Action.Kind, _ message: String, _ now: Int64) {
        let until = now + self.configuration.refusalMillis
        switch kind {
        case .release(let target, _), .bind(let target, _):
            // An earlier try whose reply was lost may still arrive: its room is kept until a later read.
            guard self.doubts[target.uid] == nil else {
                self.retries.append(Retry(dueMillis: until, kind: .read(target)))
                return
            }
            self.assumptions[target.key] = nil
            self.refusals[target.key] = Refusal(uid: target.uid, message: message, untilMillis: until)
            self.requestCycle(now)
        case .evict(let target, .preempted), .evict(let target, .pinnedToLostNode),
            .evict(let target, .pinnedWithoutRoom), .evict(let target, .gangIncomplete):
            // It stays a member of its gang, and the next cycles judge again whether it has to go.
            if !self.waitsForLostEviction(kind, now) { self.spare(target, now) }
        case .evict(let target, .consolidated(let node)):
            if !self.waitsForLostEviction(kind, now) { self.spare(target, now) }
            self.cancelEmptying(node, now)
        case .evict, .read: self.retries.append(Retry(dueMillis: until, kind: kind))
        case .explain, .nominate: break
        }
    }

    /// An eviction that is refused, or not called for any more, while an earlier try of it may still arrive: until then the pod counts as
    /// leaving, so that nobody relies on its staying.
    private mutating func waitsForLostEviction(_ kind: Action.Kind, _ now: Int64) -> Bool {
        guard let doubt = self.evictionDoubts[kind.target.uid], doubt > now else { return false }
        self.retries.append(Retry(dueMillis: doubt, kind: kind))
        return true
    }

    /// What the server itself shows tells whether a decision was carried out.
    ///
    /// One that was not carried out only because the pod had changed is asked for again as it was: its room is kept meanwhile,
    /// so that nobody takes it from a gang that has begun. One that is not wanted any more keeps its room as long as a try of it
    /// may still arrive: only its answer, or a read made after that time, ends the doubt. Where the node is gone the pod is planned
    /// anew at once; should the node come back under its name in that time, nothing is placed there.
    private mutating func settle(
        _ target: PodTarget, by pod: ObservedPod, readSince: Int64, _ now: Int64
    ) -> [Action] {
        let decision = self.assumptions[target.key]
        // A pod of another UID is news for the watch to bring.
        if pod.uid == target.uid { self.see(pod, now) } else { self.forget(target.key, uid: target.uid) }
        self.nominationAsked[target.key] = nil
        self.failures[RetryKey(.read(target))] = nil
        self.retries.removeAll { $0.kind.target.key == target.key }
        if let doubt = self.evictionDoubts[target.uid], readSince < doubt, self.evicting[target.key] == target.uid {
            self.retries.append(Retry(dueMillis: doubt, kind: .read(target)))
        } else {
            self.evicting[target.key] = nil
        }
        self.requestCycle(now)
        guard let known = self.pods[target.key], self.isOpen(known), let decision, decision.uid == known.uid else {
            self.doubts[target.uid] = nil
            self.assumptions[target.key] = nil
            return []
        }
        let node = decision.assignment.node
        if let doubt = self.doubts[target.uid], readSince >= doubt { self.doubts[target.uid] = nil }
        let isWanted =
            known.door != .scheduler && !self.isOverCommitted(node) && !self.isBelowMinimum(known.state.group)
        if isWanted {
            return [self.assume(decision.assignment, self.target(known), isRelease: known.door == .gate)]
        }
        let doubt = self.doubts[target.uid]
        let mayLand = doubt != nil || self.isPlacing(known)
        if mayLand, self.nodes[node] == nil {
            self.uncertainNodes[node] = max(
                self.uncertainNodes[node] ?? 0, doubt ?? now + self.configuration.doubtMillis)
        } else if mayLand {
            // Where there is no doubt yet, the answer to the try tells.
            if let doubt { self.retries.append(Retry(dueMillis: doubt, kind: .read(self.target(known)))) }
            return []
        }
        self.doubts[target.uid] = nil
        self.assumptions[target.key] = nil
        return []
    }

    /// Whether a release or binding has no answer yet: it may still land, and its answer is looked at when it comes.
    private func isPlacing(_ pod: ObservedPod) -> Bool {
        self.inFlight.values.contains { underWay in
            underWay.action.target.uid == pod.uid && RetryKey(underWay.action.kind).tag == .place
        }
    }

    /// Whether it still waits to be let go or bound.
    private func isOpen(_ pod: ObservedPod) -> Bool {
        pod.state.node == nil && pod.pinnedNode == nil && !pod.state.isTerminating
    }
}

extension Action.Kind {
    var target: PodTarget { Action(id: ActionID(rawValue: 0), kind: self).target }
}
