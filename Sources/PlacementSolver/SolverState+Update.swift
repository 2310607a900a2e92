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
        guard self.canUpdateInPlace(changes) else {
            self.snapshot.apply(changes)
            self = SolverState(self.snapshot)
            return .compiledAnew
        }
        let hadHeldTerms = !self.holdingCounters.isEmpty
        self.forgetCompiled(nodesChanged: !changes.nodes.isEmpty)
        var regroups = self.regroups(changes)
        var residents = self.vacate(self.touchedNodes(changes))
        if let moves = self.snapshot.apply(changes) {
            let positions = self.movePods(moves)
            residents = residents.compactMap { positions[$0] < 0 ? nil : Int(positions[$0]) }
            regroups = true
        }
        if regroups { self.groups = GroupTree(self.snapshot) }
        self.refreshNodes(changes.nodes)
        self.settle(residents + changes.pods.compactMap { self.snapshot.podIndex(of: $0.key) })
        if hadHeldTerms || changes.pods.contains(where: { !$0.constraints.requiredPodAntiAffinity.isEmpty }) {
            self.compileHeldTerms()
        }
        if self.groups.hasExclusiveGroups { self.claimFactsOfExclusiveGroups() }
        return .inPlace
    }

    // MARK: What hangs on what

    private mutating func canUpdateInPlace(_ changes: SnapshotChanges) -> Bool {
        guard changes.topology == nil, changes.removedNodes.isEmpty else { return false }
        let nodesKeepTheirShape = changes.nodes.allSatisfy { node in
            guard let index = self.snapshot.nodeIndex(of: node.name) else { return false }
            let old = self.snapshot.nodes[index]
            return old.devicePools == node.devicePools && old.topologyPath == node.topologyPath
                && old.nvlinkDomain == node.nvlinkDomain
        }
        return nodesKeepTheirShape && self.keepsResources(changes)
    }

    /// Whether the same resources are asked for as before; if so, the count of who asks is brought up to date.
    private mutating func keepsResources(_ changes: SnapshotChanges) -> Bool {
        var asking = self.askingByRow ?? self.countAsking()
        let before = asking
        for pod in changes.pods {
            guard pod.requests.entries.allSatisfy({ self.rowByResource[$0.name] != nil }) else { return false }
            self.count(pod, 1, in: &asking)
            if let old = self.snapshot.podIndex(of: pod.key) { self.count(self.snapshot.pods[old], -1, in: &asking) }
        }
        for key in changes.removedPods {
            if let old = self.snapshot.podIndex(of: key) { self.count(self.snapshot.pods[old], -1, in: &asking) }
        }
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
            if let row = self.rowByResource[entry.name], row > 0 { asking[row] += delta }
        }
    }

    /// Whether any pod that changes is or was member of a group, or a group itself changes.
    private func regroups(_ changes: SnapshotChanges) -> Bool {
        changes.groups != nil
            || changes.pods.contains { pod in
                guard let index = self.snapshot.podIndex(of: pod.key) else { return pod.group != nil }
                let old = self.snapshot.pods[index]
                return old.group != pod.group || old.rank != pod.rank
            }
    }

    /// Nodes whose bookings change, ascending.
    private func touchedNodes(_ changes: SnapshotChanges) -> [Int] {
        var nodes = changes.nodes.compactMap { self.snapshot.nodeIndex(of: $0.name) }
        for key in changes.pods.map(\.key) + changes.removedPods {
            if let pod = self.snapshot.podIndex(of: key), let node = self.node(of: pod) { nodes.append(node) }
        }
        for pod in changes.pods {
            if let name = pod.node, let node = self.snapshot.nodeIndex(of: name) { nodes.append(node) }
        }
        nodes.sort()
        var last = -1
        return nodes.filter { node in
            defer { last = node }
            return node != last
        }
    }

    // MARK: Bookings

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

    /// Takes all pods off these nodes.
    ///
    /// - Returns: Who was there.
    private mutating func vacate(_ nodes: [Int]) -> [Int] {
        var residents: [Int] = []
        for node in nodes {
            let first = residents.count
            self.forEachPod(on: node) { residents.append($0) }
            for pod in residents[first...] {
                self.nodeByPod[pod] = -1
                self.nextPodOnNode[pod] = -1
                self.previousPodOnNode[pod] = -1
                self.heldByPod[pod] = .none
            }
            self.firstPodOnNode[node] = -1
            self.hostPortsByNode[node] = nil
            self.devices.clear(node)
            for place in node * self.rowCount..<(node + 1) * self.rowCount {
                self.free[place] = self.allocatable[place]
            }
            self.reindex(node)
        }
        return residents
    }

    private mutating func refreshNodes(_ nodes: [NodeState]) {
        for node in nodes {
            guard let index = self.snapshot.nodeIndex(of: node.name) else { continue }
            let places = index * self.rowCount..<(index + 1) * self.rowCount
            for place in places { self.allocatable[place] = 0 }
            Self.write(node.allocatable, at: places.lowerBound, of: &self.allocatable, self.rowByResource)
            for place in places { self.free[place] = self.allocatable[place] }
            self.nodeKinds.update(index, to: node)
            self.reindex(index)
        }
    }

    /// Books pods anew on the nodes that the snapshot says they have.
    private mutating func settle(_ pods: [Int]) {
        var unknown: [Int] = []
        var touched: [Int] = []
        for pod in pods.sorted() where self.nodeByPod[pod] < 0 {
            guard let name = self.snapshot.pods[pod].node, let node = self.snapshot.nodeIndex(of: name) else {
                continue
            }
            if !self.bookFact(pod, on: node) { unknown.append(pod) }
            touched.append(node)
        }
        self.assumeHeldDevices(unknown)
        for node in touched { self.reindex(node) }
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
