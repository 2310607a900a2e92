public import SchedulingModel

/// What `berth.yaml` may say. Every field has a default, so an empty file is a valid one.
public struct BerthConfiguration: Hashable, Sendable {
    /// Pods that name one of these are ours to place.
    public var schedulerNames = ["default-scheduler", "berth"]
    /// The scheduling gate that means "waits for Berth".
    public var placementGate = "berth.dev/placement"
    public var topology = TopologySettings()
    public var allReduce = AllReduceModel()
    public var sharedDevicesAllocationPolicy = SharedDevicesAllocationPolicy.distributed
    /// Memory in MiB per GPU product, as its label spells it; goes before labels and the built-in table.
    public var deviceMemoryMiB: [String: Int64] = [:]
    /// What one `aliyun.com/gpu-mem` is, in MiB.
    public var gpushareMemoryUnit = GPUShareMemoryUnit.gibibytes
    public var limits = Limits()
    public var preemption = Preemption.enabled
    /// What may be bought for work that stays pending.
    public var pools: [PoolSettings] = []
    public var capacity = CapacitySettings()
    public var aws: AWSSettings?

    public init() {}

    public struct TopologySettings: Hashable, Sendable {
        public var preset = TopologyPreset.auto
        /// Widest first; nil takes the preset's.
        public var levels: [TopologyLevel]?
        /// Most exact first. Of these only the first that stands on any node is used.
        public var nvlinkLabelKeys = TopologyPreset.nvlinkLabelKeys

        public init() {}
    }

    /// The device plugin's `--shared-devices-allocation-policy`, which no label tells.
    public enum SharedDevicesAllocationPolicy: String, Hashable, Sendable, CaseIterable {
        case distributed
        case packed

        var chooser: DevicePool.Chooser {
            switch self {
            case .distributed: .pluginDistributed
            case .packed: .pluginPacked
            }
        }
    }

    /// Whether work may evict work of lower priority.
    public enum Preemption: String, Hashable, Sendable, CaseIterable {
        case enabled
        case never
    }

    /// The gpushare device plugin's `--memory-unit`.
    public enum GPUShareMemoryUnit: String, Hashable, Sendable, CaseIterable {
        case gibibytes = "GiB"
        case mebibytes = "MiB"

        var inMiB: Int64 {
            switch self {
            case .gibibytes: 1024
            case .mebibytes: 1
            }
        }
    }

    public struct Limits: Hashable, Sendable {
        /// Steps one gang search may take; nil leaves it to the planner.
        public var searchSteps: Int?

        public init() {}
    }
}
