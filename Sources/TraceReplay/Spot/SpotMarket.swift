import SchedulingModel

/// How many nodes could be held in each zone, tick by tick. What policies may not see.
public struct SpotMarket: Sendable {
    public struct Zone: Sendable {
        public let name: String
        /// Nodes that can be held at each tick.
        public let capacity: [Int]

        public init(name: String, capacity: [Int]) {
            self.name = name
            self.capacity = capacity
        }
    }

    public let name: String
    public let zones: [Zone]
    public let secondsPerTick: Int64

    public init(name: String, zones: [Zone], secondsPerTick: Int64) {
        self.name = name
        self.zones = zones
        self.secondsPerTick = secondsPerTick
    }

    /// Ticks that every zone has.
    public var tickCount: Int { self.zones.map(\.capacity.count).min() ?? 0 }
    public var largestCapacity: Int { self.zones.flatMap(\.capacity).max() ?? 0 }
}

/// A training job: a gang of nodes in one zone that works only when it is whole.
public struct SpotJob: Hashable, Sendable {
    public let nodeCount: Int
    public let arrivalSeconds: Int64
    public let workSeconds: Int64
    /// From here back, what is not done in time is done on demand.
    public let deadlineSeconds: Int64

    public init(nodeCount: Int, arrivalSeconds: Int64, workSeconds: Int64, deadlineSeconds: Int64) {
        self.nodeCount = nodeCount
        self.arrivalSeconds = arrivalSeconds
        self.workSeconds = workSeconds
        self.deadlineSeconds = deadlineSeconds
    }
}

/// What jobs and nodes take, and what they cost.
public struct SpotTerms: Sendable {
    public var spotMicroUSDPerHour: Int64 = 394_100
    public var onDemandMicroUSDPerHour: Int64 = 3_060_000
    public var gpusPerNode = 1
    /// From the launch until a node works.
    public var bootSeconds: Int64 = 180
    /// From a whole gang until it goes on where it was.
    public var restartSeconds: Int64 = 120
    public var checkpointSeconds: Int64 = 3600
    /// Work that a checkpoint at the notice costs.
    public var noticeCheckpointSeconds: Int64 = 60
    /// Whether the cloud gives notice before it takes a node.
    public var givesNotice = true

    public init() {}
}

extension SpotJob {
    /// Jobs that ask for half of the largest zone on average: gangs of a node to a whole zone, 2 to 12 hours of work, and
    /// twice as long to do it as the work takes. The last ends before the trace does.
    public static func drawn(for market: SpotMarket, seed: UInt64) -> [SpotJob] {
        var generator = SeededGenerator(seed: seed)
        let largest = market.largestCapacity
        guard largest > 0 else { return [] }
        let sizes = [1, largest / 4, largest / 2, largest].filter { $0 > 0 }
        let horizon = Int64(market.tickCount) * market.secondsPerTick
        let meanNodeSeconds = Double(sizes.reduce(0, +)) / Double(sizes.count) * 7 * 3600
        var (jobs, time) = ([SpotJob](), 0.0)
        while true {
            time += generator.exponential() * meanNodeSeconds / (0.5 * Double(largest))
            let work = Int64(generator.int(in: 2 * 3600...12 * 3600))
            let job = SpotJob(
                nodeCount: sizes[generator.int(in: 0...sizes.count - 1)], arrivalSeconds: Int64(time),
                workSeconds: work, deadlineSeconds: Int64(time) + 2 * work + 3600)
            if Int64(time) > horizon { return jobs }
            if job.deadlineSeconds + 3600 < horizon { jobs.append(job) }
        }
    }
}
