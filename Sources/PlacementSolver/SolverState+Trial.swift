import SchedulingModel

extension SolverState {
    /// A place in the log to come back to.
    public struct Checkpoint: Sendable {
        fileprivate let length: Int
    }

    public var checkpoint: Checkpoint { Checkpoint(length: self.log.count) }

    /// The node a pod holds or is assumed on.
    @inline(__always)
    public func node(of pod: Int) -> Int? { self.nodeByPod[pod] >= 0 ? Int(self.nodeByPod[pod]) : nil }

    /// Books `pod` where the search found room for it, and uses up the place that was planned for it, if any.
    ///
    /// - Precondition: The pod has no node. Whether it still fits is the caller's business.
    /// - Complexity: O(*r* + *d* + *c*), *r* resources asked, *d* devices of the node, *c* affected counters.
    public mutating func assume(_ pod: Int, _ candidate: Candidate) {
        precondition(self.nodeByPod[pod] < 0, "pod \(self.snapshot.pods[pod].key) has a node already")
        if let place = candidate.place { self.fillPlan.take(place, for: pod) }
        self.place(pod, on: candidate.node, candidate.held)
        self.log.append(.placed(pod: pod))
    }

    /// Where a pod is, to put it back there after a release.
    public func candidate(of pod: Int) -> Candidate? {
        self.node(of: pod).map {
            Candidate(node: $0, held: self.heldByPod[pod], place: self.fillPlan.place(of: pod))
        }
    }

    /// Frees what a bound or assumed pod holds, as if it were gone; its place in the plan is open again.
    public mutating func release(_ pod: Int) {
        guard let node = self.node(of: pod) else { return }
        let held = self.heldByPod[pod]
        self.displace(pod)
        let place = self.fillPlan.giveBack(of: pod)
        self.log.append(.released(pod: pod, node: node, held: held, place: place))
    }

    public mutating func rollback(to checkpoint: Checkpoint) {
        while self.log.count > checkpoint.length {
            switch self.log.removeLast() {
            case .placed(let pod):
                self.displace(pod)
                self.fillPlan.giveBack(of: pod)
            case .released(let pod, let node, let held, let place):
                self.place(pod, on: node, held)
                if let place { self.fillPlan.take(place, for: pod) }
            case .claimed(let domain): self.exclusiveOwners[domain] = nil
            }
        }
    }

    /// Makes everything decided so far final: nothing before can be taken back.
    public mutating func forgetHistory() { self.log.removeAll(keepingCapacity: true) }

    /// Pods that were assumed after a checkpoint and still are, in the order of the decisions.
    func podsPlaced(since checkpoint: Checkpoint) -> [Int] {
        var placed: [Int] = []
        for entry in self.log[checkpoint.length...] {
            switch entry {
            case .placed(let pod): placed.append(pod)
            case .released(let pod, _, _, _): placed.removeAll { $0 == pod }
            case .claimed: break
            }
        }
        return placed
    }

    mutating func claim(_ domain: ExclusiveDomain, for group: PodGroupKey) {
        guard self.exclusiveOwners[domain] == nil else { return }
        self.exclusiveOwners[domain] = group
        self.log.append(.claimed(domain))
    }

    // MARK: Booking

    private mutating func place(_ pod: Int, on node: Int, _ held: HeldDevices) {
        if !self.counters.isEmpty { self.count(pod, on: node, 1) }
        self.occupy(node: node, pod: pod)
        if !held.isEmpty {
            self.heldByPod[pod] = held
            self.book(held, of: pod, on: node, sign: 1)
        }
        self.reindex(node)
    }

    private mutating func displace(_ pod: Int) {
        let node = Int(self.nodeByPod[pod])
        if !self.counters.isEmpty { self.count(pod, on: node, -1) }
        self.vacate(node: node, pod: pod)
        if !self.heldByPod[pod].isEmpty {
            self.book(self.heldByPod[pod], of: pod, on: node, sign: -1)
            self.heldByPod[pod] = .none
        }
        self.reindex(node)
    }

    private mutating func count(_ pod: Int, on node: Int, _ delta: Int32) {
        for index in self.counters(of: pod) {
            let domain = self.labelDomains[self.counters[index].labelRow].domainByNode[node]
            self.counters[index].add(delta, node: node, domain: domain)
        }
    }

    /// Amounts, ports and membership; devices, counters and indexes are the caller's.
    mutating func occupy(node: Int, pod: Int) {
        self.nodeByPod[pod] = Int32(node)
        let first = self.firstPodOnNode[node]
        self.nextPodOnNode[pod] = first
        self.previousPodOnNode[pod] = -1
        if first >= 0 { self.previousPodOnNode[Int(first)] = Int32(pod) }
        self.firstPodOnNode[node] = Int32(pod)
        self.book(pod, node: node, sign: -1)
        if self.hasPorts(pod) {
            self.hostPortsByNode[node, default: []] += self.snapshot.pods[pod].constraints.hostPorts
        }
    }

