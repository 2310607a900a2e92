/// Decides in which zones a gang that is not whole is launched. It sees what happened to its own launches, nothing else.
public protocol SpotPolicy {
    /// Whether a launch gives all nodes of a gang or none.
    var launchesWhole: Bool { get }
    /// Whether gangs are told at the first notice, so that they write a checkpoint.
    var checkpointsOnNotice: Bool { get }
    /// Whether on-demand nodes are given back for spot while there is time for another interruption, and the gang that has least
    /// time to spare is served first.
    var weighsDeadlines: Bool { get }
    /// How long part of a gang is kept; nil: for ever.
    var partialLimitSeconds: Int64? { get }

    /// Zones to try at this moment, in order; none: wait.
    mutating func zones(atSeconds now: Int64) -> [Int]
    mutating func launched(in zone: Int, asked: Int, given: Int, atSeconds now: Int64)
    /// A gang held nodes in the zone for a tick, and was interrupted at its end or not.
    mutating func held(in zone: Int, seconds: Int64, interrupted: Bool)
}

/// Takes each node where there is one, at every tick, in the order of the zones, and keeps what it has.
public struct GreedySpotPolicy: SpotPolicy {
    public let launchesWhole = false
    public let checkpointsOnNotice = false
    public let weighsDeadlines = false
    public let partialLimitSeconds: Int64? = nil
    private let zoneCount: Int

    public init(zoneCount: Int) { self.zoneCount = zoneCount }

    public mutating func zones(atSeconds now: Int64) -> [Int] { Array(0..<self.zoneCount) }
    public mutating func launched(in zone: Int, asked: Int, given: Int, atSeconds now: Int64) {}
    public mutating func held(in zone: Int, seconds: Int64, interrupted: Bool) {}
}

/// As cluster-autoscaler has it: a node group per zone; one that does not deliver within 15 minutes is given up and left alone
/// for 5 minutes, doubled with each failure up to 30.
public struct GroupBackoffSpotPolicy: SpotPolicy {
    public let launchesWhole = false
    public let checkpointsOnNotice = false
    public let weighsDeadlines = false
    public let partialLimitSeconds: Int64? = 900
    private var failures: [Int]
    private var blockedUntil: [Int64]

    public init(zoneCount: Int) {
        self.failures = Array(repeating: 0, count: zoneCount)
        self.blockedUntil = Array(repeating: 0, count: zoneCount)
    }

    public mutating func zones(atSeconds now: Int64) -> [Int] {
        self.blockedUntil.indices.filter { self.blockedUntil[$0] <= now }
    }

    public mutating func launched(in zone: Int, asked: Int, given: Int, atSeconds now: Int64) {
        guard given < asked else { return self.failures[zone] = 0 }
        guard given == 0 else { return }
        self.blockedUntil[zone] = now + min(1800, 300 << Int64(min(self.failures[zone], 8)))
        self.failures[zone] += 1
    }

    public mutating func held(in zone: Int, seconds: Int64, interrupted: Bool) {}
}

/// As Karpenter has it: nodes one by one, and an offering without capacity is left out for 3 minutes.
public struct OfferingCacheSpotPolicy: SpotPolicy {
    public let launchesWhole = false
    public let checkpointsOnNotice = false
    public let weighsDeadlines = false
    public let partialLimitSeconds: Int64? = 900
    private var unavailableUntil: [Int64]

    public init(zoneCount: Int) { self.unavailableUntil = Array(repeating: 0, count: zoneCount) }

    public mutating func zones(atSeconds now: Int64) -> [Int] {
        self.unavailableUntil.indices.filter { self.unavailableUntil[$0] <= now }
    }

    public mutating func launched(in zone: Int, asked: Int, given: Int, atSeconds now: Int64) {
        if given < asked { self.unavailableUntil[zone] = now + 180 }
    }

    public mutating func held(in zone: Int, seconds: Int64, interrupted: Bool) {}
}

/// Berth's: gangs whole in one zone, the zone that interrupted least first, and a checkpoint at the notice.
///
/// The rate of a zone is estimated from what was held there: one interruption more than seen, in `priorSeconds` more than held,
/// so that an unknown zone stands between good and bad ones.
public struct BerthSpotPolicy: SpotPolicy {
    public let launchesWhole = true
    public let checkpointsOnNotice = true
    public let weighsDeadlines = true
    public let partialLimitSeconds: Int64? = 0
    private static let priorSeconds = 4.0 * 3600
    private var heldSeconds: [Double]
    private var interruptions: [Double]

    public init(zoneCount: Int) {
        self.heldSeconds = Array(repeating: 0, count: zoneCount)
        self.interruptions = Array(repeating: 0, count: zoneCount)
    }

    public mutating func zones(atSeconds now: Int64) -> [Int] {
        let rates = self.heldSeconds.indices.map { zone in
            (self.interruptions[zone] + 1) / (self.heldSeconds[zone] + Self.priorSeconds)
        }
        return rates.indices.sorted { (rates[$0], $0) < (rates[$1], $1) }
    }

    public mutating func launched(in zone: Int, asked: Int, given: Int, atSeconds now: Int64) {}

    public mutating func held(in zone: Int, seconds: Int64, interrupted: Bool) {
        self.heldSeconds[zone] += Double(seconds)
        if interrupted { self.interruptions[zone] += 1 }
    }
}
