package import SchedulingModel

/// Devices: who gets which, and whether they have room.
extension Replay {
    /// Books what somebody holds. Indices that the pool does not have are passed over: such facts bind nobody.
    mutating func book(_ device: DeviceAssignment, for pod: Int, on node: Int) {
        guard let pool = self.snapshot.nodes[node].devicePools.firstIndex(where: { $0.resource == device.resource }),
            self.deviceLoads[node][pool].indices.contains(device.index)
        else { return }
        var load = self.deviceLoads[node][pool][device.index]
        load.clients.append(pod)
        load.memoryMiB = load.memoryMiB.addingSaturated(device.memoryMiB ?? 0)
        load.thousandths += min(max(device.thousandths ?? 0, 0), 1_000_000)
        if device.kind != .fraction && self.snapshot.nodes[node].devicePools[pool].kind == .exclusive {
            load.isTakenWhole = true
        }
        self.deviceLoads[node][pool][device.index] = load
    }

    /// Gives the pod its devices, request by request, and says which rules that breaks.
    mutating func takeDevices(_ devices: [DeviceAssignment], for pod: Int, on node: Int) -> [Violation.Kind] {
        var kinds = Self.listViolations(devices)
        var left = devices
        for request in self.snapshot.pods[pod].deviceRequests {
            kinds += self.serve(request, from: &left, for: pod, on: node)
        }
        return kinds + left.map { .deviceNotRequested($0.resource, index: $0.index) }
    }

    private static func listViolations(_ devices: [DeviceAssignment]) -> [Violation.Kind] {
        zip(devices, devices.dropFirst()).compactMap { lower, higher in
            if (lower.resource, lower.index) == (higher.resource, higher.index) {
                return .deviceGivenTwice(lower.resource, index: lower.index)
            }
            return (lower.resource, lower.index) < (higher.resource, higher.index) ? nil : .devicesUnsorted
        }
    }

    private mutating func serve(
        _ request: DeviceRequest, from left: inout [DeviceAssignment], for pod: Int, on node: Int
    ) -> [Violation.Kind] {
        let resource = request.resource
        guard let position = self.snapshot.nodes[node].devicePools.firstIndex(where: { $0.resource == resource }) else {
            left.removeAll { $0.resource == resource }
            return [.unsuitablePool(resource)]
        }
        let pool = self.snapshot.nodes[node].devicePools[position]
        var kinds: [Violation.Kind] = request.isServed(by: pool) ? [] : [.unsuitablePool(resource)]
        let given = Self.takeOut(request, of: pool, from: &left)
        if given.count != request.count {
            kinds.append(.deviceCountWrong(resource, requested: request.count, given: given.count))
        }
        for device in given {
            guard self.deviceLoads[node][position].indices.contains(device.index) else {
                kinds.append(.deviceOutOfRange(resource, index: device.index))
                continue
            }
            let claimed = Self.statement(of: request, on: pool, index: device.index)
            if claimed != device { kinds.append(.deviceMisstated(resource, index: device.index)) }
            kinds += self.pluginViolations(request, device, for: pod, on: node, pool: position)
            kinds += self.roomViolations(request, at: device.index, for: pod, on: node, pool: position)
            self.book(device, for: pod, on: node)
        }
        return kinds
    }

    /// The devices of the list that are for this request: first those that state what it asks for, then any of its
    /// resource.
    private static func takeOut(
        _ request: DeviceRequest, of pool: DevicePool, from left: inout [DeviceAssignment]
    ) -> [DeviceAssignment] {
        var given: [DeviceAssignment] = []
        func take(where isWanted: (DeviceAssignment) -> Bool) {
            while given.count < request.count, let position = left.firstIndex(where: isWanted) {
                given.append(left.remove(at: position))
            }
        }
        take { $0 == Self.statement(of: request, on: pool, index: $0.index) }
        take { $0.resource == request.resource }
        return given
    }

    /// What an assignment must say of a device that serves the request.
    package static func statement(of request: DeviceRequest, on pool: DevicePool, index: Int) -> DeviceAssignment {
        let isWhole =
            request.kind == .whole || request.kind == .slot && pool.kind == .exclusive && pool.migProfile == nil
        let agentFollows = pool.chooser == .planner && (pool.kind != .exclusive || request.kind == .fraction)
        return DeviceAssignment(
            resource: pool.resource, index: index, kind: isWhole ? .whole : request.kind,
            memoryMiB: isWhole ? nil : request.memoryMiB(on: pool), thousandths: request.thousandthsPerDevice,
            isAssumed: !agentFollows)
    }
}
