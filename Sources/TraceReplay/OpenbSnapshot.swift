import SchedulingModel

/// The benchmark's cluster and arrivals as the solver sees any cluster.
///
/// Nodes are named by rank, so that the order of names, which breaks ties, is the order of ranks. Pod *i* of the snapshot is
/// arrival *i*.
struct OpenbSnapshot {
    let snapshot: ClusterSnapshot
    /// Node in the trace's list by node of the snapshot.
    let nodeByIndex: [Int]

    init(_ trace: OpenbTrace, _ sequence: ArrivalSequence) {
        let order = sequence.nodeRanks.indices.sorted { sequence.nodeRanks[$0] < sequence.nodeRanks[$1] }
        let nodes = order.enumerated().map { rank, node in Self.node(trace.nodes[node], rank: rank) }
        let pods = sequence.pods.enumerated().map { arrival, pod in Self.pod(trace.pods[pod], arrival: arrival) }
        self.nodeByIndex = order
        self.snapshot = ClusterSnapshot(nodes: nodes, pods: pods)
    }

    private static let modelLabel = "nvidia.com/gpu.product"

    private static func node(_ node: OpenbTrace.Node, rank: Int) -> NodeState {
        var allocatable = ResourceAmounts([
            .cpu: Int64(node.cpuMillis), .memory: Int64(node.memoryMiB) << 20,
        ])
        allocatable[.nvidiaGPU] = Int64(node.gpuCount)
        let pool = DevicePool(
            resource: .nvidiaGPU, kind: .exclusive, product: node.model, deviceCount: node.gpuCount, chooser: .planner)
        return NodeState(
            name: NodeName("node-" + Self.padded(rank)), labels: [Self.modelLabel: node.model],
            allocatable: allocatable, devicePools: node.gpuCount > 0 ? [pool] : [])
    }

    private static func pod(_ pod: OpenbTrace.Pod, arrival: Int) -> PodState {
        var requests = ResourceAmounts([.cpu: Int64(pod.cpuMillis), .memory: Int64(pod.memoryMiB) << 20])
        var devices: [DeviceRequest] = []
        if pod.isShared {
            devices = [
                DeviceRequest(resource: .nvidiaGPU, kind: .fraction, count: 1, thousandthsPerDevice: pod.gpuMillis)
            ]
        } else if pod.gpuCount > 0 {
            requests[.nvidiaGPU] = Int64(pod.gpuCount)
            devices = [DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: pod.gpuCount)]
        }
        var constraints = SchedulingConstraints()
        if !pod.models.isEmpty {
            constraints.requiredNodeAffinity = NodeSelector([
                NodeSelectorTerm(labels: [LabelRequirement(key: Self.modelLabel, .isIn(pod.models))])
            ])
        }
        return PodState(
            key: PodKey(namespace: "openb", name: "arrival-" + Self.padded(arrival)), creationSeconds: Int64(arrival),
            requests: requests, deviceRequests: devices, constraints: constraints)
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }
}
