public import SchedulingModel

/// Why a pod may not run on a node.
extension SolverState {
    /// Why the pod may not run on the node now, in kube-scheduler's order of checks: taints, selector and affinity,
    /// ports, amounts and devices, volumes, spread, pod affinity. All that fail, not only the first.
    public mutating func rejections(_ pod: Int, on node: Int) -> [RejectionReason] {
        let isAllowed = self.shapes[self.shape(of: pod)].allowedNodes.contains(node)
        return isAllowed ? self.changingRejections(pod, on: node) : self.allRejections(pod, on: node)
    }

    /// `rejections` on every node. Where nothing differs that the pod looks at, nodes are judged once.
    ///
    /// - Complexity: O(*n*) to tell the nodes apart, and a judgement for each kind that there is of them.
    public mutating func rejectionsByNode(_ pod: Int) -> NodeRejections {
        let shape = self.shape(of: pod)
        let siblings = self.siblingNumbers(of: pod)
        let looksAtPods = self.needsNeighbourCheck(shape) || self.rules[shape].hasPorts
        var judged = JudgedNodes()
        var rejections = NodeRejections(nodeCount: self.nodeCount)
        for node in 0..<self.nodeCount {
            if looksAtPods {
                rejections.append(self.rejections(pod, on: node))
                continue
            }
            let standing = Standing(openness: self.openness(of: node, shape), siblings: siblings[node] ?? 0)
            if let alike = judged.alike(
                standing, fingerprint: { self.fingerprint(of: node, shape) },
                where: { self.offersTheSame($0, as: node, shape) })
            {
                rejections.append(answerOf: alike)
            } else {
                judged.insert(node, standing, fingerprint: self.fingerprint(of: node, shape))
                rejections.append(self.rejections(pod, on: node))
            }
        }
        return rejections
    }

    /// What a pod meets on a node besides amounts and devices.
    private struct Standing: Equatable {
        let openness: Int32
        /// Nodes share it where the pod's own gang holds the same devices; 0 where it holds none.
        let siblings: Int
    }

    /// Nodes that were judged, to find one that is like another: those met last are tried first.
    private struct JudgedNodes {
        private struct Judged {
            let node: Int
            let standing: Standing
        }

        private static let recentCount = 4
        private var recent: [Judged] = []
        private var oldest = 0
        private var byFingerprint: [UInt64: [Judged]] = [:]

        mutating func alike(
            _ standing: Standing, fingerprint: () -> UInt64, where isAlike: (Int) -> Bool
        ) -> Int? {
            for judged in self.recent where judged.standing == standing && isAlike(judged.node) { return judged.node }
            guard
                let found = self.byFingerprint[fingerprint()]?.first(where: {
                    $0.standing == standing && isAlike($0.node)
                })
            else { return nil }
            self.remember(found)
            return found.node
        }

        mutating func insert(_ node: Int, _ standing: Standing, fingerprint: UInt64) {
            let judged = Judged(node: node, standing: standing)
            self.byFingerprint[fingerprint, default: []].append(judged)
            self.remember(judged)
        }

        private mutating func remember(_ judged: Judged) {
            if self.recent.count < Self.recentCount { return self.recent.append(judged) }
            self.recent[self.oldest] = judged
            self.oldest = (self.oldest + 1) % Self.recentCount
        }
    }

    /// A number that nodes share on which the shape meets the same taints, kinds of devices, selection and volumes: -1 where
    /// all of them allow it.
    private func openness(of node: Int, _ shape: Int) -> Int32 {
        guard !self.shapes[shape].allowedNodes.contains(node) else { return -1 }
        let constraints = self.shapes[shape].constraints
        var openness = self.nodeKinds.kindByNode[node] * 4
        if !constraints.selectsEveryNode, constraints.selects(self.snapshot.nodes[node]) { openness += 1 }
        if constraints.volumes != .none, Self.volumesAllow(constraints.volumes, self.snapshot.nodes[node]) {
            openness += 2
        }
        return openness
    }

    /// Per node where members of the pod's gang are, a number for the devices that they hold, from 1.
    private func siblingNumbers(of pod: Int) -> [Int: Int] {
        let top = self.groups.topGroupByPod[pod]
        guard top >= 0 else { return [:] }
        var numbers: [[DeviceSet]: Int] = [:]
        var numberByNode: [Int: Int] = [:]
        for member in self.groups.pods(below: top) {
            let node = Int(self.nodeByPod[member])
            guard node >= 0, numberByNode[node] == nil else { continue }
            let held = self.devices.pools(of: node).map { self.siblingDevices(of: pod, on: node, in: $0) }
            let number = numbers[held] ?? numbers.count + 1
            numbers[held] = number
            numberByNode[node] = number
        }
        return numberByNode
    }

