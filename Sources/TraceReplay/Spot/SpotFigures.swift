/// What a policy made of a market.
public struct SpotFigures: Hashable, Sendable {
    public var jobs = 0
    public var finishedInTime = 0
    public var interruptions = 0
    public var launchCalls = 0
    /// Work of finished jobs.
    public var usefulGPUSeconds: Int64 = 0
    /// Work that had to be done again.
    public var lostGPUSeconds: Int64 = 0
    public var spotMicroUSD = 0.0
    public var onDemandMicroUSD = 0.0
    /// Time in which jobs had arrived and did not work.
    public var waitingSeconds: Int64 = 0
    /// Time in which part of a gang was held and paid.
    public var partialGangSeconds: Int64 = 0

    public init() {}

    public var dollars: Double { (self.spotMicroUSD + self.onDemandMicroUSD) / 1e6 }

    /// Nil where nothing useful was done.
    public var dollarsPerUsefulGPUHour: Double? {
        self.usefulGPUSeconds > 0 ? self.dollars / (Double(self.usefulGPUSeconds) / 3600) : nil
    }

    public mutating func add(_ other: SpotFigures) {
        self.jobs += other.jobs
        self.finishedInTime += other.finishedInTime
        self.interruptions += other.interruptions
        self.launchCalls += other.launchCalls
        self.usefulGPUSeconds += other.usefulGPUSeconds
        self.lostGPUSeconds += other.lostGPUSeconds
        self.spotMicroUSD += other.spotMicroUSD
        self.onDemandMicroUSD += other.onDemandMicroUSD
        self.waitingSeconds += other.waitingSeconds
        self.partialGangSeconds += other.partialGangSeconds
    }
}
