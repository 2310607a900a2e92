public import SchedulingModel

extension SolverState {
    /// The shape of a pod, compiled at first sight.
    @inline(__always)
    mutating func shape(of pod: Int) -> Int {
        let known = self.shapeByPod[pod]
        return known >= 0 ? Int(known) : self.intern(pod)
    }

    /// Finds the shapes of all demand, so that copies of the state made later need not find them again.
    public mutating func compileShapesOfDemand() {
        for pod in self.demand() { _ = self.shape(of: pod) }
    }

    /// Puts a pod that is no part of the cluster in the place of a pending one, so that questions about it can be asked without
    /// compiling the cluster anew.
    ///
    /// - Returns: False, and nothing has changed, for a pod that asks for a resource nobody has, or is member of a group: these need
    ///   a state of their own.
    public mutating func seat(_ guest: PodState, at index: Int) -> Bool {
        precondition(self.nodeByPod[index] < 0 && self.groups.leafByPod[index] < 0, "the place is taken")
        let isKnown = guest.requests.entries.allSatisfy { self.rowByResource[$0.name] != nil }
        guard isKnown, guest.group == nil else { return false }
        self.snapshot.seat(guest, at: index)
        self.shapeByPod[index] = -1
        self.holdings.forget(index)
        self.countersByPod[index] = nil
        return true
    }

    private mutating func intern(_ pod: Int) -> Int {
        let kind = Int(self.holdings.kindByPod[pod])
        let shape =
            self.shape(ofHoldingKind: kind) ?? self.knownShape(of: self.snapshot.pods[pod])
            ?? self.compile(ShapeKey(self.snapshot.pods[pod]))
        self.shapeByPod[pod] = Int32(shape)
        if kind >= 0 { self.note(shape, ofHoldingKind: kind) }
        return shape
    }

    private func shape(ofHoldingKind kind: Int) -> Int? {
        guard self.shapeByHoldingKind.indices.contains(kind), self.shapeByHoldingKind[kind] >= 0 else { return nil }
        return Int(self.shapeByHoldingKind[kind])
    }

    private mutating func note(_ shape: Int, ofHoldingKind kind: Int) {
        while self.shapeByHoldingKind.count <= kind { self.shapeByHoldingKind.append(-1) }
        self.shapeByHoldingKind[kind] = Int32(shape)
    }

    /// Pods of one shape stand together, so the shape found last is looked at first.
    private mutating func knownShape(of pod: PodState) -> Int? {
        if self.lastShape < self.shapeKeys.count, self.shapeKeys[self.lastShape].isKey(of: pod) {
            return self.lastShape
        }
        let known = self.shapesByFingerprint[ShapeKey.fingerprint(pod)]?.first {
            self.shapeKeys[Int($0)].isKey(of: pod)
        }
        if let known { self.lastShape = Int(known) }
        return known.map { Int($0) }
    }

    private mutating func compile(_ key: ShapeKey) -> Int {
        let constraints = key.constraints
        let (allowed, shared, meetsSoftTaints) = self.nodes(for: key)
        let requests =
            [PodShape.Request(row: 0, amount: 1)]
            + key.requests.entries.compactMap { entry in
                guard entry.amount > 0, let row = self.rowByResource[entry.name] else { return nil }
                return PodShape.Request(row: row, amount: entry.amount)
            }
        var shape = PodShape(
            requests: requests, deviceRequests: key.deviceRequests,
            poolRow: key.deviceRequests.first.flatMap { self.poolRowByResource[$0.resource] },
            constraints: constraints, namespace: key.namespace, allowedNodes: allowed, sharedNodes: shared)
        shape.affinityCounters = constraints.requiredPodAffinity.map { term in
            self.counter(.matching(constraints.requiredPodAffinity), topologyKey: term.topologyKey)
        }
        shape.antiAffinityCounters = constraints.requiredPodAntiAffinity.map { term in
            self.counter(.matching([term]), topologyKey: term.topologyKey)
        }
        shape.spreadCounters = constraints.topologySpread.map { self.spreadCounter($0, of: key) }
        self.appendRule(of: shape, meetsSoftTaints: meetsSoftTaints)
        self.shapes.append(shape)
        self.shapeKeys.append(key)
        let number = self.shapes.count - 1
        self.shapesByFingerprint[key.fingerprint, default: []].append(Int32(number))
        return number
    }

