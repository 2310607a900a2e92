/// On which terms a cloud gives a machine.
public enum CapacityType: String, Hashable, Comparable, CaseIterable, Sendable {
    /// Paid for already, as long as the reservation lasts.
    case reserved
    /// Cheap, and taken back at the cloud's will.
    case spot
    case onDemand = "on-demand"

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// What capacity runs out of, and what back-off is kept per: one machine type, in one zone, on one kind of terms.
public struct OfferingKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let instanceType: String
    public let zone: String
    public let capacityType: CapacityType

    public init(instanceType: String, zone: String, capacityType: CapacityType) {
        self.instanceType = instanceType
        self.zone = zone
        self.capacityType = capacityType
    }

    public var description: String { "\(self.instanceType) \(self.capacityType.rawValue) in \(self.zone)" }

    public static func < (lhs: Self, rhs: Self) -> Bool {
        if lhs.instanceType != rhs.instanceType { return lhs.instanceType < rhs.instanceType }
        return lhs.zone != rhs.zone ? lhs.zone < rhs.zone : lhs.capacityType < rhs.capacityType
    }
}

/// A machine that can be bought, and the node it would become.
public struct NodeOffering: Hashable, Sendable {
    public var pool: String
    public var key: OfferingKey
    /// Millionths of a US dollar for one node and hour.
    public var pricePerHourMicroUSD: Int64
    /// Expected interruptions of one node in an hour; 0 where the cloud does not take it back.
    public var interruptionsPerHour: Double
    /// The node as it will be once its device plugin has registered. Its name is never used.
    public var template: NodeState

    public init(
        pool: String, key: OfferingKey, pricePerHourMicroUSD: Int64, interruptionsPerHour: Double = 0,
        template: NodeState
    ) {
        self.pool = pool
        self.key = key
        self.pricePerHourMicroUSD = pricePerHourMicroUSD
        self.interruptionsPerHour = interruptionsPerHour
        self.template = template
    }
}

/// Offerings that are bought under one name and one limit.
public struct NodePool: Hashable, Sendable {
    /// Names the pool on nodes that were bought for it.
    public static let label = "berth.dev/pool"

    public var name: String
    public var offerings: [NodeOffering]
    /// Nodes that the pool has now, joined or on their way.
    public var nodeCount: Int
    /// Giving back stops here.
    public var minNodes: Int
    /// Buying stops here.
    public var maxNodes: Int
    /// The narrowest topology level that all nodes of one launch are sure to share; nil promises no more than the zone.
    public var launchLevel: Int?
    /// Whether all nodes of one launch are sure to share one NVLink domain.
    public var launchSharesNVLink: Bool
    /// Where several pools could hold the same work, one of higher priority is bought from first, whatever it costs.
    public var priority = 0
    /// Nodes that stand empty and ready for work to come, besides those that have some.
    public var warmNodes = 0
    /// Whether pods may be moved off under-used nodes so that these can be given back; empty ones are in any case.
    public var movesPods = true
    /// Minimums of certain times, in any order; of those that hold at a time, `minNodes` among them, the largest counts.
    public var schedules: [ScheduledMinimum] = []
    /// How long a machine takes from its launch to a usable node: schedules buy that much before their window opens.
    public var bootSeconds: Int64 = 0
    /// Of those that hold at a time the narrowest counts.
    public var disruptionBudgets: [NodeDisruptionBudget] = []

    public init(
        name: String, offerings: [NodeOffering], nodeCount: Int = 0, minNodes: Int = 0, maxNodes: Int = 1000,
        launchLevel: Int? = nil, launchSharesNVLink: Bool = false
    ) {
        self.name = name
        self.offerings = offerings
        self.nodeCount = nodeCount
        self.minNodes = minNodes
        self.maxNodes = maxNodes
        self.launchLevel = launchLevel
        self.launchSharesNVLink = launchSharesNVLink
    }

    /// How many more nodes may be bought.
    public var headroom: Int { max(0, self.maxNodes - self.nodeCount) }

    /// The least nodes at a time, in seconds since 1970: those that are wanted then, and those that are to be ready when a window opens.
    public func minNodes(atSeconds seconds: Int64) -> Int {
        let open = self.schedules.filter { $0.window.contains(atSeconds: seconds, leadSeconds: self.bootSeconds) }
            .map(\.minNodes)
        return min(self.maxNodes, max(self.minNodes, open.max() ?? 0))
    }

    /// How many of its nodes may be disrupted at once at a time, in seconds since 1970; nil for any number.
    public func disruptionLimit(atSeconds seconds: Int64) -> Int? {
        self.disruptionBudgets.filter { $0.window?.contains(atSeconds: seconds) ?? true }
            .map { $0.allowed(of: self.nodeCount) }.min()
    }

    /// When a schedule or budget next begins or ends.
    public func nextChange(afterSeconds seconds: Int64) -> Int64? {
        let minimums = self.schedules.map {
            $0.window.nextChange(afterSeconds: seconds, leadSeconds: self.bootSeconds)
        }
        let budgets = self.disruptionBudgets.map { $0.window?.nextChange(afterSeconds: seconds) }
        return (minimums + budgets).compactMap(\.self).min()
    }
}
