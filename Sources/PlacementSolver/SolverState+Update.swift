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
    public mutating func update(_ changes: SnapshotChanges) -> UpdateResult {
        precondition(self.log.isEmpty, "an update while \(self.log.count) decisions can be taken back")
        let changed = ChangedPositions(changes, in: self.snapshot)
        guard self.canUpdateInPlace(changes, changed) else {
            self.snapshot.apply(changes)
            self = SolverState(self.snapshot)
            return .compiledAnew
        }
        let hadHeldTerms = !self.holdingCounters.isEmpty
        self.forgetCompiled(nodesChanged: !changes.nodes.isEmpty)
        let regroups = self.regroups(changes, changed)
        let touched = self.touchedNodes(changed)
        let settlers = self.apply(changes, changed, vacating: touched)
        if regroups { self.groups = GroupTree(self.snapshot) }
        for node in changed.nodes { if let node { self.refreshNode(node) } }
        self.settle(settlers)
        for node in touched { self.reindex(node) }
        if hadHeldTerms || changes.pods.contains(where: { !$0.constraints.requiredPodAntiAffinity.isEmpty }) {
            self.compileHeldTerms()
        }
        if self.groups.hasExclusiveGroups { self.claimFactsOfExclusiveGroups() }
        return .inPlace
    }

    // MARK: What hangs on what

    /// Where the changed objects stand before the update, found once.
    private struct ChangedPositions {
        /// Nil for a new one.
        let nodes: [Int?]
        /// Nil for a new one.
        let pods: [Int?]
        /// Per changed pod: the node it has from now on.
        let nodeByPod: [Int?]
        let removedPods: [Int]

        init(_ changes: SnapshotChanges, in snapshot: ClusterSnapshot) {
            self.nodes = changes.nodes.map { snapshot.nodeIndex(of: $0.name) }
            self.pods = changes.pods.map { snapshot.podIndex(of: $0.key) }
            self.nodeByPod = changes.pods.map { pod in pod.node.flatMap { snapshot.nodeIndex(of: $0) } }
            self.removedPods = changes.removedPods.compactMap { snapshot.podIndex(of: $0) }
        }

        /// Whether no pod comes or goes.
        var keepsPods: Bool { self.removedPods.isEmpty && !self.pods.contains(nil) }
    }

    private mutating func canUpdateInPlace(_ changes: SnapshotChanges, _ changed: ChangedPositions) -> Bool {
        guard changes.topology == nil, changes.removedNodes.isEmpty else { return false }
        let nodesKeepTheirShape = zip(changes.nodes, changed.nodes).allSatisfy { node, index in
            guard let index else { return false }
            let old = self.snapshot.nodes[index]
            return old.devicePools == node.devicePools && old.topologyPath == node.topologyPath
                && old.nvlinkDomain == node.nvlinkDomain
        }
        return nodesKeepTheirShape && self.keepsResources(changes, changed)
    }

    /// Whether the same resources are asked for as before; if so, the count of who asks is brought up to date.
    private mutating func keepsResources(_ changes: SnapshotChanges, _ changed: ChangedPositions) -> Bool {
        var asking = self.askingByRow ?? self.countAsking()
        let before = asking
        for (pod, old) in zip(changes.pods, changed.pods) {
            if let old, self.snapshot.pods[old].requests == pod.requests { continue }
            guard pod.requests.entries.allSatisfy({ self.row(of: $0.name) != nil }) else { return false }
            self.count(pod, 1, in: &asking)
            if let old { self.count(self.snapshot.pods[old], -1, in: &asking) }
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
            || zip(changes.pods, changed.pods).contains { pod, old in
                guard let old else { return true }
                return self.snapshot.pods[old].group != pod.group || self.snapshot.pods[old].rank != pod.rank
            }
    }

    /// Nodes whose bookings change, ascending.
    private func touchedNodes(_ changed: ChangedPositions) -> [Int] {
        let known = changed.pods.compactMap(\.self) + changed.removedPods
        var nodes = changed.nodes.compactMap(\.self) + changed.nodeByPod.compactMap(\.self)
        nodes += known.compactMap { self.node(of: $0) }
        nodes.sort()
        var last = -1
        return nodes.filter { node in
            defer { last = node }
            return node != last
        }
    }

    // MARK: Bookings

    /// A pod and a node that it may have from now on.
    private struct Settler {
        let pod: Int
        let node: Int
    }

    /// Brings the snapshot up to date while nobody is on the touched nodes.
    ///
    /// - Returns: Who is to be booked there again.
    private mutating func apply(
        _ changes: SnapshotChanges, _ changed: ChangedPositions, vacating touched: [Int]
    ) -> [Settler] {
        var settlers = self.vacate(touched)
        if changed.keepsPods {
            self.snapshot.replace(changes, nodesAt: changed.nodes, podsAt: changed.pods)
            for (pod, node) in zip(changed.pods, changed.nodeByPod) {
                if let pod, let node { settlers.append(Settler(pod: pod, node: node)) }
            }
            return settlers
        }
        if let moves = self.snapshot.apply(changes) {
            let positions = self.movePods(moves)
            settlers = settlers.compactMap { settler in
                positions[settler.pod] < 0 ? nil : Settler(pod: Int(positions[settler.pod]), node: settler.node)
            }
        }
        for (pod, node) in zip(changes.pods, changed.nodeByPod) {
            guard let node, let position = self.snapshot.podIndex(of: pod.key) else { continue }
            settlers.append(Settler(pod: position, node: node))
        }
        return settlers
    }

    /// What is compiled of the demand at first sight.
    private mutating func forgetCompiled(nodesChanged: Bool) {
        if !self.shapes.isEmpty {
            self.shapes = []
            self.rules = []
            self.requestRows = []
            self.requestAmounts = []
            self.shapesByFingerprint = [:]
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

    /// Takes all pods off these nodes; the indexes are the caller's.
    ///
    /// - Returns: Who was there.
    private mutating func vacate(_ nodes: [Int]) -> [Settler] {
        var residents: [Settler] = []
        for node in nodes {
            let first = residents.count
            self.forEachPod(on: node) { residents.append(Settler(pod: $0, node: node)) }
            for resident in residents[first...] {
                self.nodeByPod[resident.pod] = -1
                self.nextPodOnNode[resident.pod] = -1
                self.previousPodOnNode[resident.pod] = -1
                self.heldByPod[resident.pod] = .none
            }
            self.firstPodOnNode[node] = -1
            if !self.hostPortsByNode.isEmpty { self.hostPortsByNode[node] = nil }
            self.devices.clear(node)
            self.freeEverything(on: node)
        }
        return residents
    }

    private mutating func freeEverything(on node: Int) {
        for place in node * self.rowCount..<(node + 1) * self.rowCount {
            self.free[place] = self.allocatable[place]
        }
    }

    private mutating func refreshNode(_ node: Int) {
        let start = node * self.rowCount
        for place in start..<start + self.rowCount { self.allocatable[place] = 0 }
        Self.write(self.snapshot.nodes[node].allocatable, at: start, of: &self.allocatable, self.rowByResource)
        self.freeEverything(on: node)
        self.nodeKinds.update(node, to: self.snapshot.nodes[node])
    }

    /// Books pods anew where the snapshot says they are, in the order of the pods.
    private mutating func settle(_ settlers: [Settler]) {
        var unknown: [Int] = []
        for settler in settlers.sorted(by: { $0.pod < $1.pod }) where self.nodeByPod[settler.pod] < 0 {
            // A resident that moves is named with the node it leaves as well.
            guard self.snapshot.pods[settler.pod].node == self.snapshot.nodes[settler.node].name else { continue }
            if !self.bookFact(settler.pod, on: settler.node) { unknown.append(settler.pod) }
        }
        self.assumeHeldDevices(unknown)
    }

    /// - Parameter moves: Per pod its position before, -1 for a new one.
    /// - Returns: Per position before the new one, -1 for a pod that is gone.
    private mutating func movePods(_ moves: [Int32]) -> [Int32] {
        var positions = [Int32](repeating: -1, count: self.nodeByPod.count)
        for (new, old) in moves.enumerated() where old >= 0 { positions[Int(old)] = Int32(new) }
        self.nodeByPod = moves.map { $0 < 0 ? -1 : self.nodeByPod[Int($0)] }
        self.heldByPod = moves.map { $0 < 0 ? .none : self.heldByPod[Int($0)] }
        let moved = { (pod: Int32) in pod < 0 ? -1 : positions[Int(pod)] }
        self.nextPodOnNode = moves.map { $0 < 0 ? -1 : moved(self.nextPodOnNode[Int($0)]) }
        self.previousPodOnNode = moves.map { $0 < 0 ? -1 : moved(self.previousPodOnNode[Int($0)]) }
        for node in self.firstPodOnNode.indices { self.firstPodOnNode[node] = moved(self.firstPodOnNode[node]) }
        self.shapeByPod = Array(repeating: -1, count: moves.count)
        return positions
    }
}