    /// Nodes that could take a pod with this key if they were empty; those of them whose devices are shared by nature; and
    /// whether any of them has a soft taint that the pod does not tolerate.
    private func nodes(for key: ShapeKey) -> (allowed: NodeBitset, shared: NodeBitset, meetsSoftTaints: Bool) {
        let constraints = key.constraints
        let judgements = self.nodeKinds.examples.map { KindJudgement(key, $0) }
        let looksAtEachNode = !constraints.selectsEveryNode || constraints.volumes != .none
        var allowed = NodeBitset(capacity: self.nodeCount)
        var shared = NodeBitset(capacity: self.nodeCount)
        var meetsSoftTaints = false
        for (node, kind) in self.nodeKinds.kindByNode.enumerated() where judgements[Int(kind)].isAllowed {
            if looksAtEachNode {
                let state = self.snapshot.nodes[node]
                guard constraints.selects(state), Self.volumesAllow(constraints.volumes, state) else { continue }
            }
            allowed.insert(node)
            if judgements[Int(kind)].isShared { shared.insert(node) }
            meetsSoftTaints = meetsSoftTaints || judgements[Int(kind)].hasSoftTaint
        }
        return (allowed, shared, meetsSoftTaints)
    }

    /// What a shape finds on every node of one kind.
    private struct KindJudgement {
        let isAllowed: Bool
        let isShared: Bool
        let hasSoftTaint: Bool

        init(_ key: ShapeKey, _ node: NodeState) {
            self.isAllowed =
                key.constraints.untoleratedTaint(of: node) == nil
                && key.deviceRequests.allSatisfy { request in
                    node.pool(for: request.resource).map { SolverState.canServe(request, $0) } ?? false
                }
            self.isShared = key.deviceRequests.contains { request in
                node.pool(for: request.resource).map { $0.kind != .exclusive || $0.migProfile != nil } ?? false
            }
            self.hasSoftTaint = node.taints.contains { taint in
                !taint.isHard && !key.constraints.tolerations.contains { $0.tolerates(taint) }
            }
        }
    }

