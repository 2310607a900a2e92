public import SchedulingModel

extension SolverState {
    /// How a state was brought up to date.
    public enum UpdateResult: Sendable {
        /// At the cost of what changed.
        case inPlace
        /// Something changed that everything hangs on.
        case compiledAnew
    }

    /// Brings a state of facts in line with a newer snapshot: afterwards it answers as `SolverState(newer)` would.
    ///
    /// What pods hold on a node is counted anew for the nodes that changed and those that pods came to or left; the
    /// indexes follow. Shapes and counters are compiled again at first sight. Compiled anew as a whole is the state
    /// where nodes came or went, a node's devices or place in the topology changed, or a resource is asked for that
    /// nobody asked for before, or by nobody any more.
    ///
    /// In place means in the storage of this value: while a copy made before is still around, what changes is copied
    /// first, and the older value stays what it was. Who keeps an older state while the next is made keeps two and
    /// updates them in turn.
    ///
    /// - Precondition: Nothing is assumed.
    /// - Complexity: O(*c* log *n*), *c* changed objects and pods on their nodes. A pass over the pods where any came or
    ///   went, belong to a group that changed, or carry required anti-affinity.
    @discardableResult
    public mutating func update(_ changes: SnapshotChanges) -> UpdateResult { self.update(changes, to: nil) }

    /// The same for a caller who has the newer snapshot as a whole: it becomes this state's own.
    ///
    /// - Complexity: As above, and a comparison of every node and pod with the one before.
    @discardableResult
    public mutating func update(to newer: ClusterSnapshot) -> UpdateResult {
        self.update(self.snapshot.changes(to: newer), to: newer)
    }

    /// - Parameter newer: What the changes make of the snapshot, where that is at hand already.
    private mutating func update(_ changes: SnapshotChanges, to newer: ClusterSnapshot?) -> UpdateResult {
        precondition(self.log.isEmpty, "an update while \(self.log.count) decisions can be taken back")
        let changed = self.positions(of: changes)
        guard self.canUpdateInPlace(changes, changed) else {
            if newer == nil { self.snapshot.apply(changes) }
            self = SolverState(newer ?? self.snapshot)
            return .compiledAnew
        }
        let hadHeldTerms = !self.holdingCounters.isEmpty
        self.forgetCompiled(nodesChanged: !changes.nodes.isEmpty)
        let regroups = self.regroups(changes, changed)
        let touched = self.touchedNodes(changed)
        let settlers = self.apply(changes, changed, newer, vacating: touched)
        if regroups { self.groups = GroupTree(self.snapshot) }
        for node in changed.nodes { if let node { self.refreshNode(node) } }
        self.settle(settlers)
        for node in touched { self.reindex(node) }
        if hadHeldTerms || changes.pods.indices.contains(where: { changes.pods[$0].keepsOthersAway }) {
            self.compileHeldTerms()
        }
        if self.groups.hasExclusiveGroups { self.claimFactsOfExclusiveGroups() }
        return .inPlace
    }

    // MARK: What hangs on what

    /// Where the changed objects stand before the update, found once.
    struct ChangedPositions {
        /// Nil for a new one.
        let nodes: [Int?]
        /// Nil for a new one.
        let pods: [Int?]
        /// Per changed pod: the node it has from now on.
        let nodeByPod: [Int?]
        let removedPods: [Int]

        /// Whether no pod comes or goes.
        var keepsPods: Bool { self.removedPods.isEmpty && !self.pods.contains(nil) }
    }

    private func positions(of changes: SnapshotChanges) -> ChangedPositions {
        let pods = changes.pods.indices.map { self.snapshot.podIndex(of: changes.pods[$0].key) }
        return ChangedPositions(
            nodes: changes.nodes.indices.map { self.snapshot.nodeIndex(of: changes.nodes[$0].name) }, pods: pods,
            nodeByPod: changes.pods.indices.map { position in
                guard let name = changes.pods[position].node else { return nil }
                // Most pods that change stay where they are.
                if let old = pods[position], let node = self.node(of: old), self.snapshot.nodes[node].name == name {
                    return node
                }
                return self.snapshot.nodeIndex(of: name)
            },
            removedPods: changes.removedPods.compactMap { self.snapshot.podIndex(of: $0) })
    }

