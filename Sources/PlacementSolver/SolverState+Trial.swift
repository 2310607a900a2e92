public import SchedulingModel

extension SolverState {
    /// A place in the log to come back to.
    public struct Checkpoint: Sendable {
        fileprivate let length: Int
    }

    public var checkpoint: Checkpoint { Checkpoint(length: self.log.count) }

    /// The node a pod holds or is assumed on.
    public func node(of pod: Int) -> Int? { self.nodeByPod[pod] >= 0 ? Int(self.nodeByPod[pod]) : nil }

    public func devices(of pod: Int) -> [DeviceAssignment] { self.devicesByPod[pod] ?? [] }

    /// Books `pod` on `node` with these devices.
    ///
    /// - Precondition: The pod has no node. Whether it fits is the caller's business.
    /// - Complexity: O(*r* + *d* + *c*), *r* resources asked, *d* devices of the node, *c* affected counters.
    public mutating func assume(_ pod: Int, on node: Int, devices: [DeviceAssignment]) {
        precondition(self.nodeByPod[pod] < 0, "pod \(self.snapshot.pods[pod].key) has a node already")
        self.place(pod, on: node, devices: devices)
        self.log.append(.placed(pod: pod, place: nil))
    }

    /// Books `pod` where the search found room for it, and uses up the place that was planned for it, if any.
    public mutating func assume(_ pod: Int, _ candidate: Candidate) {
        precondition(self.nodeByPod[pod] < 0, "pod \(self.snapshot.pods[pod].key) has a node already")
        if let place = candidate.place { self.fillPlan?.take(place) }
        self.place(pod, on: candidate.node, devices: candidate.devices)
        self.log.append(.placed(pod: pod, place: candidate.place))
    }

    /// Frees what a bound or assumed pod holds, as if it were gone.
    public mutating func release(_ pod: Int) {
        guard let node = self.node(of: pod) else { return }
        let devices = self.devices(of: pod)
        self.displace(pod)
        self.log.append(.released(pod: pod, node: node, devices: devices))
    }

    public mutating func rollback(to checkpoint: Checkpoint) {
        while self.log.count > checkpoint.length {
            switch self.log.removeLast() {
            case .placed(let pod, let place):
                self.displace(pod)
                if let place { self.fillPlan?.giveBack(place) }
            case .released(let pod, let node, let devices): self.place(pod, on: node, devices: devices)
            case .claimed(let domain): self.exclusiveOwners[domain] = nil
            }
        }
    }

    /// Pods that were assumed after a checkpoint and still are, in the order of the decisions.
    func podsPlaced(since checkpoint: Checkpoint) -> [Int] {
        var placed: [Int] = []
        for entry in self.log[checkpoint.length...] {
            switch entry {
            case .placed(let pod, _): placed.append(pod)
            case .released(let pod, _, _): placed.removeAll { $0 == pod }
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

    private mutating func place(_ pod: Int, on node: Int, devices: [DeviceAssignment]) {
        let counters = self.counters(of: pod)
        self.occupy(node: node, pod: pod)
        for index in counters {
            self.counters[index].add(
                1, node: node, domain: self.labelDomains[self.counters[index].labelRow].domainByNode[node])
        }
        guard !devices.isEmpty else { return }
        self.devicesByPod[pod] = devices
        self.ledgers[node].take(devices)
        self.updateUnits(node: node)
    }

    private mutating func displace(_ pod: Int) {
        let node = Int(self.nodeByPod[pod])
        for index in self.counters(of: pod) {
            self.counters[index].add(
                -1, node: node, domain: self.labelDomains[self.counters[index].labelRow].domainByNode[node])
        }
        self.vacate(node: node, pod: pod)
        guard let devices = self.devicesByPod.removeValue(forKey: pod), !devices.isEmpty else { return }
        self.ledgers[node].giveBack(devices)
        self.updateUnits(node: node)
    }

    /// Amounts, ports and membership; devices and counters are the caller's.
    mutating func occupy(node: Int, pod: Int) {
        self.nodeByPod[pod] = Int32(node)
        self.podsByNode[node].append(Int32(pod))
        self.book(pod, node: node, sign: -1)
        let ports = self.snapshot.pods[pod].constraints.hostPorts
        if !ports.isEmpty { self.hostPortsByNode[node, default: []] += ports }
    }

    private mutating func vacate(node: Int, pod: Int) {
        self.nodeByPod[pod] = -1
        if let position = self.podsByNode[node].lastIndex(of: Int32(pod)) { self.podsByNode[node].remove(at: position) }
        self.book(pod, node: node, sign: 1)
        for port in self.snapshot.pods[pod].constraints.hostPorts {
            guard let position = self.hostPortsByNode[node]?.lastIndex(of: port) else { continue }
            self.hostPortsByNode[node]?.remove(at: position)
        }
    }

    private mutating func book(_ pod: Int, node: Int, sign: Int64) {
        let shape = Int(self.shapeByPod[pod])
        if shape >= 0 {
            for request in self.shapes[shape].requests {
                let position = request.row * self.nodeCount + node
                self.free[position] = self.free[position].addingSaturated(sign * request.amount)
            }
            if self.fillPlan != nil { self.bookInPlan(shape, node: node, sign: sign) }
            return
        }
        self.free[node] += sign
        for entry in self.snapshot.pods[pod].requests.entries {
            guard let row = self.rowByResource[entry.name], row > 0 else { continue }
            let position = row * self.nodeCount + node
            self.free[position] = self.free[position].addingSaturated(sign * entry.amount)
        }
    }

    /// What is placed comes out of the slack that the fill plan counts with.
    private mutating func bookInPlan(_ shape: Int, node: Int, sign: Int64) {
        let requests = self.shapes[shape].requests
        self.fillPlan?.book(node: node, sign: -sign, units: self.shapes[shape].unitsNeeded) { row in
            requests.first { $0.row == row }?.amount ?? 0
        }
    }

    private mutating func updateUnits(node: Int) {
        var total = 1
        for (position, row) in self.poolRowsByNode[node].enumerated() {
            let units = Self.units(of: self.ledgers[node][position])
            total += units
            self.freeUnits[row][node] = units
            self.unitIndexes[row].update(node: node, freeUnits: units)
        }
        self.bystanderIndex.update(node: node, freeUnits: total)
    }

    // MARK: Invariants

    /// Compares everything that is kept incrementally with a fresh count. Slow; for tests and debug builds.
    public func checkInvariants() {
        var fresh = self.allocatable
        for (pod, node) in self.nodeByPod.enumerated() where node >= 0 {
            fresh[Int(node)] -= 1
            for entry in self.snapshot.pods[pod].requests.entries {
                guard let row = self.rowByResource[entry.name], row > 0 else { continue }
                let position = row * self.nodeCount + Int(node)
                fresh[position] = fresh[position].addingSaturated(-entry.amount)
            }
        }
        precondition(fresh == self.free, "free amounts differ from a fresh count")
        for (row, units) in self.freeUnits.enumerated() { self.unitIndexes[row].checkInvariants(freeUnits: units) }
        for node in self.ledgers.indices {
            var ledgers = self.snapshot.nodes[node].devicePools.map(DeviceLedger.init(pool:))
            for pod in self.podsByNode[node] { ledgers.take(self.devices(of: Int(pod))) }
            for (kept, counted) in zip(self.ledgers[node], ledgers) {
                kept.checkInvariants()
                precondition(
                    kept.loads.map(\.clientCount) == counted.loads.map(\.clientCount),
                    "device clients on \(self.snapshot.nodes[node].name) differ from a fresh count")
            }
        }
    }
}
