import Foundation
import SchedulingModel
import TestSupport
import Testing

/// A range of seeds, or the single one that `BERTH_ORACLE_SEED` names. `BERTH_ORACLE_FACTOR` multiplies the range, and
/// `BERTH_ORACLE_SHOWN` says how many failing worlds are printed.
struct OracleRun {
    let demand: SmallWorld.Demand
    let seeds: [UInt64]
    private let shownCount: Int

    init(demand: SmallWorld.Demand, count: UInt64) {
        self.demand = demand
        let replayed = Self.number("BERTH_ORACLE_SEED").map { [$0] }
        self.seeds = replayed ?? Array(0..<count * min(Self.number("BERTH_ORACLE_FACTOR") ?? 1, 1000))
        self.shownCount = Int(min(Self.number("BERTH_ORACLE_SHOWN") ?? 3, 1000))
    }

    private static func number(_ variable: String) -> UInt64? {
        ProcessInfo.processInfo.environment[variable].flatMap { UInt64($0) }
    }

    /// Records an issue for the first few seeds whose world the property complains about, and counts the rest.
    ///
    /// - Parameter known: Seeds known to fail, with the reason. One that holds again is an issue too: take it off the
    ///   list.
    func expect(
        _ property: (ClusterSnapshot) -> String?, known: [UInt64: String] = [:], test: String = #function
    ) {
        var failing: [UInt64] = []
        for seed in self.seeds {
            let snapshot = SmallWorld(seed: seed, demand: self.demand).snapshot
            let complaint = property(snapshot)
            if let reason = known[seed] {
                #expect(complaint != nil, "seed \(seed) holds now, and was known to fail: \(reason)")
                continue
            }
            guard let complaint else { continue }
            failing.append(seed)
            guard failing.count <= self.shownCount else { continue }
            let smallest = snapshot.shrunk { property($0) != nil }
            Issue.record(
                """
                seed \(seed): \(complaint)
                replay: BERTH_ORACLE_SEED=\(seed) swift test --filter 'OracleTests/\(test)'
                smallest world: \(property(smallest) ?? "")
                \(smallest.sketch)
                """)
        }
        #expect(failing.isEmpty, "\(failing.count) of \(self.seeds.count) seeds: \(failing.prefix(40))")
    }
}
