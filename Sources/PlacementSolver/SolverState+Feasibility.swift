public import SchedulingModel

extension SolverState {
    /// Whether the pod may run on the node now, devices included.
    ///
    /// - Parameter ignoringAffinity: Leaves out required pod affinity, which a later member of the same gang may satisfy.
    /// - Returns: The devices it would get, or nil where it does not fit.
    public mutating func fit(_ pod: Int, on node: Int) -> [DeviceAssignment]? {
        let shape = self.shape(of: pod)
        guard self.shapes[shape].allowedNodes.contains(node), self.amountsFit(shape, on: node),
            self.portsFit(shape, on: node), self.neighboursAllow(pod, on: node)
        else { return nil }
        return self.chooseDevices(pod, on: node)
    }

    @inline(__always)
    func amountsFit(_ shape: Int, on node: Int) -> Bool {
        let count = self.nodeCount
        for request in self.shapes[shape].requests where self.free[request.row * count + node] < request.amount {
            return false
        }
        return true
    }

    func portsFit(_ shape: Int, on node: Int) -> Bool {
        let ports = self.shapes[shape].constraints.hostPorts
        guard !ports.isEmpty, let taken = self.hostPortsByNode[node] else { return true }
        return !ports.contains { port in taken.contains(where: port.conflicts) }
    }

    // MARK: Devices

    /// The devices of every request of the pod, sorted by resource and index; empty for a pod without requests.
    func chooseDevices(_ pod: Int, on node: Int) -> [DeviceAssignment]? {
        let requests = self.snapshot.pods[pod].deviceRequests
        if requests.isEmpty { return [] }
        if requests.count == 1, self.groups.topGroupByPod[pod] < 0 { return self.chooseAlone(requests[0], on: node) }
        var chosen: [DeviceAssignment] = []
        for request in requests {
            guard let pool = self.ledgers[node].firstIndex(where: { $0.pool.resource == request.resource }) else {
                return nil
            }
            let ledger = self.ledgers[node][pool]
            let avoided = self.siblingDevices(of: pod, on: node, resource: request.resource)
                .union(chosen.filter { $0.resource == request.resource }.map(\.index))
            guard let indices = ledger.choose(request, avoiding: avoided) else { return nil }
            chosen += ledger.assignments(request, at: indices)
        }
        if requests.count > 1 { chosen.sort { ($0.resource, $0.index) < ($1.resource, $1.index) } }
        return chosen
    }

    /// The common case: one request, no siblings to keep away from.
    private func chooseAlone(_ request: DeviceRequest, on node: Int) -> [DeviceAssignment]? {
        for position in self.ledgers[node].indices where self.ledgers[node][position].pool.resource == request.resource
        {
            guard let indices = self.ledgers[node][position].choose(request) else { return nil }
            return self.ledgers[node][position].assignments(request, at: indices)
        }
        return nil
    }

    /// Devices of the resource on the node that members of the pod's own group hold.
    func siblingDevices(of pod: Int, on node: Int, resource: ResourceName) -> Set<Int> {
        let group = self.groups.topGroupByPod[pod]
        guard group >= 0 else { return [] }
        var held: Set<Int> = []
        for other in self.podsByNode[node] where self.groups.topGroupByPod[Int(other)] == group {
            for device in self.devices(of: Int(other)) where device.resource == resource { held.insert(device.index) }
        }
        return held
    }

    // MARK: Other pods

    /// Spread, affinity and anti-affinity against the pods that have nodes now.
    mutating func neighboursAllow(_ pod: Int, on node: Int) -> Bool {
        self.spreadRejection(pod, on: node) == nil && self.affinityRejection(pod, on: node) == nil
    }

    private func domain(_ counter: PodCounter, _ node: Int) -> Int32 {
        self.labelDomains[counter.labelRow].domainByNode[node]
    }

    mutating func spreadRejection(_ pod: Int, on node: Int) -> RejectionReason? {
        let shape = self.shape(of: pod)
        for (position, index) in self.shapes[shape].spreadCounters.enumerated() {
            let constraint = self.shapes[shape].constraints.topologySpread[position]
            guard constraint.isRequired else { continue }
            let counter = self.counters[index]
            let domain = self.domain(counter, node)
            guard domain >= 0 else { return .topologySpreadViolated(topologyKey: constraint.topologyKey) }
            let isOwn = constraint.selector?.matches(self.snapshot.pods[pod].labels) ?? false
            let isCounted = counter.eligibleNodes?.contains(node) ?? true
            let inDomain =
                isCounted || counter.eligibleDomains.contains(Int(domain))
                ? Int(counter.countByDomain[Int(domain)]) : 0
            var fewest = counter.eligibleDomains.lazy.map { Int(counter.countByDomain[$0]) }.min() ?? 0
            if counter.eligibleDomains.count < (constraint.minDomains ?? 1) { fewest = 0 }
            if inDomain + (isOwn ? 1 : 0) - fewest > constraint.maxSkew {
                return .topologySpreadViolated(topologyKey: constraint.topologyKey)
            }
        }
        return nil
    }

