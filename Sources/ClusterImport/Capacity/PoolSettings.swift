public import SchedulingModel

/// A pool as `berth.yaml` declares it.
public struct PoolSettings: Hashable, Sendable {
    public var name: String
    public var instanceTypes: [String]
    public var zones: [String]
    public var capacityTypes: [CapacityType] = [.spot, .onDemand]
    public var minNodes = 0
    public var maxNodes = 1000
    public var labels: [String: String] = [:]
    public var taints: [Taint] = []
    /// Goes before what is derived from the machine type.
    public var allocatable = ResourceAmounts()
    /// What one launch is sure to share: the name of a topology level, or `nvlink`. Nil: the zone.
    public var launchShares: String?
    public var prices: [PriceSetting] = []
    public var machineTypes: [MachineSetting] = []

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
    }

    /// A machine type that the catalogue lacks, or has otherwise.
    public struct MachineSetting: Hashable, Sendable {
        public var name: String
        public var cpuCount: Int64
        public var memoryMiB: Int64
        public var deviceResource: ResourceName
        public var deviceCount: Int
        public var monthlyInterruptionPercent: Double?
    }
}

/// What interruptions cost and how long bought nodes run, for the bill.
public struct CapacitySettings: Hashable, Sendable {
    public var lostWorkHours = 0.25
    public var restartHours = 0.2
    /// Hours of work in a week, for the monthly cost.
    public var hoursPerWeek = 168.0

    public init() {}
}
