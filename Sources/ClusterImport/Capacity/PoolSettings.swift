public import SchedulingModel

/// A pool as `berth.yaml` declares it.
public struct PoolSettings: Hashable, Sendable {
    public var name: String
    public var instanceTypes: [String]
    public var zones: [String]
    public var capacityTypes: [CapacityType] = [.spot, .onDemand]
    public var minNodes = 0
    public var maxNodes = 1000
    /// A pool of higher priority is bought from first, whatever it costs.
    public var priority = 0
    /// Empty nodes to keep ready.
    public var warmNodes = 0
    public var consolidation = Consolidation.whenUnderUsed
    public var schedules: [ScheduledMinimum] = []
    /// How long a machine takes from its launch to a usable node. The default is that of AWS for scheduled capacity.
    public var bootSeconds: Int64 = 300
    public var disruptionBudgets: [NodeDisruptionBudget] = []
    public var labels: [String: String] = [:]
    public var taints: [Taint] = []
    /// Goes before what is derived from the machine type.
    public var allocatable = ResourceAmounts()
    /// What one launch is sure to share: the name of a topology level, or `nvlink`. Nil: the zone.
    public var launchShares: String?
    public var prices: [PriceSetting] = []
    public var machineTypes: [MachineSetting] = []
    /// Nil: what the plan would buy is shown, and nobody buys it.
    public var provider: ProviderSetting?

    /// When nodes are given back.
    public enum Consolidation: String, Hashable, CaseIterable, Sendable {
        case whenEmpty
        /// Also when the pods there fit elsewhere; they are moved.
        case whenUnderUsed
    }

    public init(name: String, instanceTypes: [String], zones: [String]) {
        self.name = name
        self.instanceTypes = instanceTypes
        self.zones = zones
    }

    /// A price of the user's, for all zones or one.
    public struct PriceSetting: Hashable, Sendable {
        public var instanceType: String
        public var capacityType: CapacityType
        public var zone: String?
        public var microUSDPerHour: Int64

        public init(instanceType: String, capacityType: CapacityType, zone: String? = nil, microUSDPerHour: Int64) {
            self.instanceType = instanceType
            self.capacityType = capacityType
            self.zone = zone
            self.microUSDPerHour = microUSDPerHour
        }
    }

    /// A machine type that the catalogue lacks, or has otherwise.
    public struct MachineSetting: Hashable, Sendable {
        public var name: String
        public var cpuCount: Int64
        public var memoryMiB: Int64
        public var deviceResource: ResourceName
        public var deviceCount: Int
        /// Nil where nobody says.
        public var memoryMiBPerDevice: Int64?
        public var architecture: String
        public var monthlyInterruptionPercent: Double?

        public init(
            name: String, cpuCount: Int64, memoryMiB: Int64, deviceResource: ResourceName = .nvidiaGPU,
            deviceCount: Int = 0, memoryMiBPerDevice: Int64? = nil, architecture: String = "amd64",
            monthlyInterruptionPercent: Double? = nil
        ) {
            self.name = name
            self.cpuCount = cpuCount
            self.memoryMiB = memoryMiB
            self.deviceResource = deviceResource
            self.deviceCount = deviceCount
            self.memoryMiBPerDevice = memoryMiBPerDevice
            self.architecture = architecture
            self.monthlyInterruptionPercent = monthlyInterruptionPercent
        }
    }
}

/// What interruptions cost and how long bought nodes run, for the bill.
public struct CapacitySettings: Hashable, Sendable {
    public var lostWorkHours = 0.25
    public var restartHours = 0.2
    /// How long a bought node must have stood empty before it is given back.
    public var emptyDelaySeconds = 300.0
    /// How long nobody must have come to a bought node or left it before its pods may be moved.
    public var consolidateAfterSeconds = 600.0
    /// Hours of work in a week, for the monthly cost.
    public var hoursPerWeek = 168.0

    public init() {}
}
