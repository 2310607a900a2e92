import KubernetesAPI
import SchedulingModel
import Testing

@testable import ClusterImport

@Suite("Device pools from labels, annotations and allocatable amounts")
struct DevicePoolTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let allocatable: [String: Int64]
        var labels: [String: String] = [:]
        var annotations: [String: String] = [:]
        let expected: [DevicePool]

        var testDescription: String { self.name }
    }

    private static func exclusive(
        _ count: Int, of resource: String = "nvidia.com/gpu", product: String? = nil, memory: Int64? = nil,
        profile: String? = nil
    ) -> DevicePool {
        DevicePool(
            resource: ResourceName(resource), kind: .exclusive, migProfile: profile, product: product,
            deviceCount: count, memoryMiBPerDevice: memory, chooser: .pluginDistributed)
    }

    private static func shared(
        _ count: Int, of resource: String = "nvidia.com/gpu", slots: Int,
        _ isolation: DevicePool.Isolation = .timeSlicing,
        product: String? = nil, memory: Int64? = nil, profile: String? = nil
    ) -> DevicePool {
        DevicePool(
            resource: ResourceName(resource), kind: .shared(slotsPerDevice: slots, isolation: isolation),
            migProfile: profile, product: product, deviceCount: count, memoryMiBPerDevice: memory,
            chooser: isolation == .declared ? .planner : .pluginDistributed)
    }

    private static func gfd(
        _ product: String, count: Int, memory: Int, replicas: Int = 1, strategy: String = "none"
    ) -> [String: String] {
        [
            "nvidia.com/gpu.product": product, "nvidia.com/gpu.count": "\(count)",
            "nvidia.com/gpu.memory": "\(memory)", "nvidia.com/gpu.replicas": "\(replicas)",
            "nvidia.com/gpu.sharing-strategy": strategy,
        ]
    }

    private static func gke(_ accelerator: String, count: Int, _ more: [String: String] = [:]) -> [String: String] {
        let labels = ["gke-accelerator": accelerator, "gke-accelerator-count": "\(count)"].merging(more) { $1 }
        return Dictionary(uniqueKeysWithValues: labels.map { ("cloud.google.com/\($0.key)", $0.value) })
    }

    static let rows: [Row] = [
        Row(
            name: "whole GPUs", allocatable: ["nvidia.com/gpu": 8, "cpu": 1000],
            labels: gfd("NVIDIA-H100-80GB-HBM3", count: 8, memory: 81_559),
            expected: [exclusive(8, product: "NVIDIA-H100-80GB-HBM3", memory: 81_559)]),
        Row(
            name: "whole GPUs, one of them sick", allocatable: ["nvidia.com/gpu": 7],
            labels: gfd("NVIDIA-A10G", count: 8, memory: 23_028),
            expected: [exclusive(7, product: "NVIDIA-A10G", memory: 23_028)]),
        Row(name: "no labels at all", allocatable: ["nvidia.com/gpu": 2], expected: [exclusive(2)]),
        Row(
            name: "memory by machine type", allocatable: ["nvidia.com/gpu": 8],
            labels: ["node.kubernetes.io/instance-type": "p4d.24xlarge"],
            expected: [exclusive(8, product: "NVIDIA-A100-SXM4-40GB", memory: 40_960)]),
        Row(
            name: "Karpenter's labels", allocatable: ["nvidia.com/gpu": 1],
            labels: [
                "karpenter.k8s.aws/instance-gpu-manufacturer": "nvidia", "karpenter.k8s.aws/instance-gpu-name": "l4",
                "karpenter.k8s.aws/instance-gpu-memory": "22888",
            ],
            expected: [exclusive(1, product: "l4", memory: 22_888)]),
        Row(
            name: "time-slicing", allocatable: ["nvidia.com/gpu": 16],
            labels: gfd("Tesla-T4-SHARED", count: 4, memory: 15_360, replicas: 4, strategy: "time-slicing"),
            expected: [shared(4, slots: 4, product: "Tesla-T4", memory: 15_360)]),
        Row(
            name: "time-slicing, a card down", allocatable: ["nvidia.com/gpu": 12],
            labels: gfd("Tesla-T4-SHARED", count: 4, memory: 15_360, replicas: 4, strategy: "time-slicing"),
            expected: [shared(3, slots: 4, product: "Tesla-T4", memory: 15_360)]),
        Row(
            name: "time-slicing known by the product's suffix alone", allocatable: ["nvidia.com/gpu": 8],
            labels: [
                "nvidia.com/gpu.product": "NVIDIA-L4-SHARED", "nvidia.com/gpu.count": "2",
                "nvidia.com/gpu.replicas": "4",
            ],
            expected: [shared(2, slots: 4, product: "NVIDIA-L4", memory: 23_034)]),
        Row(
            name: "MPS", allocatable: ["nvidia.com/gpu": 32],
            labels: gfd("NVIDIA-A10G-SHARED", count: 8, memory: 23_028, replicas: 4, strategy: "mps"),
            expected: [shared(8, slots: 4, .mps, product: "NVIDIA-A10G", memory: 23_028)]),
        Row(
            name: "renamed", allocatable: ["nvidia.com/gpu.shared": 16],
            labels: gfd("NVIDIA-L4", count: 4, memory: 23_034, replicas: 4, strategy: "time-slicing"),
            expected: [shared(4, of: "nvidia.com/gpu.shared", slots: 4, product: "NVIDIA-L4", memory: 23_034)]),
        Row(
            name: "GKE, whole", allocatable: ["nvidia.com/gpu": 1], labels: gke("nvidia-tesla-t4", count: 1),
            expected: [exclusive(1, product: "Tesla-T4", memory: 15_360)]),
        Row(
            name: "GKE time-sharing", allocatable: ["nvidia.com/gpu": 8],
            labels: gke(
                "nvidia-l4", count: 2,
                ["gke-gpu-sharing-strategy": "time-sharing", "gke-max-shared-clients-per-gpu": "4"]),
            expected: [shared(2, slots: 4, product: "NVIDIA-L4", memory: 23_034)]),
        Row(
            name: "GKE MPS", allocatable: ["nvidia.com/gpu": 6],
            labels: gke(
                "nvidia-l4", count: 2, ["gke-gpu-sharing-strategy": "mps", "gke-max-shared-clients-per-gpu": "3"]),
            expected: [shared(2, slots: 3, .mps, product: "NVIDIA-L4", memory: 23_034)]),
        Row(
            name: "GKE partitions", allocatable: ["nvidia.com/gpu": 7],
            labels: gke("nvidia-tesla-a100", count: 1, ["gke-gpu-partition-size": "1g.5gb"]),
            expected: [exclusive(7, product: "NVIDIA-A100-SXM4-40GB", memory: 4500, profile: "1g.5gb")]),
        Row(
            name: "MIG single", allocatable: ["nvidia.com/gpu": 56],
            labels: gfd("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", count: 56, memory: 4864),
            expected: [exclusive(56, product: "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", memory: 4864, profile: "1g.5gb")]),
        Row(
            name: "MIG single, time-sliced", allocatable: ["nvidia.com/gpu": 14],
            labels: gfd(
                "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb-SHARED", count: 7, memory: 4864, replicas: 2, strategy: "time-slicing"
            ),
            expected: [
                shared(7, slots: 2, product: "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", memory: 4864, profile: "1g.5gb")
            ]),
        Row(
            name: "MIG mixed beside whole GPUs",
            allocatable: ["nvidia.com/gpu": 4, "nvidia.com/mig-1g.5gb": 28],
            labels: gfd("NVIDIA-A100-SXM4-40GB", count: 8, memory: 40_960).merging([
                "nvidia.com/mig-1g.5gb.memory": "4864", "nvidia.com/mig-1g.5gb.count": "28",
                "nvidia.com/mig-1g.5gb.replicas": "1",
            ]) { $1 },
            expected: [
                exclusive(4, product: "NVIDIA-A100-SXM4-40GB", memory: 40_960),
                exclusive(28, of: "nvidia.com/mig-1g.5gb", memory: 4864, profile: "1g.5gb"),
            ]),
        Row(
            name: "MIG mixed, time-sliced and renamed", allocatable: ["nvidia.com/mig-1g.5gb.shared": 14],
            labels: ["nvidia.com/mig-1g.5gb.replicas": "2", "nvidia.com/mig-1g.5gb.memory": "4864"],
            expected: [shared(7, of: "nvidia.com/mig-1g.5gb.shared", slots: 2, memory: 4864, profile: "1g.5gb")]),
        Row(
            name: "MIG profile with media engines is a resource of its own",
            allocatable: ["nvidia.com/mig-1g.10gb.me": 1],
            expected: [exclusive(1, of: "nvidia.com/mig-1g.10gb.me", memory: 9000, profile: "1g.10gb.me")]),
        Row(
            name: "MIG-INVALID offers nothing", allocatable: ["nvidia.com/gpu": 8],
            labels: gfd("NVIDIA-A100-SXM4-40GB-MIG-INVALID", count: 0, memory: 0, replicas: 0, strategy: ""),
            expected: []),
        Row(
            name: "a plugin that is gone", allocatable: ["nvidia.com/gpu": 0],
            labels: gfd("NVIDIA-A10G", count: 4, memory: 23_028), expected: []),
        Row(
            name: "HAMi", allocatable: ["nvidia.com/gpu": 20],
            annotations: [
                "hami.io/node-nvidia-register":
                    "GPU-a,10,32768,100,NVIDIA-Tesla V100,0,true:GPU-b,10,32768,100,NVIDIA-Tesla V100,0,false:"
                    + "GPU-c,10,16384,100,NVIDIA-Tesla V100,0,true:"
            ],
            expected: [shared(2, slots: 10, .declared, product: "NVIDIA-Tesla V100", memory: 16_384)]),
        Row(
            name: "HAMi, as JSON", allocatable: ["nvidia.com/gpu": 10],
            annotations: [
                "hami.io/node-nvidia-register":
                    #"[{"id":"GPU-a","count":5,"devmem":16384,"type":"NVIDIA-T4","health":true},{"id":"GPU-b","count":5,"devmem":16384,"type":"NVIDIA-T4","health":false}]"#
            ],
            expected: [shared(1, slots: 5, .declared, product: "NVIDIA-T4", memory: 16_384)]),
        Row(
            name: "gpushare", allocatable: ["aliyun.com/gpu-mem": 60, "aliyun.com/gpu-count": 4],
            expected: [shared(4, of: "aliyun.com/gpu-mem", slots: 15, .declared, memory: 15_360)]),
        Row(
            name: "Volcano vGPU",
            allocatable: [
                "volcano.sh/vgpu-number": 20, "volcano.sh/vgpu-memory": 65_536, "volcano.sh/vgpu-cores": 200,
            ],
            expected: [shared(2, of: "volcano.sh/vgpu-number", slots: 10, .declared, memory: 32_768)]),
        Row(
            name: "Koordinator beside NVIDIA's plugin is the same silicon",
            allocatable: ["nvidia.com/gpu": 4, "koordinator.sh/gpu": 400, "koordinator.sh/gpu-core": 400],
            expected: [exclusive(4)]),
        Row(
            name: "Koordinator alone",
            allocatable: [
                "koordinator.sh/gpu-core": 400, "koordinator.sh/gpu-memory-ratio": 400,
                "koordinator.sh/gpu-memory": 4 * 16_384 << 20,
            ],
            expected: [
                DevicePool(
                    resource: .nvidiaGPU, kind: .exclusive, deviceCount: 4, memoryMiBPerDevice: 16_384,
                    chooser: .planner)
            ]),
        Row(
            name: "AMD", allocatable: ["amd.com/gpu": 8],
            labels: ["amd.com/gpu.vram": "192G", "amd.com/gpu.product-name": "Instinct_MI300X"],
            expected: [exclusive(8, of: "amd.com/gpu", product: "Instinct_MI300X", memory: 196_608)]),
        Row(
            name: "Neuron chips and cores are one pool",
            allocatable: [
                "aws.amazon.com/neuron": 16, "aws.amazon.com/neuroncore": 32, "aws.amazon.com/neurondevice": 16,
            ],
            expected: [exclusive(16, of: "aws.amazon.com/neuron")]),
        Row(
            name: "Intel: cards, not their memory or monitors",
            allocatable: [
                "gpu.intel.com/i915": 2, "gpu.intel.com/i915_monitoring": 1, "gpu.intel.com/memory.max": 34_359_738_368,
            ],
            expected: [exclusive(2, of: "gpu.intel.com/i915")]),
        Row(
            name: "TPU", allocatable: ["google.com/tpu": 4],
            labels: ["cloud.google.com/gke-tpu-accelerator": "tpu-v5p-slice"],
            expected: [exclusive(4, of: "google.com/tpu", product: "tpu-v5p-slice")]),
        Row(
            name: "a vendor nobody has heard of", allocatable: ["example.com/npu": 3, "example.com/licence": 5],
            expected: [exclusive(3, of: "example.com/npu")]),
    ]

    @Test("pools", arguments: rows)
    func pools(row: Row) {
        let devices = Self.read(row)
        #expect(devices.pools == row.expected)
        #expect(Set(devices.pools.map(\.resource)).count == devices.pools.count)
        #expect(devices.problems.isEmpty)
    }

    private static func read(_ row: Row, rules: DeviceRules = DeviceRules()) -> NodeDevices {
        let allocatable = Dictionary(
            uniqueKeysWithValues: row.allocatable.map { (ResourceName($0.key), $0.value) })
        return DevicePoolReader.read(
            DeviceFacts(
                labels: row.labels, annotations: row.annotations, allocatable: ResourceAmounts(allocatable)),
            rules: rules)
    }

    @Test("a user's figure for a product goes before its label")
    func override() {
        var configuration = BerthConfiguration()
        configuration.deviceMemoryMiB = ["NVIDIA-A10G": 20_000]
        let row = Row(
            name: "", allocatable: ["nvidia.com/gpu": 1], labels: Self.gfd("NVIDIA-A10G", count: 1, memory: 23_028),
            expected: [])
        #expect(Self.read(row, rules: DeviceRules(configuration)).pools.map(\.memoryMiBPerDevice) == [20_000])
    }

    @Test("the configured policy is the chooser of shared cards")
    func packed() {
        var configuration = BerthConfiguration()
        configuration.sharedDevicesAllocationPolicy = .packed
        let row = Self.rows.first { $0.name == "time-slicing" }
        #expect(row.map { Self.read($0, rules: DeviceRules(configuration)).pools.map(\.chooser) } == [.pluginPacked])
    }

    @Test("HAMi's memory and percent are offered although the node does not list them")
    func agentAllocatable() throws {
        let row = try #require(Self.rows.first { $0.name == "HAMi" })
        let devices = Self.read(row)
        #expect(devices.agentAllocatable[ResourceName("nvidia.com/gpumem")] == 2 * 16_384)
        #expect(devices.agentAllocatable[ResourceName("nvidia.com/gpucores")] == 200)
        #expect(devices.indexByUUID == ["GPU-a": 0, "GPU-c": 1])
    }

    @Test("shared without a word on replicas is read as few cards, with a warning")
    func unknownReplicas() {
        let row = Row(name: "", allocatable: ["nvidia.com/gpu.shared": 8], expected: [])
        let devices = Self.read(row)
        #expect(devices.pools.map(\.deviceCount) == [1])
        #expect(devices.pools.map(\.slotsPerDevice) == [8])
        #expect(devices.problems.map(\.severity) == [.warning])
    }

    @Test("an absurd number of devices is cut, and said")
    func absurd() {
        let row = Row(name: "", allocatable: ["nvidia.com/gpu": .max], expected: [])
        let devices = Self.read(row)
        #expect(devices.pools.map(\.deviceCount) == [1024])
        #expect(devices.problems.map(\.severity) == [.error])
    }

    @Test(
        "labels that are no numbers are reported and not used",
        arguments: ["nvidia.com/gpu.memory", "nvidia.com/gpu.count", "nvidia.com/gpu.replicas"])
    func badLabel(key: String) {
        for text in ["NaN", "-4", "1e3", "9223372036854775808"] {
            let devices = Self.read(
                Row(name: "", allocatable: ["nvidia.com/gpu": 4], labels: [key: text], expected: []))
            #expect(devices.pools.map(\.deviceCount) == [4])
            #expect(devices.problems.map(\.field) == ["metadata.labels[\(key)]"])
        }
    }

    @Test(
        "products by name, the longer names apart from the shorter",
        arguments: [
            ("Tesla-T4", 15_360), ("NVIDIA-L4", 23_034), ("NVIDIA-L40S", 46_068), ("NVIDIA-A10G", 23_028),
            ("NVIDIA-A100-SXM4-80GB", 81_920), ("NVIDIA-A100-SXM4-40GB", 40_960), ("NVIDIA-A100-80GB-PCIe", 81_920),
            ("NVIDIA-H100-80GB-HBM3", 81_559), ("NVIDIA-H200", 143_771), ("NVIDIA-GB200", 189_471),
            ("Tesla-V100-SXM2-16GB", 16_384), ("NVIDIA-RTX-A2000", nil), ("Instinct_MI300X", nil),
        ] as [(String, Int64?)])
    func memoryTable(product: String, memoryMiB: Int64?) {
        #expect(DeviceMemoryTable.memoryMiB(product: product) == memoryMiB)
    }

    @Test("a MIG profile promises no more than real slices have")
    func migMemory() {
        for (profile, real) in [("1g.5gb", 4864), ("2g.10gb", 9856), ("3g.40gb", 40_192), ("1g.18gb", 16_384)] {
            let memory = DeviceMemoryTable.memoryMiB(migProfile: profile) ?? 0
            #expect(memory > 0 && memory <= real)
        }
        #expect(DeviceMemoryTable.memoryMiB(migProfile: "all") == nil)
    }
}
