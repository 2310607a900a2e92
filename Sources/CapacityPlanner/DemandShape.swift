import SchedulingModel

/// Pods that differ in nothing but their names and ages.
struct DemandShape {
    /// Stands for all of them.
    let pod: PodState
    /// Positions in the snapshot, ascending.
    var pods: [Int]

    /// Shapes in the order of their first pods.
    static func shapes(of pods: [Int], in snapshot: ClusterSnapshot) -> [DemandShape] {
        var positions: [PodState: Int] = [:]
        var shapes: [DemandShape] = []
        for index in pods {
            var pod = snapshot.pods[index]
            pod.key = PodKey(namespace: pod.key.namespace, name: "")
            pod.creationSeconds = 0
            pod.rank = nil
            if let position = positions[pod] {
                shapes[position].pods.append(index)
            } else {
                positions[pod] = shapes.count
                shapes.append(DemandShape(pod: pod, pods: [index]))
            }
        }
        return shapes
    }
}

/// What one pod takes of one node's devices, in thousandths of each of so many devices.
struct DeviceTake: Hashable {
    var deviceCount: Int
    var thousandths: Int

    static let nothing = DeviceTake(deviceCount: 0, thousandths: 0)

    /// Nil where the node's devices cannot serve the pod, however empty they are.
    ///
    /// A pod that asks for devices of two resources is counted by the larger request; the planner has the last word.
    static func of(_ pod: PodState, on node: NodeState) -> DeviceTake? {
        var take = DeviceTake.nothing
        for request in pod.deviceRequests {
            guard let pool = node.pool(for: request.resource), request.isServed(by: pool),
                request.count <= pool.deviceCount, let share = Self.thousandths(of: request, on: pool)
            else { return nil }
            if request.count * share > take.deviceCount * take.thousandths {
                take = DeviceTake(deviceCount: request.count, thousandths: share)
            }
        }
        return take
    }

    private static func thousandths(of request: DeviceRequest, on pool: DevicePool) -> Int? {
        if let wanted = request.memoryMiBPerDevice, let limit = pool.memoryMiBLimitPerClient, wanted > limit {
            return nil
        }
        if case .exclusive = pool.kind, request.kind != .fraction { return 1000 }
        let slot = pool.slotsPerDevice > 1 ? 1000 / pool.slotsPerDevice : 1
        var memory = 0
        if let wanted = request.memoryMiBPerDevice, let all = pool.memoryMiBPerDevice, all > 0 {
            memory = Int((wanted * 1000 + all - 1) / all)
        }
        let share = max(request.thousandthsPerDevice ?? 0, memory, slot)
        return share <= 1000 ? share : nil
    }
}
