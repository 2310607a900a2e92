import SchedulingModel

/// Synthetic clusters and demand, the same on every run.
enum Worlds {
    /// A small generator with a fixed sequence per seed (SplitMix64).
    struct Generator: RandomNumberGenerator {
        private var state: UInt64

        init(seed: UInt64) { self.state = seed }

        mutating func next() -> UInt64 {
            self.state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = self.state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

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
        var generator = Generator(seed: seed)
        let kinds = (0..<shapes).map { _ -> (gpus: Int, cpuMillis: Int64, memoryBytes: Int64) in
            var draw = Int.random(in: 0..<100, using: &generator)
            let gpus =
                Self.mix.first { kind in
                    draw -= kind.weight
                    return draw < 0
                }?.gpus ?? 1
            let cores = Int64.random(in: 2...12, using: &generator) * Int64(max(1, gpus))
            return (gpus, cores * 1000, cores << 33)
        }
        return (0..<count).map { index in
            let kind = kinds[Int.random(in: 0..<shapes, using: &generator)]
            var requests: [ResourceName: Int64] = [.cpu: kind.cpuMillis, .memory: kind.memoryBytes]
            if kind.gpus > 0 { requests[.nvidiaGPU] = Int64(kind.gpus) }
            return PodState(
                key: PodKey(namespace: "bench", name: "\(prefix)-\(index)"), creationSeconds: Int64(index),
                requests: ResourceAmounts(requests),
                deviceRequests: kind.gpus > 0
                    ? [DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: kind.gpus)] : [])
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
