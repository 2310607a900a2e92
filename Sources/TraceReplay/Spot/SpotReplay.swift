/// Plays jobs on a market, tick by tick, and keeps the bill.
///
/// The same rules for every policy: a gang works in one zone and only when whole; a tick that takes nodes takes the newest
/// first; a job that would miss its deadline otherwise goes on demand and stays there.
public struct SpotReplay<Policy: SpotPolicy> {
    private let market: SpotMarket
    private let jobs: [SpotJob]
    private let terms: SpotTerms
    private var policy: Policy
    private var gangs: [Gang] = []
    private var figures = SpotFigures()
    private var now: Int64 = 0

    /// A job that has arrived.
    private struct Gang {
        let job: SpotJob
        var zone: Int?
        /// Launch times of its nodes, oldest first.
        var nodes: [Int64] = []
        var isOnDemand = false
        /// Seconds until it works, once it is whole.
        var delay: Int64 = 0
        var doneSeconds: Int64 = 0
        var savedSeconds: Int64 = 0
        var partialSince: Int64?

        var isWhole: Bool { self.isOnDemand || self.nodes.count == self.job.nodeCount }
    }

    public init(market: SpotMarket, jobs: [SpotJob], terms: SpotTerms, policy: Policy) {
        self.market = market
        self.jobs = jobs.sorted { $0.arrivalSeconds < $1.arrivalSeconds }
        self.terms = terms
        self.policy = policy
    }

    public mutating func run() -> SpotFigures {
        self.figures.jobs = self.jobs.count
        var next = 0
        for tick in 0..<self.market.tickCount {
            self.now = Int64(tick) * self.market.secondsPerTick
            while next < self.jobs.count, self.jobs[next].arrivalSeconds <= self.now {
                self.gangs.append(Gang(job: self.jobs[next]))
                next += 1
            }
            self.takeBack(tick)
            for index in self.order { self.prepare(index, tick) }
            for index in self.gangs.indices { self.work(index) }
            self.gangs.removeAll { $0.doneSeconds >= $0.job.workSeconds }
        }
        return self.figures
    }

    private func free(_ zone: Int, _ tick: Int) -> Int {
        let held = self.gangs.reduce(0) { $0 + ($1.zone == zone ? $1.nodes.count : 0) }
        return self.market.zones[zone].capacity[tick] - held
    }

    // MARK: Interruptions

    private mutating func takeBack(_ tick: Int) {
        var interrupted: Set<Int> = []
        for zone in self.market.zones.indices {
            while self.free(zone, tick) < 0 {
                let holders = self.gangs.indices.filter { self.gangs[$0].zone == zone && !self.gangs[$0].nodes.isEmpty }
                let newest = holders.max { lhs, rhs in
                    (self.gangs[lhs].nodes.last ?? 0, lhs) < (self.gangs[rhs].nodes.last ?? 0, rhs)
                }
                guard let newest else { break }
                if interrupted.insert(newest).inserted { self.interrupt(newest) }
                self.gangs[newest].nodes.removeLast()
                if self.gangs[newest].nodes.isEmpty { self.gangs[newest].zone = nil }
            }
        }
        for gang in self.gangs.indices where tick > 0 {
            guard let zone = self.gangs[gang].zone, !interrupted.contains(gang) else { continue }
            self.policy.held(in: zone, seconds: self.market.secondsPerTick, interrupted: false)
        }
    }

    private mutating func interrupt(_ index: Int) {
        guard let zone = self.gangs[index].zone else { return }
        self.policy.held(in: zone, seconds: self.market.secondsPerTick, interrupted: true)
        self.figures.interruptions += 1
        guard self.gangs[index].isWhole else { return }
        if self.policy.checkpointsOnNotice && self.terms.givesNotice {
            let kept = self.gangs[index].doneSeconds - self.terms.noticeCheckpointSeconds
            self.gangs[index].savedSeconds = max(self.gangs[index].savedSeconds, kept)
        }
        self.fallBackToCheckpoint(index)
    }

