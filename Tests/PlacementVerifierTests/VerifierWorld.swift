import PlacementVerifier
import SchedulingModel

/// Nodes, pods and plans that say only what a test is about. Two levels: block, rack.
enum VerifierWorld {
    static let topology = Topology(levels: [
        TopologyLevel(name: "block", labelKey: "block"), TopologyLevel(name: "rack", labelKey: "rack"),
    ])
    static let gang = PodGroupKey(namespace: "ml", name: "gang")

    static func node(
        _ name: String, rack: String? = nil, gpus: Int = 0, labels: [String: String] = [:], taints: [Taint] = [],
        pool: DevicePool? = nil
    ) -> NodeState {
        var node = NodeState(name: NodeName(name), labels: labels, taints: taints, topologyPath: ["b", rack])
        node.labels["kubernetes.io/hostname"] = name
        node.labels["rack"] = rack
        node.allocatable = ResourceAmounts([.cpu: 4000, .memory: 8, .pods: 4])
        let exclusive = DevicePool(
            resource: .nvidiaGPU, kind: .exclusive, deviceCount: gpus, memoryMiBPerDevice: 24)
        if let pool = pool ?? (gpus > 0 ? exclusive : nil) {
            node.devicePools = [pool]
            node.allocatable[pool.resource] = Int64(pool.deviceCount * pool.slotsPerDevice)
        }
        return node
    }

    static func pod(
        _ name: String, on node: String? = nil, cpu: Int64 = 0, request: DeviceRequest? = nil,
        labels: [String: String] = [:], group: PodGroupKey? = nil, rank: Int? = nil,
        _ change: (inout SchedulingConstraints) -> Void = { _ in }
    ) -> PodState {
        var pod = PodState(key: Self.key(name), labels: labels, group: group, rank: rank)
        if let node { pod.standing = .bound(NodeName(node)) }
        pod.requests[.cpu] = cpu
        if let request {
            pod.deviceRequests = [request]
            if request.kind != .fraction { pod.requests[request.resource] = Int64(request.count) }
        }
        change(&pod.constraints)
        return pod
    }

    static func key(_ name: String) -> PodKey { PodKey(namespace: "ml", name: name) }

    static func whole(_ count: Int) -> DeviceRequest { DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: count) }

    static func slot(memory: Int64? = nil) -> DeviceRequest {
        DeviceRequest(resource: .nvidiaGPU, kind: .slot, count: 1, memoryMiBPerDevice: memory)
    }

    static func fraction(memory: Int64? = nil, thousandths: Int? = nil) -> DeviceRequest {
        DeviceRequest(
            resource: .nvidiaGPU, kind: .fraction, count: 1, memoryMiBPerDevice: memory,
            thousandthsPerDevice: thousandths)
    }

    static func shared(
        slots: Int, _ isolation: DevicePool.Isolation = .timeSlicing, devices: Int,
        by chooser: DevicePool.Chooser = .pluginDistributed
    ) -> DevicePool {
        DevicePool(
            resource: .nvidiaGPU, kind: .shared(slotsPerDevice: slots, isolation: isolation), deviceCount: devices,
            memoryMiBPerDevice: 24, chooser: chooser)
    }

    static func snapshot(_ nodes: [NodeState], _ pods: [PodState], _ groups: [PodGroup] = []) -> ClusterSnapshot {
        ClusterSnapshot(nodes: nodes, pods: pods, groups: groups, topology: Self.topology)
    }

    static func whole(at indices: Int...) -> [DeviceAssignment] {
        indices.map { DeviceAssignment(resource: .nvidiaGPU, index: $0, kind: .whole) }
    }

    static func assign(
        _ pod: String, _ node: String, _ devices: [DeviceAssignment] = [], rank: Int? = nil
    ) -> Assignment {
        Assignment(pod: Self.key(pod), node: NodeName(node), devices: devices, rank: rank)
    }

    /// Which rules the assignments break, in the order found.
    static func kinds(_ snapshot: ClusterSnapshot, _ assignments: Assignment...) -> [Violation.Kind] {
        PlacementVerifier(snapshot: snapshot).violations(of: assignments).map(\.kind)
    }
}