    private mutating func appendRule(of shape: PodShape, meetsSoftTaints: Bool) {
        let constraints = shape.constraints
        let start = Int32(self.requestRows.count)
        for request in shape.requests {
            self.requestRows.append(Int32(request.row))
            self.requestAmounts.append(request.amount)
        }
        let first = shape.deviceRequests.first
        let hasPreferences =
            !(constraints.preferredNodeAffinity.isEmpty && constraints.preferredPodAffinity.isEmpty
            && constraints.preferredPodAntiAffinity.isEmpty && constraints.topologySpread.allSatisfy(\.isRequired))
            || meetsSoftTaints
        let isCoupled =
            !(constraints.requiredPodAffinity.isEmpty && constraints.requiredPodAntiAffinity.isEmpty
            && constraints.topologySpread.allSatisfy { !$0.isRequired })
        self.rules.append(
            ShapeRule(
                requests: start..<Int32(self.requestRows.count),
                device: DeviceDemandRule(
                    first ?? DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: 0)),
                poolRow: Int32(shape.poolRow ?? -1),
                unitsNeeded: first.map { $0.kind == .fraction ? 0 : Int32(clamping: $0.count) } ?? 0,
                level: Int32(
                    FreeUnitIndex.level(of: shape.requests.first { $0.row == self.levelRow }?.amount ?? 0)),
                deviceRequestCount: Int32(shape.deviceRequests.count), hasPorts: !constraints.hostPorts.isEmpty,
                mayShareDevices: shape.deviceRequests.contains { $0.kind == .slot || $0.kind == .fraction },
                hasPreferences: hasPreferences, isCoupledAcrossNodes: isCoupled))
        if let row = shape.poolRow, first?.kind == .fraction, self.partIndexes[row] == nil { self.indexParts(of: row) }
    }

    /// Begins to keep track of devices in use one by one.
    private mutating func indexParts(of row: Int) {
        var index = PartIndex(nodeCount: self.nodeCount)
        for node in 0..<self.nodeCount {
            if let pool = self.devices.pool(on: node, row: row) { index.update(node: node, bits: self.partBits(pool)) }
        }
        self.partIndexes[row] = index
    }

    /// Whether the pool's devices may serve the request and are large enough, whoever uses them now.
    fileprivate static func canServe(_ request: DeviceRequest, _ pool: DevicePool) -> Bool {
        guard request.isServed(by: pool) else { return false }
        guard let declared = request.memoryMiBPerDevice else { return true }
        return pool.memoryMiBLimitPerClient.map { declared <= $0 } ?? false
    }

    static func volumesAllow(_ volumes: VolumeConstraint, _ node: NodeState) -> Bool {
        switch volumes {
        case .none: true
        case .nodes(let selectors): selectors.allSatisfy { $0.matches(name: node.name, labels: node.labels) }
        case .unavailable: false
        }
    }

    // MARK: Counters

    /// The counter of a subject per domain of a label, filled from the pods that have nodes now.
    mutating func counter(_ subject: PodCounter.Subject, topologyKey: String) -> Int {
        self.counter(subject, topologyKey: topologyKey, eligible: nil)
    }

    private mutating func spreadCounter(_ constraint: TopologySpreadConstraint, of key: ShapeKey) -> Int {
        let keys = key.constraints.topologySpread.filter { $0.isRequired == constraint.isRequired }.map(\.topologyKey)
        let eligible = NodeBitset(capacity: self.nodeCount) { index in
            let node = self.snapshot.nodes[index]
            return keys.allSatisfy { node.labels[$0] != nil }
                && (!constraint.honorsNodeAffinity || key.constraints.selects(node))
                && (!constraint.honorsNodeTaints || key.constraints.untoleratedTaint(of: node) == nil)
        }
        let term = PodAffinityTerm(
            selector: constraint.selector, namespaces: [key.namespace], topologyKey: constraint.topologyKey)
        let identity = PodCounter.ShapeConstraintsKey(constraints: key.constraints, constraint: constraint)
        return self.counter(
            .spreading(term: term, shapeConstraints: identity), topologyKey: constraint.topologyKey, eligible: eligible)
    }

    private mutating func counter(
        _ subject: PodCounter.Subject, topologyKey: String, eligible: NodeBitset?
    ) -> Int {
        let key = CounterKey(subject: subject, topologyKey: topologyKey)
        if let known = self.counterBySubject[key] { return known }
        let row = self.labelRow(topologyKey)
        let domains = self.labelDomains[row]
        var eligibleDomains: Set<Int> = []
        eligible?.forEach { node in
            if domains.domainByNode[node] >= 0 { eligibleDomains.insert(Int(domains.domainByNode[node])) }
        }
        var counter = PodCounter(
            subject: subject, labelRow: row, eligibleNodes: eligible, eligibleDomains: eligibleDomains.sorted(),
            countByDomain: Array(repeating: 0, count: domains.domainCount))
        for (pod, node) in self.nodeByPod.enumerated() where node >= 0 && counter.counts(self.snapshot.pods[pod]) {
            counter.add(1, node: Int(node), domain: domains.domainByNode[Int(node)])
        }
        self.counters.append(counter)
        let index = self.counters.count - 1
        self.counterBySubject[key] = index
        self.countersByPod.removeAll(keepingCapacity: true)
        return index
    }

    private mutating func labelRow(_ key: String) -> Int {
        if let known = self.labelRowByKey[key] { return known }
        self.labelDomains.append(LabelDomains(key: key, nodes: self.snapshot.nodes))
        self.labelRowByKey[key] = self.labelDomains.count - 1
        return self.labelDomains.count - 1
    }

    /// Every required anti-affinity term that any pod carries keeps matching pods away from its holder's domain.
    mutating func compileHeldTerms() {
        for pod in self.snapshot.pods where !pod.constraints.requiredPodAntiAffinity.isEmpty {
            for term in pod.constraints.requiredPodAntiAffinity {
                let index = self.counter(.holding(term), topologyKey: term.topologyKey)
                if !self.holdingCounters.contains(index) { self.holdingCounters.append(index) }
            }
        }
    }

    /// The counters that change when this pod gets or loses a node.
    mutating func counters(of pod: Int) -> [Int] {
        if self.counters.isEmpty { return [] }
        if let known = self.countersByPod[pod] { return known }
        let affected = self.counters.indices.filter { self.counters[$0].counts(self.snapshot.pods[pod]) }
        self.countersByPod[pod] = affected
        return affected
    }

    // MARK: Topology

    /// Finds the domains that gangs are placed in, so that copies of the state made later need not find them again.
    public mutating func compileTopology() {
        guard !self.groups.groups.isEmpty else { return }
        for level in self.snapshot.topology.levels.indices { _ = self.axisDomains(.level(level)) }
        if self.hasNVLinkDomains { _ = self.axisDomains(.nvlink) }
    }

    mutating func axisDomains(_ axis: TopologyAxis) -> AxisDomains {
        if let known = self.axes[axis] { return known }
        let built = AxisDomains(axis: axis, nodes: self.snapshot.nodes)
        self.axes[axis] = built
        return built
    }
}