    private mutating func fallBackToCheckpoint(_ index: Int) {
        let lost = self.gangs[index].doneSeconds - self.gangs[index].savedSeconds
        self.figures.lostGPUSeconds += lost * self.gpus(index)
        self.gangs[index].doneSeconds = self.gangs[index].savedSeconds
    }

    private func gpus(_ index: Int) -> Int64 { Int64(self.gangs[index].job.nodeCount * self.terms.gpusPerNode) }

    // MARK: Launches

    private mutating func prepare(_ index: Int, _ tick: Int) {
        if self.gangs[index].isOnDemand { return self.returnToSpot(index, tick) }
        let reserve = self.policy.weighsDeadlines ? self.interruptionSeconds(index) : 0
        if self.spareSeconds(index) <= reserve { return self.goOnDemand(index) }
        guard !self.gangs[index].isWhole else { return }
        if let zone = self.gangs[index].zone {
            self.complete(index, in: zone, tick)
            if self.gangs[index].isWhole { return }
            guard self.isPartialTooLong(index) else { return }
            self.policy.launched(in: zone, asked: 1, given: 0, atSeconds: self.now)
            self.release(index)
        }
        for zone in self.policy.zones(atSeconds: self.now) {
            self.complete(index, in: zone, tick)
            if self.gangs[index].zone != nil { return }
        }
        if self.policy.weighsDeadlines { self.takeOver(index, tick) }
    }

    /// How many interruptions' time more a gang must have to spare before another takes its place.
    private static var takeOverMargin: Int64 { 4 }

    /// Takes the place of gangs that have far more time to spare; they write a checkpoint first and wait.
    ///
    /// What the zone has to add is asked for first, all or nothing, so nobody stops for a launch that fails.
    private mutating func takeOver(_ index: Int, _ tick: Int) {
        let need = self.gangs[index].job.nodeCount
        let limit = self.spareSeconds(index) + Self.takeOverMargin * self.interruptionSeconds(index)
        for zone in self.policy.zones(atSeconds: self.now) {
            let holders = self.gangs.indices.filter { self.gangs[$0].zone == zone && self.spareSeconds($0) > limit }
                .sorted { (self.spareSeconds($1), $0) < (self.spareSeconds($0), $1) }
            guard !holders.isEmpty else { continue }
            self.figures.launchCalls += 1
            var (victims, found) = ([Int](), max(0, self.free(zone, tick)))
            for holder in holders where found < need {
                victims.append(holder)
                found += self.gangs[holder].nodes.count
            }
            guard found >= need else { continue }
            for victim in victims {
                self.gangs[victim].savedSeconds = self.gangs[victim].doneSeconds
                self.release(victim)
            }
            return self.complete(index, in: zone, tick)
        }
    }

    /// Asks for the nodes that are missing.
    private mutating func complete(_ index: Int, in zone: Int, _ tick: Int) {
        let missing = self.gangs[index].job.nodeCount - self.gangs[index].nodes.count
        let free = max(0, self.free(zone, tick))
        let given = self.policy.launchesWhole ? (free >= missing ? missing : 0) : min(free, missing)
        self.figures.launchCalls += 1
        self.policy.launched(in: zone, asked: missing, given: given, atSeconds: self.now)
        guard given > 0 else { return }
        self.gangs[index].zone = zone
        self.gangs[index].nodes += Array(repeating: self.now, count: given)
        let isWhole = self.gangs[index].isWhole
        self.gangs[index].partialSince = isWhole ? nil : self.gangs[index].partialSince ?? self.now
        if isWhole { self.gangs[index].delay = self.startDelay(index) }
    }

    private func startDelay(_ index: Int) -> Int64 {
        self.terms.bootSeconds + (self.gangs[index].savedSeconds > 0 ? self.terms.restartSeconds : 0)
    }

    private func isPartialTooLong(_ index: Int) -> Bool {
        guard let limit = self.policy.partialLimitSeconds else { return false }
        return self.now - (self.gangs[index].partialSince ?? self.now) >= limit
    }

