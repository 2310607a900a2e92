import SchedulingModel

/// What a node says that bears on its devices.
struct DeviceFacts: Hashable, Sendable {
    var labels: [String: String] = [:]
    var annotations: [String: String] = [:]
    var allocatable = ResourceAmounts()
}

/// What those facts come to.
struct NodeDevices: Hashable, Sendable {
    var pools: [DevicePool] = []
    /// Positions in a pool of devices that the node's agent names.
    var indexByUUID: [String: Int] = [:]
    /// Resources that pods ask for, that an agent hands out and that the node does not list as allocatable.
    var agentAllocatable = ResourceAmounts()
    var problems: [Problem] = []

    /// A node with more devices under one name than this is taken for a mistake.
    static let deviceCountLimit: Int64 = 1024
    /// 1 EiB; memory beyond it is cut, so that sums of a thousand devices stay far from overflow.
    static let memoryMiBLimit: Int64 = 1 << 40

    /// As many clients as any agent or plugin gives one device; larger numbers in labels are cut.
    static func slots(_ count: Int64) -> Int { Int(min(max(count, 1), 1 << 16)) }

    mutating func add(_ pool: DevicePool, healthyDevices: Int64) {
        guard healthyDevices > 0, !self.pools.contains(where: { $0.resource == pool.resource }) else { return }
        var pool = pool
        if healthyDevices > Self.deviceCountLimit {
            self.problems.append(
                .error(
                    "status.allocatable[\(pool.resource)]", found: "\(healthyDevices) devices",
                    expected: "at most \(Self.deviceCountLimit), which are used"))
        }
        pool.deviceCount = Int(min(healthyDevices, Self.deviceCountLimit))
        self.pools.append(pool)
    }
}

/// The settings that decide what labels leave open.
struct DeviceRules: Hashable, Sendable {
    /// What the plugin does with shared devices.
    var sharedChooser = DevicePool.Chooser.pluginDistributed
    var memoryMiBByProduct: [String: Int64] = [:]
    var gpushareUnitMiB: Int64 = 1024

    init() {}

    init(_ configuration: BerthConfiguration) {
        self.sharedChooser = configuration.sharedDevicesAllocationPolicy.chooser
        // Pools carry the product without the mark of sharing.
        for (product, memory) in configuration.deviceMemoryMiB.sorted(by: { $0.key < $1.key }) {
            let suffix = DevicePoolReader.sharedSuffix
            let bare = product.hasSuffix(suffix) ? String(product.dropLast(suffix.count)) : product
            self.memoryMiBByProduct[bare] = memory
        }
        self.gpushareUnitMiB = configuration.gpushareMemoryUnit.inMiB
    }
}
