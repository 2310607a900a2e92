import SchedulingModel

/// Synthetic clusters and demand, the same on every run.
enum Worlds {
    static let levels = ["zone", "block", "spine", "rack"]

    /// Nodes of 8 GPUs, 16 to a rack, 8 racks to a spine, 5 spines to a block, 4 blocks to a zone.
    static func nodes(_ count: Int) -> [NodeState] {
        (0..<count).map { index in
            let rack = index / 16
            let path = [rack / 160, rack / 40, rack / 8, rack].map { "\($0)" }
            return NodeState(
                name: NodeName("gpu-\(String(1_000_000 + index).dropFirst())"),
                labels: Dictionary(uniqueKeysWithValues: zip(Self.levels, path)),
                allocatable: ResourceAmounts([
                    .cpu: 128_000, .memory: 2 << 40, .pods: 110, .nvidiaGPU: 8,
                ]),
                devicePools: [
                    DevicePool(
                        resource: .nvidiaGPU, kind: .exclusive, product: "NVIDIA-H100-80GB-HBM3", deviceCount: 8,
                        memoryMiBPerDevice: 81559)
                ],
                topologyPath: path)
        }
    }

    static let topology = Topology(levels: Self.levels.map { TopologyLevel(name: $0, labelKey: $0) })

    /// GPUs, CPU millicores and GiB per pod; weights as in the mix of the openb trace: mostly one GPU, some without.
    private static let mix: [(gpus: Int, weight: Int)] = [(1, 78), (2, 3), (4, 2), (8, 4), (0, 13)]

    static func pods(_ count: Int, seed: UInt64, shapes: Int = 50, prefix: String = "pod") -> [PodState] {
        var generator = SeededGenerator(seed: seed)
        let kinds = (0..<shapes).map { _ -> (gpus: Int, cpuMillis: Int64, memoryBytes: Int64) in
            var draw = generator.int(in: 0...99)
            let gpus =
                Self.mix.first { kind in
                    draw -= kind.weight
                    return draw < 0
                }?.gpus ?? 1
            let cores = Int64(generator.int(in: 2...12)) * Int64(max(1, gpus))
            return (gpus, cores * 1000, cores << 33)
        }
        return (0..<count).map { index in
            let kind = kinds[generator.int(in: 0...shapes - 1)]
            var requests: [ResourceName: Int64] = [.cpu: kind.cpuMillis, .memory: kind.memoryBytes]
            if kind.gpus > 0 { requests[.nvidiaGPU] = Int64(kind.gpus) }
            return PodState(
                key: PodKey(namespace: "bench", name: "\(prefix)-\(index)"), creationSeconds: Int64(index),
                requests: ResourceAmounts(requests),
                deviceRequests: kind.gpus > 0
                    ? [DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: kind.gpus)] : [])
        }
    }

    /// Pods of two GPUs each, four to a node in turn.
    static func boundPods(_ count: Int, nodes: Int) -> [PodState] {
        let requests = ResourceAmounts([.cpu: 24_000, .memory: 256 << 30, .nvidiaGPU: 2])
        return (0..<count).map { index in
            let node = String(1_000_000 + index % nodes).dropFirst()
            return PodState(
                key: PodKey(namespace: "bench", name: "bound-\(index)"), standing: .bound(NodeName("gpu-\(node)")),
                creationSeconds: Int64(index), requests: requests,
                deviceRequests: [DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: 2)])
        }
    }

    // MARK: openb

    /// So many nodes in the proportions of the openb cluster, kinds mixed.
    static func openbNodes(_ count: Int) -> [NodeState] {
        var generator = SeededGenerator(seed: 7)
        let total = OpenbMix.nodeKinds.reduce(0) { $0 + $1.count }
        var kinds: [OpenbMix.NodeKind] = []
        for kind in OpenbMix.nodeKinds {
            kinds += Array(repeating: kind, count: (kind.count * count + total / 2) / total)
        }
        while kinds.count < count { kinds.append(OpenbMix.nodeKinds[0]) }
        return generator.shuffled(Array(kinds.prefix(count))).enumerated().map { index, kind in
            let pool = DevicePool(
                resource: .nvidiaGPU, kind: .exclusive, product: kind.model, deviceCount: kind.gpus, chooser: .planner)
            return NodeState(
                name: NodeName("node-\(String(1_000_000 + index).dropFirst())"),
                labels: ["nvidia.com/gpu.product": kind.model],
                allocatable: ResourceAmounts([
                    .cpu: kind.cpuMillis, .memory: kind.memoryMiB << 20, .nvidiaGPU: Int64(kind.gpus),
                ]), devicePools: [pool])
        }
    }

    /// Pods drawn from the openb workload, in the order they arrive.
    static func openbPods(_ count: Int, seed: UInt64) -> [PodState] {
        var generator = SeededGenerator(seed: seed)
        let requests = OpenbMix.podKinds.map { kind -> (ResourceAmounts, [DeviceRequest]) in
            var amounts = ResourceAmounts([.cpu: kind.cpuMillis, .memory: kind.memoryMiB << 20])
            guard kind.gpus > 0 else { return (amounts, []) }
            if kind.gpuMillis < 1000 {
                let part = DeviceRequest(
                    resource: .nvidiaGPU, kind: .fraction, count: 1, thousandthsPerDevice: kind.gpuMillis)
                return (amounts, [part])
            }
            amounts[.nvidiaGPU] = Int64(kind.gpus)
            return (amounts, [DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: kind.gpus)])
        }
        let bag = OpenbMix.podKinds.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element.count) }
        return (0..<count).map { index in
            let (amounts, devices) = requests[generator.pick(bag)]
            return PodState(
                key: PodKey(namespace: "openb", name: "arrival-\(String(10_000_000 + index).dropFirst())"),
                creationSeconds: Int64(index), requests: amounts, deviceRequests: devices)
        }
    }

    static func gang(_ members: Int, required axis: TopologyAxis?) -> (PodGroup, [PodState]) {
        let key = PodGroupKey(namespace: "bench", name: "gang")
        let wishes = axis.map { [TopologyConstraint(axis: $0, isRequired: true)] } ?? []
        let pods = (0..<members).map { rank in
            PodState(
                key: PodKey(namespace: "bench", name: "gang-\(rank)"),
                requests: ResourceAmounts([.cpu: 96_000, .memory: 1 << 40, .nvidiaGPU: 8]),
                deviceRequests: [DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: 8)], group: key, rank: rank)
        }
        return (PodGroup(key: key, minMember: members, topology: wishes), pods)
    }
}
