import SchedulingModel

extension SolverState {
    /// The shape of a pod, compiled at first sight.
    mutating func shape(of pod: Int) -> Int {
        if self.shapeByPod[pod] >= 0 { return Int(self.shapeByPod[pod]) }
        let key = ShapeKey(self.snapshot.pods[pod])
        let shape = self.shapeByKey[key] ?? self.compile(key)
        self.shapeByPod[pod] = Int32(shape)
        return shape
    }

    private mutating func compile(_ key: ShapeKey) -> Int {
        let constraints = key.constraints
        var allowed = NodeBitset(capacity: self.nodeCount)
        var shared = NodeBitset(capacity: self.nodeCount)
        var meetsSoftTaints = false
        for (index, node) in self.snapshot.nodes.enumerated() where Self.allows(key, node) {
            allowed.insert(index)
            meetsSoftTaints = meetsSoftTaints || self.softTaintCount(constraints, index) > 0
            let isShared = key.deviceRequests.contains { request in
                node.pool(for: request.resource).map { $0.kind != .exclusive || $0.migProfile != nil } ?? false
            }
            if isShared { shared.insert(index) }
        }
        let requests =
            [PodShape.Request(row: 0, amount: 1)]
            + key.requests.entries.compactMap { entry in
                guard entry.amount > 0, let row = self.rowByResource[entry.name] else { return nil }
                return PodShape.Request(row: row, amount: entry.amount)
            }
        let hasPreferences =
            !(constraints.preferredNodeAffinity.isEmpty && constraints.preferredPodAffinity.isEmpty
            && constraints.preferredPodAntiAffinity.isEmpty && constraints.topologySpread.allSatisfy(\.isRequired))
            || meetsSoftTaints
        var shape = PodShape(
            requests: requests, deviceRequests: key.deviceRequests,
            poolRow: key.deviceRequests.first.flatMap { self.poolRowByResource[$0.resource] },
            unitsNeeded: key.deviceRequests.first.map { $0.kind == .fraction ? 0 : $0.count } ?? 0,
            mayShareDevices: key.deviceRequests.contains { $0.kind == .slot || $0.kind == .fraction },
            constraints: constraints, namespace: key.namespace,
            allowedNodes: allowed, sharedNodes: shared, hasPreferences: hasPreferences)
        shape.affinityCounters = constraints.requiredPodAffinity.map { term in
            self.counter(.matching(constraints.requiredPodAffinity), topologyKey: term.topologyKey)
        }
        shape.antiAffinityCounters = constraints.requiredPodAntiAffinity.map { term in
            self.counter(.matching([term]), topologyKey: term.topologyKey)
        }
        shape.spreadCounters = constraints.topologySpread.map { self.spreadCounter($0, of: key) }
        self.shapes.append(shape)
        self.shapeByKey[key] = self.shapes.count - 1
        return self.shapes.count - 1
    }

    /// Everything about a node that no placement changes.
    private static func allows(_ key: ShapeKey, _ node: NodeState) -> Bool {
        key.constraints.untoleratedTaint(of: node) == nil && key.constraints.selects(node)
            && Self.volumesAllow(key.constraints.volumes, node)
            && key.deviceRequests.allSatisfy { request in
                node.pool(for: request.resource).map { Self.canServe(request, $0) } ?? false
            }
    }

    /// Whether the pool's devices may serve the request and are large enough, whoever uses them now.
    private static func canServe(_ request: DeviceRequest, _ pool: DevicePool) -> Bool {
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

    mutating func axisDomains(_ axis: TopologyAxis) -> AxisDomains {
        if let known = self.axes[axis] { return known }
        let built = AxisDomains(axis: axis, nodes: self.snapshot.nodes)
        self.axes[axis] = built
        return built
    }
}
