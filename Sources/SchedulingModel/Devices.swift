/// Devices of one kind on one node that are asked for by one resource name.
///
/// Device indices run from 0 to `deviceCount - 1`. The API seldom says which physical device an index is;
/// they tell devices apart, nothing more, unless `indicesAreKnown`.
public struct DevicePool: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// One pod per device, or several that declare fractions of it.
        case exclusive
        /// Each device is handed out `slotsPerDevice` times.
        case shared(slotsPerDevice: Int, isolation: Isolation)
    }

    public enum Isolation: Hashable, Sendable {
        /// Clients share memory without limits; a declared budget is a promise, not enforced.
        case timeSlicing
        /// Each client is held to an equal share of the memory.
        case mps
        /// A node agent enforces what each client declares (HAMi, Volcano vGPU, gpushare).
        case declared
    }

    /// Who picks the device for a pod, and by which rule.
    public enum Chooser: Hashable, Sendable {
        /// The plugin takes the device with the fewest clients, lowest index first. Its default for shared devices.
        case pluginDistributed
        /// The plugin takes the device with the most clients that has room, lowest index first.
        case pluginPacked
        /// The planner names the device and the node's agent follows.
        case planner
    }

    public var resource: ResourceName
    public var kind: Kind
    /// Set where each device is a MIG slice: its profile, for example `1g.5gb`.
    public var migProfile: String?
    public var product: String?
    /// Healthy devices (cards, or slices for MIG).
    public var deviceCount: Int
    /// MiB on each device; nil where nobody says.
    public var memoryMiBPerDevice: Int64?
    public var chooser: Chooser

    public init(
        resource: ResourceName, kind: Kind, migProfile: String? = nil, product: String? = nil, deviceCount: Int,
        memoryMiBPerDevice: Int64? = nil, chooser: Chooser = .planner
    ) {
        self.resource = resource
        self.kind = kind
        self.migProfile = migProfile
        self.product = product
        self.deviceCount = deviceCount
        self.memoryMiBPerDevice = memoryMiBPerDevice
        self.chooser = chooser
    }

    /// Clients that one device takes at most.
    public var slotsPerDevice: Int {
        switch self.kind {
        case .exclusive: 1
        case .shared(let slots, _): slots
        }
    }

    /// What a client that declares nothing is counted at: its equal share of the device's memory.
    public var memoryMiBPerSlot: Int64? {
        self.memoryMiBPerDevice.map { $0 / Int64(max(1, self.slotsPerDevice)) }
    }

    /// The most memory one client may use; nil without such a limit.
    public var memoryMiBLimitPerClient: Int64? {
        switch self.kind {
        case .shared(_, .mps): self.memoryMiBPerSlot
        case .shared(_, .timeSlicing), .shared(_, .declared), .exclusive: self.memoryMiBPerDevice
        }
    }
}

/// What a pod asks of the devices of one resource name.
public struct DeviceRequest: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// Whole devices that nobody shares.
        case whole
        /// A place on a device that others may use too; a whole device will do.
        case slot
        /// A MIG slice of this profile.
        case mig(profile: String)
        /// A declared part of a device, in memory or thousandths.
        case fraction
    }

    public var resource: ResourceName
    public var kind: Kind
    /// Devices (or slots, slices, fractions), each on its own device.
    public var count: Int
    /// Declared memory on each device; nil where the pod says nothing.
    public var memoryMiBPerDevice: Int64?
    /// Declared thousandths of each device; nil where the pod says nothing.
    public var thousandthsPerDevice: Int?

    public init(
        resource: ResourceName, kind: Kind, count: Int, memoryMiBPerDevice: Int64? = nil,
        thousandthsPerDevice: Int? = nil
    ) {
        self.resource = resource
        self.kind = kind
        self.count = count
        self.memoryMiBPerDevice = memoryMiBPerDevice
        self.thousandthsPerDevice = thousandthsPerDevice
    }

    /// Whether devices of `pool` can serve this request at all, whoever uses them now.
    ///
    /// A whole request never goes to a shared device or a slice. A slot takes any kind. A fraction goes to an
    /// unshared device, which it then shares with other fractions only, or to one whose agent enforces fractions.
    /// More than one slot is refused where a plugin picks the devices: it may hand out one device twice.
    public func isServed(by pool: DevicePool) -> Bool {
        guard self.resource == pool.resource else { return false }
        switch (self.kind, pool.kind) {
        case (.whole, .exclusive): return pool.migProfile == nil
        case (.whole, .shared): return false
        case (.slot, .exclusive): return true
        case (.slot, .shared): return self.count == 1 || pool.chooser == .planner
        case (.mig(let profile), .exclusive): return pool.migProfile == profile
        case (.mig(let profile), .shared):
            return pool.migProfile == profile && (self.count == 1 || pool.chooser == .planner)
        case (.fraction, .exclusive): return pool.migProfile == nil
        case (.fraction, .shared(_, .declared)): return true
        case (.fraction, .shared(_, .timeSlicing)), (.fraction, .shared(_, .mps)): return false
        }
    }

    /// The memory this request takes on a device of `pool`; nil where the pool's memory is unknown.
    public func memoryMiB(on pool: DevicePool) -> Int64? {
        if let declared = self.memoryMiBPerDevice { return declared }
        guard let memory = pool.memoryMiBPerDevice else { return nil }
        if let thousandths = self.thousandthsPerDevice {
            let product = memory.multipliedFullWidth(by: Int64(min(max(thousandths, 0), 1000)))
            return Int64(1000).dividingFullWidth(product).quotient
        }
        return pool.memoryMiBPerSlot
    }
}

/// One device given to one pod.
public struct DeviceAssignment: Hashable, Sendable {
    public var resource: ResourceName
    public var index: Int
    public var kind: DeviceRequest.Kind
    /// What the pod takes of the device's memory; nil for a whole device or where nobody knows.
    public var memoryMiB: Int64?
    public var thousandths: Int?
    /// False only where the API says which device it is, or the node's agent follows our choice.
    public var isAssumed: Bool

    public init(
        resource: ResourceName, index: Int, kind: DeviceRequest.Kind, memoryMiB: Int64? = nil,
        thousandths: Int? = nil, isAssumed: Bool = true
    ) {
        self.resource = resource
        self.index = index
        self.kind = kind
        self.memoryMiB = memoryMiB
        self.thousandths = thousandths
        self.isAssumed = isAssumed
    }
}