    /// Whether a shape finds the same amounts and devices on both nodes.
    @inline(__always)
    private func offersTheSame(_ node: Int, as other: Int, _ shape: Int) -> Bool {
        let (start, otherStart) = (node * self.rowCount, other * self.rowCount)
        for position in self.rules[shape].requests {
            let row = Int(self.requestRows[Int(position)])
            guard self.free[start + row] == self.free[otherStart + row],
                self.allocatable[start + row] == self.allocatable[otherStart + row]
            else { return false }
        }
        let (pools, otherPools) = (self.devices.pools(of: node), self.devices.pools(of: other))
        guard pools.count == otherPools.count else { return false }
        for position in 0..<pools.count {
            let (pool, otherPool) = (pools.lowerBound + position, otherPools.lowerBound + position)
            // Pools of one kind have equally many devices.
            guard self.devices.kindByPool[pool] == self.devices.kindByPool[otherPool] else { return false }
            let (devices, otherDevices) = (self.devices.devices(of: pool), self.devices.devices(of: otherPool))
            for device in 0..<devices.count
            where self.devices.loads[devices.lowerBound + device]
                != self.devices.loads[
                    otherDevices.lowerBound + device]
            {
                return false
            }
        }
        return true
    }

    /// A number that nodes share which offer the shape the same.
    private func fingerprint(of node: Int, _ shape: Int) -> UInt64 {
        var mixed: UInt64 = 0x9E37_79B9_7F4A_7C15
        func mix(_ word: Int64) {
            mixed = (mixed ^ UInt64(bitPattern: word)) &* 0xBF58_476D_1CE4_E5B9
            mixed ^= mixed >> 29
        }
        for position in self.rules[shape].requests {
            mix(self.free[node * self.rowCount + Int(self.requestRows[Int(position)])])
        }
        for pool in self.devices.pools(of: node) {
            mix(Int64(self.devices.kindByPool[pool]))
            for device in self.devices.devices(of: pool) {
                let load = self.devices.loads[device]
                mix(load.memoryMiB)
                mix(Int64(load.thousandths) << 32 ^ Int64(load.clientCount) << 8 ^ Int64(load.wholeCount))
            }
        }
        return mixed
    }

    /// The first of `rejections`, without looking for the others.
    public mutating func firstRejection(_ pod: Int, on node: Int) -> RejectionReason? {
        let shape = self.shape(of: pod)
        guard self.shapes[shape].allowedNodes.contains(node) else { return self.allRejections(pod, on: node).first }
        if let port = self.takenPort(pod, on: node) { return .hostPortConflict(port) }
        return self.firstShortAmount(shape, on: node) ?? self.changingRejections(pod, on: node).first
    }

    /// On a node that taints, selection and volumes allow: only what other pods take or do.
    private mutating func changingRejections(_ pod: Int, on node: Int) -> [RejectionReason] {
        var reasons: [RejectionReason] = []
        if let port = self.takenPort(pod, on: node) { reasons.append(.hostPortConflict(port)) }
        reasons += self.roomRejections(pod, on: node)
        if let spread = self.spreadRejection(pod, self.shape(of: pod), on: node) { reasons.append(spread) }
        if let affinity = self.affinityRejection(pod, self.shape(of: pod), on: node) { reasons.append(affinity) }
        return reasons
    }

    private func takenPort(_ pod: Int, on node: Int) -> HostPort? {
        guard let taken = self.hostPortsByNode[node] else { return nil }
        return self.snapshot.pods[pod].constraints.hostPorts.first { port in taken.contains(where: port.conflicts) }
    }

    /// Short amounts, then devices that will not do.
    private mutating func roomRejections(_ pod: Int, on node: Int) -> [RejectionReason] {
        let short = self.shortAmounts(pod, on: node)
        let isShortOfDevices = short.contains { $0.code == .insufficientGPUs }
        return short
            + self.deviceRejections(pod, on: node).filter { reason in
                guard isShortOfDevices else { return true }
                // Too few devices is said already; that they would not do anyway is worth adding.
                return reason.code != .insufficientGPUs && !reason.isResolvableByPreemption
            }
    }

