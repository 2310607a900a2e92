import ControlLoop
import SchedulingModel

/// What becomes of a replica's calls.
extension ChaosWorld {
    struct Call {
        var replica: Int
        var generation: Int
        var action: Action
        /// Nil: the answer is lost, or was given as unknown before.
        var replyAfterMillis: Int64?
    }

    enum Fate: CaseIterable {
        case done, delayed, lostAfter, lostBefore, late, unavailable, conflict, rejected, crash
    }

    /// Performs the actions as far as the process lives.
    mutating func send(_ actions: [Action], from index: Int) {
        for action in actions {
            guard self.replicas[index].isAlive else { return }
            self.send(action, from: index)
        }
    }

    mutating func fate() -> Fate {
        guard !self.isHealing, self.generator.once(in: self.options.callFaultOdds) else { return .done }
        let fates = Fate.allCases.filter { $0 != .done }
        let fate = self.generator.pick(fates)
        // A refusal by policy, and a crash, are rarer than a bad network.
        return fate == .rejected && !self.generator.once(in: 3) ? .delayed : fate
    }

    private mutating func send(_ action: Action, from index: Int) {
        let generation = self.replicas[index].generation
        var call = Call(replica: index, generation: generation, action: action, replyAfterMillis: nil)
        let quick = 1...40
        let fate = self.fate()
        switch fate {
        case .done:
            call.replyAfterMillis = Int64(self.generator.int(in: 1...20))
            self.after(quick, .land(call))
            return
        case .delayed:
            call.replyAfterMillis = Int64(self.generator.int(in: 1...1000))
            self.after(100...2000, .land(call))
        case .lostAfter:
            self.after(quick, .land(call))
            self.after(100...1000, .reply(index, generation: generation, action.id, .unknown))
        case .lostBefore:
            self.after(100...1000, .reply(index, generation: generation, action.id, .unknown))
        case .late:
            self.replicas[index].noteLost(action, untilMillis: self.now + 2500)
            self.after(1000...2500, .land(call))
            self.after(100...1000, .reply(index, generation: generation, action.id, .unknown))
        case .unavailable: self.after(quick, .reply(index, generation: generation, action.id, .unavailable))
        case .conflict: self.after(quick, .reply(index, generation: generation, action.id, .conflict))
        case .rejected:
            self.after(quick, .reply(index, generation: generation, action.id, .rejected("denied by a policy")))
        case .crash:
            if self.generator.once(in: 2) { self.after(quick, .land(call)) }
            self.crash(index)
        }
        self.count("call \(fate)")
        self.note("\(action.id) of replica \(index) is \(fate)")
    }

    mutating func land(_ call: Call) {
        let result = self.performed(call.action)
        self.note("\(call.action.id) of replica \(call.replica) lands: \(result.brief)")
        guard let wait = call.replyAfterMillis else { return }
        self.queue.schedule(
            .reply(call.replica, generation: call.generation, call.action.id, result), atMillis: self.now + wait)
    }

    private mutating func performed(_ action: Action) -> ActionResult {
        let target = action.target
        switch action.kind {
        case .release(_, let assignment):
            let result = self.store.release(target, to: assignment.node)
            if result == .succeeded { self.auditor.checkRoom(on: assignment.node, self.store, atMillis: self.now) }
            return result
        case .bind(_, let assignment):
            let result = self.store.bind(target.key, uid: target.uid, to: assignment.node, isOurs: true)
            if result == .succeeded { self.auditor.checkRoom(on: assignment.node, self.store, atMillis: self.now) }
            return result
        case .evict: return self.store.evict(target.key, uid: target.uid)
        case .nominate(_, let node): return self.store.nominate(target, node)
        case .explain:
            guard let pod = self.store.pods[target.key] else { return .notFound }
            return pod.observed.uid == target.uid ? .succeeded : .conflict
        case .read: return self.store.pods[target.key].map { .found($0.observed) } ?? .notFound
        }
    }
}

extension Action.Kind {
    /// For traces.
    var brief: String {
        switch self {
        case .release(let target, let assignment): "release \(target.key) \(target.uid) to \(assignment.node)"
        case .bind(let target, let assignment): "bind \(target.key) \(target.uid) to \(assignment.node)"
        case .evict(let target, let reason): "evict \(target.key) \(target.uid) \(reason)"
        case .explain(let target, let pending): "explain \(target.key) \(pending.reason.rawValue)"
        case .nominate(let target, let node): "nominate \(target.key) to \(node.map(\.rawValue) ?? "nowhere")"
        case .read(let target): "read \(target.key)"
        }
    }
}

extension ActionResult {
    var brief: String {
        guard case .found(let pod) = self else { return "\(self)" }
        return
            "found \(pod.uid) \(pod.door) \(pod.state.standing) pinned \(pod.pinnedNode.map(\.rawValue) ?? "nowhere")"
    }
}
