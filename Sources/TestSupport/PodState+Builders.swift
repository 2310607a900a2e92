public import SchedulingModel

extension PodState {
    /// A pod in namespace `ml` that asks for whole `nvidia.com/gpu` devices.
    ///
    /// - Parameter node: Where it runs; nil makes it demand.
    public static func gpu(
        _ name: String, count: Int, on node: String? = nil, priority: Int32 = 0, created: Int64 = 0,
        group: String? = nil, rank: Int? = nil
    ) -> PodState {
        let request = DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: count)
        var pod = Self.pod(name, requests: count > 0 ? [request] : [], on: node, priority: priority, created: created)
        pod.group = group.map { PodGroupKey(namespace: "ml", name: $0) }
        pod.rank = rank
        return pod
    }

    /// A pod in namespace `ml` that asks for one slot of a shared device.
    public static func slot(
        _ name: String, memoryMiB: Int64? = nil, on node: String? = nil, priority: Int32 = 0, created: Int64 = 0
    ) -> PodState {
        let request = DeviceRequest(resource: .nvidiaGPU, kind: .slot, count: 1, memoryMiBPerDevice: memoryMiB)
        return Self.pod(name, requests: [request], on: node, priority: priority, created: created)
    }

    /// A pod in namespace `ml` with these device requests, which it also makes as resources, fractions apart.
    public static func pod(
        _ name: String, requests: [DeviceRequest] = [], on node: String? = nil, priority: Int32 = 0,
        created: Int64 = 0
    ) -> PodState {
        var amounts = ResourceAmounts()
        for request in requests where request.kind != .fraction {
            amounts[request.resource] = amounts[request.resource].addingSaturated(Int64(request.count))
        }
        return PodState(
            key: PodKey(namespace: "ml", name: name), standing: node.map { .bound(NodeName($0)) } ?? .pending,
            creationSeconds: created, priority: priority, requests: amounts, deviceRequests: requests)
    }
}

extension DeviceRequest {
    /// `count` whole `nvidia.com/gpu` devices.
    public static func whole(_ count: Int) -> DeviceRequest {
        DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: count)
    }

    /// One slot of `nvidia.com/gpu`.
    public static func slot(memoryMiB: Int64? = nil, count: Int = 1) -> DeviceRequest {
        DeviceRequest(resource: .nvidiaGPU, kind: .slot, count: count, memoryMiBPerDevice: memoryMiB)
    }

    /// A declared part of one `nvidia.com/gpu` device.
    public static func fraction(thousandths: Int? = nil, memoryMiB: Int64? = nil, count: Int = 1) -> DeviceRequest {
        DeviceRequest(
            resource: .nvidiaGPU, kind: .fraction, count: count, memoryMiBPerDevice: memoryMiB,
            thousandthsPerDevice: thousandths)
    }
}