    private mutating func allRejections(_ pod: Int, on node: Int) -> [RejectionReason] {
        let state = self.snapshot.pods[pod]
        let nodeState = self.snapshot.nodes[node]
        var reasons: [RejectionReason] = []
        if let taint = state.constraints.untoleratedTaint(of: nodeState) { reasons.append(.untoleratedTaint(taint)) }
        if !state.constraints.selects(nodeState) { reasons.append(.nodeAffinityMismatch) }
        if let port = self.takenPort(pod, on: node) { reasons.append(.hostPortConflict(port)) }
        reasons += self.roomRejections(pod, on: node)
        switch state.constraints.volumes {
        case .none: break
        case .unavailable(let claim, let why): reasons.append(.volumeUnavailable(claim: claim, why: why))
        case .nodes:
            if !Self.volumesAllow(state.constraints.volumes, nodeState) { reasons.append(.volumeNodeAffinityMismatch) }
        }
        if let spread = self.spreadRejection(pod, self.shape(of: pod), on: node) { reasons.append(spread) }
        if let affinity = self.affinityRejection(pod, self.shape(of: pod), on: node) { reasons.append(affinity) }
        return reasons
    }

    // Loops and no closures: one that captures the state copies it, for every node.

    private mutating func shortAmounts(_ pod: Int, on node: Int) -> [RejectionReason] {
        var reasons: [RejectionReason] = []
        for request in self.shapes[self.shape(of: pod)].requests {
            if let short = self.shortAmount(request, on: node) { reasons.append(short) }
        }
        return reasons
    }

    private func firstShortAmount(_ shape: Int, on node: Int) -> RejectionReason? {
        for request in self.shapes[shape].requests {
            if let short = self.shortAmount(request, on: node) { return short }
        }
        return nil
    }

    @inline(__always)
    private func shortAmount(_ request: PodShape.Request, on node: Int) -> RejectionReason? {
        let position = node * self.rowCount + request.row
        guard self.free[position] < request.amount else { return nil }
        return .insufficient(
            resource: self.resources[request.row], requested: request.amount, free: self.free[position],
            allocatable: self.allocatable[position])
    }

    private func deviceRejections(_ pod: Int, on node: Int) -> [RejectionReason] {
        var reasons: [RejectionReason] = []
        for request in self.snapshot.pods[pod].deviceRequests {
            if let reason = self.deviceRejection(request, of: pod, on: node) { reasons.append(reason) }
        }
        return reasons
    }

    private func deviceRejection(_ request: DeviceRequest, of pod: Int, on node: Int) -> RejectionReason? {
        guard let row = self.poolRowByResource[request.resource], let pool = self.devices.pool(on: node, row: row)
        else {
            return .insufficient(
                resource: request.resource, requested: Int64(request.count), free: 0, allocatable: 0)
        }
        let ledger = self.devices.ledger(of: pool)
        guard request.isServed(by: ledger.pool) else {
            return .unsuitableDevices(resource: request.resource, requested: request.count, suitable: 0)
        }
        let avoided = Set(self.siblingDevices(of: pod, on: node, in: pool).indices)
        if ledger.choose(request, avoiding: avoided) != nil { return nil }
        return Self.deviceRejection(request, ledger, avoiding: avoided)
    }

    /// - Parameter avoided: Devices that siblings hold. A plugin that may pick one of them makes the node unfit.
    private static func deviceRejection(
        _ request: DeviceRequest, _ ledger: DeviceLedger, avoiding avoided: Set<Int>
    ) -> RejectionReason {
        let candidates = ledger.candidates(for: request)
        var usable = candidates.filter { !avoided.contains($0) }
        if ledger.isPickedByPlugin, usable.count < candidates.count { usable = [] }
        if let reason = Self.memoryRejection(request, ledger, usable) { return reason }
        return .insufficient(
            resource: request.resource, requested: Int64(request.count),
            free: Int64(usable.count { ledger.hasRoom(for: request, at: $0) }),
            allocatable: Int64(ledger.pool.deviceCount * ledger.pool.slotsPerDevice))
    }

    /// Set where the card is too small in any case, or enough devices are usable and none has the memory. What is free
    /// is the most that any has, or the least where a plugin may pick any of them.
    private static func memoryRejection(
        _ request: DeviceRequest, _ ledger: DeviceLedger, _ usable: [Int]
    ) -> RejectionReason? {
        let declared = request.memoryMiBPerDevice
        guard let asked = request.kind == .whole ? declared : request.memoryMiB(on: ledger.pool) else { return nil }
        guard let total = ledger.pool.memoryMiBPerDevice else {
            return .insufficientDeviceMemory(
                resource: request.resource, requestedMiB: asked, bestFreeMiB: nil, deviceMiB: nil)
        }
        let limit = min(total, ledger.pool.memoryMiBLimitPerClient ?? total)
        let free = usable.map { max(0, min(limit, total - ledger.loads[$0].memoryMiB)) }
        let decisive = (ledger.isPickedByPlugin ? free.min() : free.max()) ?? 0
        guard asked > limit || usable.count >= request.count && decisive < asked else { return nil }
        return .insufficientDeviceMemory(
            resource: request.resource, requestedMiB: asked, bestFreeMiB: decisive, deviceMiB: limit)
    }
}
