import SchedulingModel

extension SolverState {
    /// Whether the pod may run on the node now, devices included.
    public mutating func fit(_ pod: Int, on node: Int) -> Candidate? {
        let shape = self.shape(of: pod)
        guard self.shapes[shape].allowedNodes.contains(node), self.amountsFit(shape, on: node),
            self.portsFit(shape, on: node),
            !self.needsNeighbourCheck(shape) || self.neighboursAllow(pod, shape, on: node),
            let held = self.chooseDevices(pod, shape, on: node)
        else { return nil }
        return Candidate(node: node, held: held)
    }

    @inline(__always)
    func amountsFit(_ shape: Int, on node: Int) -> Bool {
        let start = node * self.rowCount
        for position in self.rules[shape].requests
        where self.free[start + Int(self.requestRows[Int(position)])] < self.requestAmounts[Int(position)] {
            return false
        }
        return true
    }

    @inline(__always)
    func portsFit(_ shape: Int, on node: Int) -> Bool {
        guard self.rules[shape].hasPorts, let taken = self.hostPortsByNode[node] else { return true }
        return !self.shapes[shape].constraints.hostPorts.contains { port in taken.contains(where: port.conflicts) }
    }

    // MARK: Devices

    /// The devices of every request of the pod; none for a pod without requests; nil where they do not fit.
    @inline(__always)
    func chooseDevices(_ pod: Int, _ shape: Int, on node: Int) -> HeldDevices? {
        let rule = self.rules[shape]
        if rule.deviceRequestCount == 0 { return HeldDevices.none }
        guard rule.deviceRequestCount == 1, rule.poolRow >= 0 else {
            return self.chooseSeveralDevices(pod, on: node)
        }
        guard let pool = self.devices.pool(on: node, row: Int(rule.poolRow)) else { return nil }
        let avoided =
            self.groups.topGroupByPod[pod] < 0 ? DeviceSet() : self.siblingDevices(of: pod, on: node, in: pool)
        guard let chosen = self.devices.choose(rule.device, from: pool, avoiding: avoided) else { return nil }
        return HeldDevices(pool: Int32(pool), devices: chosen)
    }

    private func chooseSeveralDevices(_ pod: Int, on node: Int) -> HeldDevices? {
        var held = HeldDevices()
        for request in self.snapshot.pods[pod].deviceRequests {
            guard let row = self.poolRowByResource[request.resource],
                let pool = self.devices.pool(on: node, row: row)
            else { return nil }
            var avoided = self.siblingDevices(of: pod, on: node, in: pool)
            for assignment in held.assignments where assignment.resource == request.resource {
                avoided.insert(assignment.index)
            }
            guard let chosen = self.devices.choose(DeviceDemandRule(request), from: pool, avoiding: avoided) else {
                return nil
            }
            held.assignments += DeviceLedger(pool: self.devices.kind(of: pool), loads: [])
                .assignments(request, at: chosen.indices)
        }
        held.assignments.sort { ($0.resource, $0.index) < ($1.resource, $1.index) }
        return held
    }

    /// Devices of the node's pool that members of the pod's own group hold.
    func siblingDevices(of pod: Int, on node: Int, in pool: Int) -> DeviceSet {
        let group = self.groups.topGroupByPod[pod]
        var held = DeviceSet()
        guard group >= 0 else { return held }
        let resource = self.devices.kind(of: pool).resource
        self.forEachPod(on: node) { other in
            guard self.groups.topGroupByPod[other] == group else { return }
            if self.heldByPod[other].pool == Int32(pool) { held.formUnion(self.heldByPod[other].devices) }
            for device in self.heldByPod[other].assignments where device.resource == resource {
                if (0..<DeviceSet.capacity).contains(device.index) { held.insert(device.index) }
            }
        }
        return held
    }

    @inline(__always)
    func forEachPod(on node: Int, _ body: (Int) -> Void) {
        var pod = self.firstPodOnNode[node]
        while pod >= 0 {
            body(Int(pod))
            pod = self.nextPodOnNode[Int(pod)]
        }
    }

    // MARK: Other pods

    /// Spread, affinity and anti-affinity against the pods that have nodes now.
    func neighboursAllow(_ pod: Int, _ shape: Int, on node: Int) -> Bool {
        self.spreadRejection(pod, shape, on: node) == nil && self.affinityRejection(pod, shape, on: node) == nil
    }

    private func domain(_ counter: PodCounter, _ node: Int) -> Int32 {
        self.labelDomains[counter.labelRow].domainByNode[node]
    }

    func spreadRejection(_ pod: Int, _ shape: Int, on node: Int) -> RejectionReason? {
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

    func affinityRejection(_ pod: Int, _ shape: Int, on node: Int) -> RejectionReason? {
        self.heldTermRejection(pod, on: node) ?? self.ownAntiAffinityRejection(shape, on: node)
            ?? self.ownAffinityRejection(pod, shape, on: node)
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

    private func ownAntiAffinityRejection(_ shape: Int, on node: Int) -> RejectionReason? {
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

    private func ownAffinityRejection(_ pod: Int, _ shape: Int, on node: Int) -> RejectionReason? {
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
}