    private mutating func canUpdateInPlace(_ changes: SnapshotChanges, _ changed: ChangedPositions) -> Bool {
        guard changes.topology == nil, changes.removedNodes.isEmpty else { return false }
        let nodesKeepTheirShape = changed.nodes.indices.allSatisfy { position in
            guard let index = changed.nodes[position] else { return false }
            return self.snapshot.nodes[index].devicePools == changes.nodes[position].devicePools
                && self.snapshot.nodes[index].topologyPath == changes.nodes[position].topologyPath
                && self.snapshot.nodes[index].nvlinkDomain == changes.nodes[position].nvlinkDomain
        }
        return nodesKeepTheirShape && self.keepsResources(changes, changed)
    }

    /// Whether the same resources are asked for as before; if so, the count of who asks is brought up to date.
    private mutating func keepsResources(_ changes: SnapshotChanges, _ changed: ChangedPositions) -> Bool {
        let different = changed.pods.indices.filter { position in
            guard let old = changed.pods[position] else { return true }
            return self.snapshot.pods[old].requests != changes.pods[position].requests
        }
        if different.isEmpty, changed.removedPods.isEmpty { return true }
        var asking = self.askingByRow ?? self.countAsking()
        let before = asking
        for position in different {
            let pod = changes.pods[position]
            guard pod.requests.entries.allSatisfy({ self.row(of: $0.name) != nil }) else { return false }
            self.count(pod, 1, in: &asking)
            if let old = changed.pods[position] { self.count(self.snapshot.pods[old], -1, in: &asking) }
        }
        for old in changed.removedPods { self.count(self.snapshot.pods[old], -1, in: &asking) }
        self.askingByRow = asking
        return asking.indices.allSatisfy { (before[$0] > 0) == (asking[$0] > 0) }
    }

    private func countAsking() -> [Int] {
        var asking = [Int](repeating: 0, count: self.rowCount)
        for pod in self.snapshot.pods { self.count(pod, 1, in: &asking) }
        return asking
    }

    private func count(_ pod: PodState, _ delta: Int, in asking: inout [Int]) {
        for entry in pod.requests.entries {
            if let row = self.row(of: entry.name), row > 0 { asking[row] += delta }
        }
    }

    /// Whether any pod that changes is or was member of a group, positions move, or a group itself changes.
    private func regroups(_ changes: SnapshotChanges, _ changed: ChangedPositions) -> Bool {
        changes.groups != nil || !changed.keepsPods
            || changed.pods.indices.contains { position in
                guard let old = changed.pods[position] else { return true }
                return self.snapshot.pods[old].group != changes.pods[position].group
                    || self.snapshot.pods[old].rank != changes.pods[position].rank
            }
    }

    /// Nodes whose bookings change, ascending.
    private func touchedNodes(_ changed: ChangedPositions) -> [Int] {
        var nodes: [Int] = []
        nodes.reserveCapacity(changed.nodes.count + 2 * changed.pods.count + changed.removedPods.count)
        for case let node? in changed.nodes { nodes.append(node) }
        for case let node? in changed.nodeByPod { nodes.append(node) }
        for case let pod? in changed.pods where self.nodeByPod[pod] >= 0 { nodes.append(Int(self.nodeByPod[pod])) }
        for pod in changed.removedPods where self.nodeByPod[pod] >= 0 { nodes.append(Int(self.nodeByPod[pod])) }
        nodes.sort()
        var count = 0
        for node in nodes where count == 0 || nodes[count - 1] != node {
            nodes[count] = node
            count += 1
        }
        nodes.removeSubrange(count...)
        return nodes
    }

    /// What is compiled of the demand at first sight.
    private mutating func forgetCompiled(nodesChanged: Bool) {
        if !self.shapes.isEmpty {
            self.shapes = []
            self.rules = []
            self.requestRows = []
            self.requestAmounts = []
            self.shapesByFingerprint = [:]
            self.shapeByHoldingKind = []
            self.shapeKeys = []
            self.shapeByPod = Array(repeating: -1, count: self.snapshot.pods.count)
            self.partIndexes = Array(repeating: nil, count: self.partIndexes.count)
        }
        if !self.counters.isEmpty {
            self.counters = []
            self.counterBySubject = [:]
            self.holdingCounters = []
            self.countersByPod = [:]
            self.labelDomains = []
            self.labelRowByKey = [:]
        }
        if nodesChanged, !self.axes.isEmpty {
            self.axes = self.axes.filter { axis, _ in
                if case .label = axis { false } else { true }
            }
        }
        if !self.exclusiveOwners.isEmpty { self.exclusiveOwners = [:] }
        self.fillPlan = .none
        self.searchLimitReached = false
    }
}
