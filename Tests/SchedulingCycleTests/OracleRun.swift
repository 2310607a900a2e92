import Foundation
import SchedulingModel
import TestSupport
import Testing

/// A range of seeds, or the single one that `BERTH_ORACLE_SEED` names.
struct OracleRun {
    let demand: SmallWorld.Demand
    let seeds: [UInt64]

    init(demand: SmallWorld.Demand, count: UInt64) {
        self.demand = demand
        let replayed = ProcessInfo.processInfo.environment["BERTH_ORACLE_SEED"].flatMap { UInt64($0) }
        self.seeds = replayed.map { [$0] } ?? Array(0..<count)
    }

    /// Records an issue for the first few seeds whose world the property complains about, and counts the rest.
    func expect(_ property: (ClusterSnapshot) -> String?, test: String = #function) {
        var failing: [UInt64] = []
        for seed in self.seeds {
            let snapshot = SmallWorld(seed: seed, demand: self.demand).snapshot
            guard let complaint = property(snapshot) else { continue }
            failing.append(seed)
            guard failing.count <= 3 else { continue }
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
