import SchedulingModel

extension ControlLoop {
    mutating func replaceAll(by cluster: ObservedCluster) {
        self.hasSynced = true
        self.topology = cluster.topology
        self.nodes = Dictionary(cluster.nodes.map { ($0.name, $0) }) { $1 }
        self.groups = Dictionary(cluster.groups.map { ($0.key, $0) }) { $1 }
        let listed = Dictionary(cluster.pods.map { ($0.state.key, $0) }) { $1 }
        for (key, pod) in self.pods where listed[key] == nil { self.forget(key, uid: pod.uid) }
        for pod in listed.values { self.see(pod) }
    }

    /// - Returns: Whether it was news.
    @discardableResult
    mutating func see(_ pod: ObservedPod) -> Bool {
        let key = pod.state.key
        if let known = self.pods[key] {
            guard pod.version > known.version || (pod.version == known.version && pod.uid == known.uid) else {
                return false
            }
            if pod.uid != known.uid { self.forget(key, uid: known.uid) }
        }
        self.pods[key] = pod
        if pod.state.node != nil || pod.pinnedNode != nil || pod.state.isTerminating { self.assumptions[key] = nil }
        return true
    }

    /// - Returns: Whether the pod was known.
    @discardableResult
    mutating func forget(_ key: PodKey, uid: String) -> Bool {
        guard self.pods[key]?.uid == uid else { return false }
        self.pods[key] = nil
        self.assumptions[key] = nil
        self.refusals[key] = nil
        self.explained[key] = nil
        self.evicting[key] = nil
        self.retries.removeAll { $0.kind.target.key == key }
        return true
    }

    func target(_ pod: ObservedPod) -> PodTarget {
        PodTarget(key: pod.state.key, uid: pod.uid, version: pod.version)
    }

    /// A decision for a node that is gone may have been carried out or not: only the server knows.
    mutating func checkAssumptions(on node: NodeName) -> [Action] {
        guard self.isLeader else { return [] }
        let pods = self.assumptions.values.filter { $0.assignment.node == node }.map(\.assignment.pod).sorted()
        return pods.compactMap { key in self.pods[key].map { self.target($0) } }.map { self.action(.read($0)) }
    }

    /// Takes the answer to an action.
    ///
    /// An answer about a pod that has meanwhile been replaced under its name changes nothing.
    mutating func finish(_ id: ActionID, _ result: ActionResult, _ now: Int64) -> [Action] {
        guard let action = self.inFlight.removeValue(forKey: id) else { return [] }
        let target = action.target
        guard self.pods[target.key]?.uid == target.uid else { return [] }
        switch result {
        case .succeeded: return []
        case .notFound:
            self.forget(target.key, uid: target.uid)
            self.requestCycle(now)
        case .found(let pod): return self.settle(target, by: pod, now)
        case .unavailable, .unknown: self.retryLater(action.kind, now)
        case .conflict:
            if case .explain = action.kind { self.explained[target.key] = nil }
            // Who has overtaken us, and how, only a fresh read tells. Until then the decision stands.
            return [self.action(.read(target))]
        case .rejected(let message): self.refuse(action.kind, message, now)
        }
        return []
    }

    private mutating func retryLater(_ kind: Action.Kind, _ now: Int64) {
        self.retries.append(Retry(dueMillis: now + self.configuration.retryMillis, kind: kind))
    }

    private mutating func refuse(_ kind: Action.Kind, _ message: String, _ now: Int64) {
        let until = now + self.configuration.refusalMillis
        switch kind {
        case .release(let target, _), .bind(let target, _):
            self.assumptions[target.key] = nil
            self.refusals[target.key] = Refusal(uid: target.uid, message: message, untilMillis: until)
            self.requestCycle(now)
        case .evict, .read: self.retries.append(Retry(dueMillis: until, kind: kind))
        case .explain: break
        }
    }

    /// What the server itself shows ends every doubt about a decision: it was carried out, or it was not.
    ///
    /// A decision that was not carried out only because the pod had changed is asked for again as it was: its room is kept
    /// meanwhile, so that nobody takes it from a gang that has begun.
    private mutating func settle(_ target: PodTarget, by pod: ObservedPod, _ now: Int64) -> [Action] {
        let decision = self.assumptions[target.key]
        // A pod of another UID is news for the watch to bring.
        if pod.uid == target.uid { self.see(pod) } else { self.forget(target.key, uid: target.uid) }
        self.evicting[target.key] = nil
        self.retries.removeAll { $0.kind.target.key == target.key }
        self.requestCycle(now)
        guard let decision, decision.uid == pod.uid, let known = self.pods[target.key], self.isOpen(known),
            self.nodes[decision.assignment.node] != nil
        else {
            self.assumptions[target.key] = nil
            return []
        }
        switch known.door {
        case .gate: return [self.assume(decision.assignment, self.target(known), isRelease: true)]
        case .binding: return [self.assume(decision.assignment, self.target(known), isRelease: false)]
        case .scheduler:
            self.assumptions[target.key] = nil
            return []
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