    private mutating func release(_ index: Int) {
        self.gangs[index].nodes = []
        self.gangs[index].zone = nil
        self.gangs[index].partialSince = nil
    }

    /// By arrival, or by the time they have to spare.
    private var order: [Int] {
        guard self.policy.weighsDeadlines else { return Array(self.gangs.indices) }
        return self.gangs.indices.map { ($0, self.spareSeconds($0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }

    /// Time to spare if what is left were done on demand from the next tick on. Work that runs counts until it is lost.
    private func spareSeconds(_ index: Int) -> Int64 {
        let gang = self.gangs[index]
        let done = gang.isWhole ? gang.doneSeconds : gang.savedSeconds
        let needed = gang.job.workSeconds - done + self.startDelay(index) + self.market.secondsPerTick
        return gang.job.deadlineSeconds - self.now - needed
    }

    /// What one more stay on spot may cost in time.
    private func interruptionSeconds(_ index: Int) -> Int64 {
        let isTold = self.policy.checkpointsOnNotice && self.terms.givesNotice
        let lost = isTold ? self.terms.noticeCheckpointSeconds : self.terms.checkpointSeconds
        return self.terms.bootSeconds + self.terms.restartSeconds + lost + self.market.secondsPerTick
    }

    /// Moves a gang back where a zone takes it whole and an interruption would not make it late.
    private mutating func returnToSpot(_ index: Int, _ tick: Int) {
        guard self.policy.weighsDeadlines, self.spareSeconds(index) > self.interruptionSeconds(index) else { return }
        // Not worth a restart.
        guard self.gangs[index].job.workSeconds - self.gangs[index].doneSeconds > 2 * self.startDelay(index) else {
            return
        }
        for zone in self.policy.zones(atSeconds: self.now)
        where self.free(zone, tick) >= self.gangs[index].job.nodeCount {
            self.gangs[index].savedSeconds = self.gangs[index].doneSeconds
            self.gangs[index].isOnDemand = false
            return self.complete(index, in: zone, tick)
        }
    }

    private mutating func goOnDemand(_ index: Int) {
        // It is moved on purpose, so it writes a checkpoint first.
        if self.gangs[index].isWhole { self.gangs[index].savedSeconds = self.gangs[index].doneSeconds }
        self.release(index)
        self.gangs[index].delay = self.startDelay(index)
        self.gangs[index].isOnDemand = true
    }

    // MARK: Work

    private mutating func work(_ index: Int) {
        let tick = self.market.secondsPerTick
        let isWhole = self.gangs[index].isWhole
        let pause = isWhole ? min(tick, self.gangs[index].delay) : tick
        self.gangs[index].delay -= isWhole ? pause : 0
        let worked = min(tick - pause, self.gangs[index].job.workSeconds - self.gangs[index].doneSeconds)
        self.gangs[index].doneSeconds += worked
        let interval = self.terms.checkpointSeconds
        self.gangs[index].savedSeconds = max(
            self.gangs[index].savedSeconds, self.gangs[index].doneSeconds / interval * interval)
        self.figures.waitingSeconds += pause
        let nodes = self.gangs[index].isOnDemand ? self.gangs[index].job.nodeCount : self.gangs[index].nodes.count
        if !isWhole, nodes > 0 { self.figures.partialGangSeconds += tick }
        let isDone = self.gangs[index].doneSeconds >= self.gangs[index].job.workSeconds
        let paidHours = Double(nodes) * Double(isDone ? pause + worked : tick) / 3600
        if self.gangs[index].isOnDemand {
            self.figures.onDemandMicroUSD += paidHours * Double(self.terms.onDemandMicroUSDPerHour)
        } else {
            self.figures.spotMicroUSD += paidHours * Double(self.terms.spotMicroUSDPerHour)
        }
        guard isDone else { return }
        self.figures.usefulGPUSeconds += self.gangs[index].job.workSeconds * self.gpus(index)
        if self.now + pause + worked <= self.gangs[index].job.deadlineSeconds { self.figures.finishedInTime += 1 }
    }
}
