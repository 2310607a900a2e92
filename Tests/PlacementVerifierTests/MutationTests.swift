import PlacementVerifier
import SchedulingModel
import TestSupport
import Testing

/// Valid plans of seeded worlds, each corrupted in a way that surely breaks a rule.
@Suite("Verifier: corrupted plans")
struct MutationTests {
    private struct Case {
        let seed: UInt64
        let snapshot: ClusterSnapshot
        let plan: Plan
    }

    private static let cases = (UInt64(0)..<500).map { seed in
        let snapshot = SmallWorld(seed: seed, demand: .mixed).snapshot
        return Case(seed: seed, snapshot: snapshot, plan: BruteForce.plan(for: snapshot))
    }

    @Test("valid plans of small worlds are accepted", .longCalculation)
    func acceptsValidPlans() {
        var placed = 0
        for valid in Self.cases {
            let violations = PlacementVerifier(snapshot: valid.snapshot).violations(in: valid.plan)
            #expect(violations.isEmpty, "seed \(valid.seed): \(violations)\n\(valid.snapshot.sketch)")
            placed += valid.plan.assignments.count
        }
        #expect(placed > 300, "the worlds are too tight to prove anything: \(placed) pods placed")
    }

    @Test("every corruption is rejected", .longCalculation, arguments: PlanCorruption.allCases)
    func rejects(corruption: PlanCorruption) {
        var corrupted = 0
        for valid in Self.cases {
            let verifier = PlacementVerifier(snapshot: valid.snapshot)
            for broken in corruption.apply(to: valid.plan, of: valid.snapshot) {
                corrupted += 1
                let isRejected = !verifier.violations(in: broken).isEmpty
                #expect(isRejected, "seed \(valid.seed): accepted\n\(valid.snapshot.sketch)\n\(broken)")
            }
        }
        #expect(corrupted >= 5, "\(corruption) was possible only \(corrupted) times")
    }
}