    private mutating func vacate(node: Int, pod: Int) {
        self.nodeByPod[pod] = -1
        let (next, previous) = (self.nextPodOnNode[pod], self.previousPodOnNode[pod])
        if previous >= 0 { self.nextPodOnNode[Int(previous)] = next } else { self.firstPodOnNode[node] = next }
        if next >= 0 { self.previousPodOnNode[Int(next)] = previous }
        self.book(pod, node: node, sign: 1)
        guard self.hasPorts(pod) else { return }
        for port in self.snapshot.pods[pod].constraints.hostPorts {
            guard let position = self.hostPortsByNode[node]?.lastIndex(of: port) else { continue }
            self.hostPortsByNode[node]?.remove(at: position)
        }
    }

    @inline(__always)
    private func hasPorts(_ pod: Int) -> Bool {
        let shape = Int(self.shapeByPod[pod])
        if shape >= 0 { return self.rules[shape].hasPorts }
        return self.holdings.kind(of: pod)?.hasPorts ?? self.snapshot.pods[pod].hasHostPorts
    }

    private mutating func book(_ pod: Int, node: Int, sign: Int64) {
        let start = node * self.rowCount
        let shape = Int(self.shapeByPod[pod])
        guard shape >= 0 else { return self.bookUnseen(pod, start: start, sign: sign) }
        for position in self.rules[shape].requests {
            let place = start + Int(self.requestRows[Int(position)])
            self.free[place] = self.free[place].addingSaturated(sign * self.requestAmounts[Int(position)])
        }
        if self.hasFillPlan { self.bookInPlan(shape, node: node, sign: sign) }
    }

    /// The resource's row in the free matrix. Few names are compared faster than hashed.
    @inline(__always)
    func row(of resource: ResourceName) -> Int? {
        Self.row(of: resource, among: self.resources, self.rowByResource)
    }

    @inline(__always)
    static func row(
        of resource: ResourceName, among resources: [ResourceName], _ rowByResource: [ResourceName: Int]
    ) -> Int? {
        resources.count <= 8 ? resources.firstIndex(of: resource) : rowByResource[resource]
    }

    /// A pod whose shape nobody has asked for yet.
    private mutating func bookUnseen(_ pod: Int, start: Int, sign: Int64) {
        self.free[start] += sign
        if let kind = self.holdings.kind(of: pod) {
            for position in kind.requests {
                let place = start + Int(self.holdings.rows[position])
                self.free[place] = self.free[place].addingSaturated(sign * self.holdings.amounts[position])
            }
            return
        }
        for entry in self.snapshot.pods[pod].requests.entries {
            guard let row = self.row(of: entry.name), row > 0 else { continue }
            self.free[start + row] = self.free[start + row].addingSaturated(sign * entry.amount)
        }
    }

    /// What is placed comes out of the slack that the fill plan counts with.
    private mutating func bookInPlan(_ shape: Int, node: Int, sign: Int64) {
        let rule = self.rules[shape]
        for position in rule.requests {
            self.fillPlan.book(
                node: node, solverRow: Int(self.requestRows[Int(position)]),
                amount: sign * self.requestAmounts[Int(position)])
        }
        self.fillPlan.book(node: node, units: Int32(sign) * rule.unitsNeeded)
    }

    /// Brings the indexes in line with what the node has free now.
    mutating func reindex(_ node: Int) {
        let level = FreeUnitIndex.level(of: self.free[node * self.rowCount + self.levelRow])
        var total = 0
        let pools = self.devices.pools(of: node)
        for pool in pools {
            let row = self.devices.row(of: pool)
            let units = self.devices.freeUnits(of: pool)
            total += units
            self.freeUnits[row * self.nodeCount + node] = Int32(clamping: units)
            self.unitIndexes[row].update(node: node, freeUnits: units, level: level)
            if self.partIndexes[row] != nil {
                let bits = self.partBits(pool)
                self.partIndexes[row]?.update(node: node, bits: bits)
            }
        }
        self.bystanderIndex.update(node: node, freeUnits: pools.isEmpty ? 0 : 1 + total, level: level)
    }

    func partBits(_ pool: Int) -> UInt64 {
        var bits: UInt64 = 0
        for device in 0..<self.devices.devices(of: pool).count {
            bits |= PartIndex.bit(left: self.devices.partLeft(in: pool, at: device))
        }
        return bits
    }
}