    mutating func affinityRejection(_ pod: Int, on node: Int) -> RejectionReason? {
        self.heldTermRejection(pod, on: node) ?? self.ownAntiAffinityRejection(pod, on: node)
            ?? self.ownAffinityRejection(pod, on: node)
    }

    private func heldTermRejection(_ pod: Int, on node: Int) -> RejectionReason? {
        let state = self.snapshot.pods[pod]
        for index in self.holdingCounters where self.counters[index].total > 0 {
            let counter = self.counters[index]
            let domain = self.domain(counter, node)
            guard domain >= 0, counter.countByDomain[Int(domain)] > 0, case .holding(let term) = counter.subject,
                term.matches(namespace: state.key.namespace, labels: state.labels)
            else { continue }
            return .podAntiAffinityViolated(topologyKey: term.topologyKey, byExisting: true)
        }
        return nil
    }

    private mutating func ownAntiAffinityRejection(_ pod: Int, on node: Int) -> RejectionReason? {
        let shape = self.shape(of: pod)
        for index in self.shapes[shape].antiAffinityCounters {
            let counter = self.counters[index]
            let domain = self.domain(counter, node)
            if domain >= 0, counter.countByDomain[Int(domain)] > 0 {
                let key = self.labelDomains[counter.labelRow].key
                return .podAntiAffinityViolated(topologyKey: key, byExisting: false)
            }
        }
        return nil
    }

    private mutating func ownAffinityRejection(_ pod: Int, on node: Int) -> RejectionReason? {
        let shape = self.shape(of: pod)
        let counters = self.shapes[shape].affinityCounters
        guard !counters.isEmpty else { return nil }
        var unsatisfiedKey: String?
        for index in counters {
            let counter = self.counters[index]
            let domain = self.domain(counter, node)
            let key = self.labelDomains[counter.labelRow].key
            if domain < 0 { return .podAffinityUnsatisfied(topologyKey: key) }
            if counter.countByDomain[Int(domain)] == 0 { unsatisfiedKey = unsatisfiedKey ?? key }
        }
        guard let unsatisfiedKey else { return nil }
        // The first pod of a set that is near to itself may start anywhere: nobody matches yet, and it does.
        let isFirstOfItsKind =
            counters.allSatisfy { self.counters[$0].total == 0 }
            && self.shapes[shape].constraints.requiredPodAffinity.allSatisfy {
                $0.matches(namespace: self.snapshot.pods[pod].key.namespace, labels: self.snapshot.pods[pod].labels)
            }
        return isFirstOfItsKind ? nil : .podAffinityUnsatisfied(topologyKey: unsatisfiedKey)
    }

    // MARK: Reasons

    /// Why the pod may not run on the node now, in kube-scheduler's order of checks: taints, selector and affinity,
    /// ports, amounts and devices, volumes, spread, pod affinity. All that fail, not only the first.
    public mutating func rejections(_ pod: Int, on node: Int) -> [RejectionReason] {
        let isAllowed = self.shapes[self.shape(of: pod)].allowedNodes.contains(node)
        return isAllowed ? self.changingRejections(pod, on: node) : self.allRejections(pod, on: node)
    }

    /// On a node that taints, selection and volumes allow: only what other pods take or do.
    private mutating func changingRejections(_ pod: Int, on node: Int) -> [RejectionReason] {
        var reasons: [RejectionReason] = []
        if let port = self.takenPort(pod, on: node) { reasons.append(.hostPortConflict(port)) }
        reasons += self.roomRejections(pod, on: node)
        if let spread = self.spreadRejection(pod, on: node) { reasons.append(spread) }
        if let affinity = self.affinityRejection(pod, on: node) { reasons.append(affinity) }
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
        if let spread = self.spreadRejection(pod, on: node) { reasons.append(spread) }
        if let affinity = self.affinityRejection(pod, on: node) { reasons.append(affinity) }
        return reasons
    }

    private mutating func shortAmounts(_ pod: Int, on node: Int) -> [RejectionReason] {
        let shape = self.shape(of: pod)
        return self.shapes[shape].requests.compactMap { request in
            let position = request.row * self.nodeCount + node
            guard self.free[position] < request.amount else { return nil }
            return .insufficient(
                resource: self.resources[request.row], requested: request.amount, free: self.free[position],
                allocatable: self.allocatable[position])
        }
    }

    private func deviceRejections(_ pod: Int, on node: Int) -> [RejectionReason] {
        self.snapshot.pods[pod].deviceRequests.compactMap { request in
            guard let ledger = self.ledgers[node].first(where: { $0.pool.resource == request.resource }) else {
                return .insufficient(
                    resource: request.resource, requested: Int64(request.count), free: 0, allocatable: 0)
            }
            guard request.isServed(by: ledger.pool) else {
                return .unsuitableDevices(resource: request.resource, requested: request.count, suitable: 0)
            }
            let avoided = self.siblingDevices(of: pod, on: node, resource: request.resource)
            if ledger.choose(request, avoiding: avoided) != nil { return nil }
            return Self.deviceRejection(request, ledger, avoiding: avoided)
        }
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
