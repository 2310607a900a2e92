public import SchedulingModel

extension SolverState {
    /// The loads of the node's devices, one ledger per pool, in the node's order.
    public func deviceLedgers(on node: Int) -> [DeviceLedger] {
        self.devices.pools(of: node).map { self.devices.ledger(of: $0) }
    }

    /// Devices of the node that nobody uses, and all of them.
    public func deviceCounts(on node: Int) -> (idle: Int, all: Int) {
        self.devices.pools(of: node).reduce((0, 0)) { sum, pool in
            (sum.0 + self.devices.idleCount(of: pool), sum.1 + self.devices.devices(of: pool).count)
        }
    }

    /// The same of the whole cluster.
    public func deviceCounts() -> (idle: Int, all: Int) {
        var idle = 0
        for load in self.devices.loads where load.isIdle { idle += 1 }
        return (idle, self.devices.loads.count)
    }

    @inline(__always)
    private func idleDevices(on node: Int) -> Int {
        var idle = 0
        for pool in self.devices.pools(of: node) { idle += self.devices.idleCount(of: pool) }
        return idle
    }

    /// Pods without a node now, ascending: demand, and pods that are not ours to place.
    public func podsWithoutNode() -> [Int] { self.nodeByPod.indices.filter { self.nodeByPod[$0] < 0 } }

    /// Pending pods without a node now, ascending. Pods that have nodes, which most are, are not looked at.
    public func demand() -> [Int] {
        self.podsWithoutNode().filter { self.snapshot.pods[$0].standing == .pending }
    }

    /// A number that is equal for pods the solver treats alike.
    public mutating func shapeIdentity(of pod: Int) -> Int { self.shape(of: pod) }

    /// Whether what fits depends on which other pods run where, so that equal shapes may differ by their labels.
    public var looksAtOtherPods: Bool { !self.counters.isEmpty }

    /// Pods that hold the node now, bound or assumed.
    public func pods(on node: Int) -> [Int] {
        var pods: [Int] = []
        self.forEachPod(on: node) { pods.append($0) }
        return pods.sorted()
    }

    /// 0 for a node without devices, else 1 + free units of all its pools.
    func bystanderUnits(node: Int) -> Int {
        let pools = self.devices.pools(of: node)
        return pools.isEmpty ? 0 : 1 + pools.reduce(0) { $0 + self.devices.freeUnits(of: $1) }
    }

    public func freeAmount(of resource: ResourceName, on node: Int) -> Int64 {
        guard let row = self.rowByResource[resource] else { return self.snapshot.nodes[node].allocatable[resource] }
        return self.free[node * self.rowCount + row]
    }

    /// The first position from `start` of a node that has these amounts when nobody is on it.
    ///
    /// - Parameter amounts: Without `pods`.
    public func firstPosition(in nodes: [Int], from start: Int, offering amounts: ResourceAmounts) -> Int? {
        var wanted: [(row: Int, amount: Int64)] = []
        for entry in amounts.entries {
            guard let row = self.row(of: entry.name) else { return nil }
            wanted.append((row, entry.amount))
        }
        for position in start..<nodes.count {
            let place = nodes[position] * self.rowCount
            if wanted.allSatisfy({ self.allocatable[place + $0.row] >= $0.amount }) { return position }
        }
        return nil
    }

    // MARK: Fragmentation

    /// Free devices that the demand seen in the snapshot could not use where they are, after Weng et al. (ATC 2023):
    /// per node, its idle devices times the share of device pods, by count, whose shape does not fit there now.
    ///
    /// Shapes of bound and pending pods alike make up the demand; of more than 64 shapes the most frequent count.
    /// Other pods (affinity, spread) are not looked at.
    public mutating func fragmentedDevices() -> Double {
        let countByShape = self.devicePodsByShape()
        let frequent = countByShape.indices.filter { countByShape[$0] > 0 }
            .sorted { (countByShape[$0], $1) > (countByShape[$1], $0) }.prefix(64)
        let total = frequent.reduce(0) { $0 + countByShape[$1] }
        guard total > 0 else { return 0 }
        var fragmented = 0.0
        for node in 0..<self.nodeCount {
            let idle = self.idleDevices(on: node)
            guard idle > 0 else { continue }
            var unusable = 0
            for shape in frequent where !self.fitsAlone(shape, on: node) { unusable += countByShape[shape] }
            fragmented += Double(idle) * Double(unusable) / Double(total)
        }
        return fragmented
    }

