import SchedulingModel

extension ControlLoop {
    /// - Returns: The nodes that are gone, sorted.
    mutating func replaceAll(by cluster: ObservedCluster, _ now: Int64) -> [NodeName] {
        self.hasSynced = true
        self.topology = cluster.topology
        let before = self.nodes.keys
        self.nodes = Dictionary(cluster.nodes.map { ($0.name, $0) }) { $1 }
        for name in before where self.nodes[name] == nil { self.noteNodeGone(name) }
        self.capacity.pools = cluster.pools
        self.replaceClaims(by: cluster.claims, now)
        self.take(cluster.budgets, now)
        self.groups = Dictionary(cluster.groups.map { ($0.key, $0) }) { $1 }
        let listed = Dictionary(cluster.pods.map { ($0.state.key, $0) }) { $1 }
        for (key, pod) in self.pods where listed[key] == nil { self.forget(key, uid: pod.uid) }
        for pod in listed.values { self.see(pod, now) }
        for node in cluster.nodes { self.noteNode(node, now) }
        return before.filter { self.nodes[$0] == nil }.sorted()
    }

    /// - Returns: Whether it was news.
    @discardableResult
    mutating func see(_ pod: ObservedPod, _ now: Int64) -> Bool {
        let key = pod.state.key
        if let known = self.pods[key] {
            guard pod.version > known.version || (pod.version == known.version && pod.uid == known.uid)
            else {
                return false
            }
            if pod.uid != known.uid { self.forget(key, uid: known.uid) }
        }
        self.pods[key] = pod
        if pod.state.node != nil || pod.pinnedNode != nil || pod.state.isTerminating {
            self.assumptions[key] = nil
        }
        if pod.state.isTerminating, self.leaving[key] == nil { self.leaving[key] = now }
        // What was asked for has arrived.
        if self.nominationAsked[key] == .some(pod.state.nominatedNode) { self.nominationAsked[key] = nil }
        if pod.pinnedNode == nil || pod.state.node != nil || pod.state.isTerminating {
            self.pins[key] = nil
        } else if self.pins[key] == nil {
            self.pins[key] = Hold(sinceMillis: now, lookMillis: now + self.configuration.pinMillis)
        }
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
        self.pins[key] = nil
        self.forgetPreemption(of: key, uid: uid)
        self.dropRetries(of: key, uid: uid)
        return true
    }

    mutating func dropRetries(of key: PodKey, uid: String) {
        self.retries.removeAll { $0.kind.target.key == key }
        self.doubts[uid] = nil
        self.evictionDoubts[uid] = nil
        for tag in RetryKey.Tag.allCases { self.failures[RetryKey(uid: uid, tag: tag)] = nil }
    }

    func target(_ pod: ObservedPod) -> PodTarget {
        PodTarget(key: pod.state.key, uid: pod.uid, version: pod.version)
    }

    /// A decision for a node that is gone may have been carried out or not: only the server knows.
    mutating func checkAssumptions(on node: NodeName) -> [Action] {
        guard self.isLeader else { return [] }
        let pods = self.assumptions.values.filter { $0.assignment.node == node }.map(\.assignment.pod)
            .sorted()
        return pods.compactMap { key in self.pods[key].map { self.target($0) } }.map {
            self.action(.read($0))
        }
    }
}
