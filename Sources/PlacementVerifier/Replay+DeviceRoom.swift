import SchedulingModel

/// Whether one more client fits on a device, and whether the node's plugin would put it there.
extension Replay {
    func roomViolations(
        _ request: DeviceRequest, at index: Int, for pod: Int, on node: Int, pool position: Int
    ) -> [Violation.Kind] {
        let pool = self.snapshot.nodes[node].devicePools[position]
        let load = self.deviceLoads[node][position][index]
        var kinds: [Violation.Kind] = []
        if self.isOccupied(load, pool: pool, for: request) {
            kinds.append(.deviceOccupied(pool.resource, index: index))
        }
        if load.clients.contains(pod) { kinds.append(.deviceGivenTwice(pool.resource, index: index)) }
        if let sibling = load.clients.first(where: { self.areSiblings($0, pod) }) {
            let key = self.snapshot.pods[sibling].key
            kinds.append(.deviceSharedWithinGroup(pool.resource, index: index, sibling: key))
        }
        kinds += Self.memoryViolations(request, at: index, of: pool, beside: load)
        let thousandths = load.thousandths + min(max(request.thousandthsPerDevice ?? 0, 0), 1_000_000)
        if pool.sharesDevice(with: request) && thousandths > 1000 {
            kinds.append(.deviceThousandthsExceeded(pool.resource, index: index, used: thousandths))
        }
        return kinds
    }

    private func isOccupied(_ load: DeviceLoad, pool: DevicePool, for request: DeviceRequest) -> Bool {
        if load.isTakenWhole { return true }
        guard pool.sharesDevice(with: request) else { return !load.clients.isEmpty }
        return switch pool.kind {
        case .exclusive: false
        case .shared(let slots, _): load.clients.count >= slots
        }
    }

    private func areSiblings(_ one: Int, _ other: Int) -> Bool {
        guard one != other, let left = self.snapshot.pods[one].group, let right = self.snapshot.pods[other].group else {
            return false
        }
        return self.forest.root(of: left) == self.forest.root(of: right)
    }

    /// A client that declares memory fits on no device whose memory nobody knows.
    private static func memoryViolations(
        _ request: DeviceRequest, at index: Int, of pool: DevicePool, beside load: DeviceLoad
    ) -> [Violation.Kind] {
        let resource = pool.resource
        guard let total = pool.memoryMiBPerDevice else {
            guard let declared = request.memoryMiBPerDevice else { return [] }
            return [.deviceMemoryExceeded(resource, index: index, usedMiB: declared, deviceMiB: nil)]
        }
        let asked = request.kind == .whole ? request.memoryMiBPerDevice ?? 0 : request.memoryMiB(on: pool) ?? 0
        var kinds: [Violation.Kind] = []
        if let limit = pool.memoryMiBLimitPerClient, asked > limit {
            kinds.append(.clientMemoryExceeded(resource, index: index, askedMiB: asked, limitMiB: limit))
        }
        let used = pool.sharesDevice(with: request) ? load.memoryMiB.addingSaturated(asked) : asked
        if used > total {
            kinds.append(.deviceMemoryExceeded(resource, index: index, usedMiB: used, deviceMiB: total))
        }
        return kinds
    }

    /// Where a plugin picks the card: the one named is the lowest that its rule leaves open, and the client would fit
    /// on every one of them, so that the promise holds whichever it takes.
    func pluginViolations(
        _ request: DeviceRequest, _ device: DeviceAssignment, for pod: Int, on node: Int, pool position: Int
    ) -> [Violation.Kind] {
        let pool = self.snapshot.nodes[node].devicePools[position]
        guard case .shared(let slots, _) = pool.kind, pool.chooser != .planner else { return [] }
        let loads = self.deviceLoads[node][position]
        let open = loads.indices.filter { loads[$0].clients.count < slots }
        let counts = open.map { loads[$0].clients.count }
        let preferred = pool.chooser == .pluginPacked ? counts.max() : counts.min()
        let candidates = open.filter { loads[$0].clients.count == preferred }
        let allFit = candidates.allSatisfy {
            self.roomViolations(request, at: $0, for: pod, on: node, pool: position).isEmpty
        }
        if allFit && candidates.first == device.index { return [] }
        return [.deviceNotByPluginRule(pool.resource, index: device.index, expected: candidates.first)]
    }
}

extension DevicePool {
    /// Whether the request would use a device beside others.
    func sharesDevice(with request: DeviceRequest) -> Bool { self.kind != .exclusive || request.kind == .fraction }
}