    /// Pods that ask for devices, counted by shape. Those with nodes are counted by kind, without looking at each.
    private mutating func devicePodsByShape() -> [Int] {
        var countByKind = [Int](repeating: 0, count: self.holdings.kinds.count)
        var countByShape: [Int] = []
        func add(_ count: Int, _ shape: Int) {
            while countByShape.count <= shape { countByShape.append(0) }
            countByShape[shape] += count
        }
        var firsts: [(pod: Int, kind: Int)] = []
        for pod in self.holdings.kindByPod.indices {
            let kind = Int(self.holdings.kindByPod[pod])
            if kind < 0 {
                let known = Int(self.shapeByPod[pod])
                let asks =
                    known >= 0
                    ? self.rules[known].deviceRequestCount > 0 : !self.snapshot.pods[pod].deviceRequests.isEmpty
                if asks { add(1, self.shape(of: pod)) }
            } else if self.holdings.kinds[kind].deviceRequestCount > 0 {
                if countByKind[kind] == 0 {
                    // In the order of the pods, as shapes are numbered.
                    _ = self.shape(of: pod)
                    firsts.append((pod, kind))
                }
                countByKind[kind] += 1
            }
        }
        for (pod, kind) in firsts { add(countByKind[kind], self.shape(of: pod)) }
        return countByShape
    }

    private func fitsAlone(_ shape: Int, on node: Int) -> Bool {
        guard self.shapes[shape].allowedNodes.contains(node), self.amountsFit(shape, on: node) else { return false }
        return self.shapes[shape].deviceRequests.allSatisfy { request in
            guard let row = self.poolRowByResource[request.resource], let pool = self.devices.pool(on: node, row: row)
            else { return false }
            return self.devices.choose(DeviceDemandRule(request), from: pool, avoiding: DeviceSet()) != nil
        }
    }

    // MARK: Domains

    /// How much of a group's pending demand each domain of an axis has room for; nil stands for the whole cluster.
    ///
    /// Shapes are counted apart, so with several the figure is an upper bound.
    public mutating func domainFits(of top: Int, on axis: TopologyAxis?) -> [Evidence.DomainFit] {
        let pending = self.groups.pods(below: top).filter { self.isPlaceable($0) }
        var runs: [Int: [Int]] = [:]
        for pod in pending { runs[self.shape(of: pod), default: []].append(pod) }
        let (domains, domainByNode) = self.numberedDomains(axis)
        // Members that run already leave only their own domain on an axis that the group itself requires.
        let isFixed = self.groups.groups[top].topology.contains { $0.isRequired && $0.axis == axis }
        let running =
            isFixed ? self.groups.pods(below: top).compactMap { self.node(of: $0) }.map { domainByNode[$0] } : []
        var isShown = domains.indices.map { running.contains(Int32($0)) }
        var members = [Int](repeating: 0, count: domains.count)
        for shape in runs.keys.sorted() {
            let leaf = CountableLeaf(pods: runs[shape] ?? [], shape: shape)
            var room = [Int](repeating: 0, count: domains.count)
            for (node, count) in self.room(for: leaf, in: self.everyNode).enumerated() where count > 0 {
                room[Int(domainByNode[node])] += Int(count)
            }
            for (domain, count) in room.enumerated() where count > 0 && (running.isEmpty || isShown[domain]) {
                members[domain] += min(count, leaf.pods.count)
                isShown[domain] = true
            }
        }
        var idle = [Int](repeating: 0, count: domains.count)
        for node in 0..<self.nodeCount { idle[Int(domainByNode[node])] += self.idleDevices(on: node) }
        let devices = pending.reduce(0) { sum, pod in
            sum + self.snapshot.pods[pod].deviceRequests.reduce(0) { $0 + $1.count }
        }
        return domains.indices.filter { isShown[$0] }.map { domain in
            Evidence.DomainFit(
                domain: domains[domain], fittingMembers: members[domain], neededMembers: pending.count,
                freeAccelerators: idle[domain], neededAccelerators: devices)
        }.sorted { ($1.fittingMembers, $0.domain) < ($0.fittingMembers, $1.domain) }
    }

    /// The nodes in a domain; nil for one that no node is in, such as the whole cluster.
    public mutating func nodes(in domain: TopologyDomain) -> NodeBitset? {
        if domain.axis == .host {
            guard domain.path.count == 1, let node = self.snapshot.nodeIndex(of: NodeName(domain.path[0])) else {
                return nil
            }
            return NodeBitset(capacity: self.nodeCount) { $0 == node }
        }
        let (domains, domainByNode) = self.numberedDomains(domain.axis)
        guard let number = domains.firstIndex(of: domain) else { return nil }
        return NodeBitset(capacity: self.nodeCount) { domainByNode[$0] == Int32(number) }
    }

    /// The domains of an axis in their order, and each node's position among them; nil stands for the whole cluster.
    private mutating func numberedDomains(_ axis: TopologyAxis?) -> (domains: [TopologyDomain], byNode: [Int32]) {
        guard let axis else {
            let cluster = TopologyDomain(axis: .host, path: ["(cluster)"])
            return ([cluster], [Int32](repeating: 0, count: self.nodeCount))
        }
        // Hosts are as many as nodes and asked about seldom: nobody keeps them.
        let known = axis == .host ? AxisDomains(axis: axis, nodes: self.snapshot.nodes) : self.axisDomains(axis)
        return (known.domains, known.domainByNode)
    }
}
