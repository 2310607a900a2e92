import SchedulingModel
import TestSupport
import Testing
import TraceReplay

@Suite("Spot replay")
struct SpotReplayTests {
    private func market(_ zones: [[Int]]) -> SpotMarket {
        SpotMarket(
            name: "made", zones: zones.enumerated().map { .init(name: "z\($0.offset)", capacity: $0.element) },
            secondsPerTick: 300)
    }

    private func job(_ nodes: Int, hours: Int64, deadline: Int64 = 1_000_000) -> SpotJob {
        SpotJob(nodeCount: nodes, arrivalSeconds: 0, workSeconds: hours * 3600, deadlineSeconds: deadline)
    }

    private func run(_ zones: [[Int]], _ jobs: [SpotJob], _ policy: some SpotPolicy) -> SpotFigures {
        var replay = SpotReplay(market: self.market(zones), jobs: jobs, terms: SpotTerms(), policy: policy)
        return replay.run()
    }

    /// Capacity that comes and goes, by seed.
    private func drawn(_ zoneCount: Int, _ largest: Int, seed: UInt64) -> SpotMarket {
        var generator = SeededGenerator(seed: seed)
        let zones = (0..<zoneCount).map { _ in
            var level = largest
            return (0..<3000).map { _ in
                if generator.unit() < 0.03 { level = generator.int(in: 0...largest) }
                return level
            }
        }
        return self.market(zones)
    }

    @Test("a job on capacity that stays costs its work and its boot at the spot price")
    func undisturbed() {
        let figures = self.run([Array(repeating: 2, count: 40)], [self.job(2, hours: 1)], BerthSpotPolicy(zoneCount: 1))
        #expect(figures.usefulGPUSeconds == 7200)
        #expect(figures.lostGPUSeconds == 0)
        #expect(figures.waitingSeconds == 180)
        // Two nodes for 3,780 seconds.
        #expect(abs(figures.dollars - 2 * 1.05 * 0.3941) < 1e-9)
    }

    @Test("half a gang is never bought, and greedy pays for it")
    func partial() {
        let zones = [Array(repeating: 1, count: 40)]
        #expect(self.run(zones, [self.job(2, hours: 1)], BerthSpotPolicy(zoneCount: 1)).dollars == 0)
        let greedy = self.run(zones, [self.job(2, hours: 1)], GreedySpotPolicy(zoneCount: 1))
        #expect(greedy.partialGangSeconds == 12_000)
        #expect(greedy.dollars > 0)
    }

    @Test("a notice costs a minute of work; without one everything since the checkpoint is lost")
    func notice() {
        let zones = [Array(repeating: 1, count: 10) + [0] + Array(repeating: 1, count: 40)]
        let told = self.run(zones, [self.job(1, hours: 2)], BerthSpotPolicy(zoneCount: 1))
        #expect(told.lostGPUSeconds == 60)
        let untold = self.run(zones, [self.job(1, hours: 2)], GreedySpotPolicy(zoneCount: 1))
        #expect(untold.lostGPUSeconds == 10 * 300 - 180)
    }

    @Test("a job that spot would make late ends in time on demand")
    func deadline() {
        let figures = self.run(
            [Array(repeating: 0, count: 60)], [self.job(1, hours: 1, deadline: 9000)], BerthSpotPolicy(zoneCount: 1))
        #expect(figures.finishedInTime == 1)
        #expect(figures.onDemandMicroUSD > 0)
    }

    @Test(
        "on drawn markets Berth's policy costs less per useful GPU-hour than the simple ones and is never late",
        .longCalculation,
        arguments: [(2, 16), (5, 1), (1, 4), (3, 8)])
    func beatsSimplePolicies(zones: Int, largest: Int) throws {
        var totals = [SpotFigures](repeating: SpotFigures(), count: 4)
        for seed in 1...6 as ClosedRange<UInt64> {
            let market = self.drawn(zones, largest, seed: seed)
            let jobs = SpotJob.drawn(for: market, seed: seed)
            func add(_ position: Int, _ policy: some SpotPolicy) {
                var replay = SpotReplay(market: market, jobs: jobs, terms: SpotTerms(), policy: policy)
                totals[position].add(replay.run())
            }
            add(0, BerthSpotPolicy(zoneCount: zones))
            add(1, GreedySpotPolicy(zoneCount: zones))
            add(2, GroupBackoffSpotPolicy(zoneCount: zones))
            add(3, OfferingCacheSpotPolicy(zoneCount: zones))
        }
        let berth = try #require(totals[0].dollarsPerUsefulGPUHour)
        #expect(totals[0].finishedInTime == totals[0].jobs)
        #expect(totals[0].partialGangSeconds == 0)
        for other in totals.dropFirst() { #expect(berth < (try #require(other.dollarsPerUsefulGPUHour))) }
    }
}
