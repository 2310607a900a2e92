import Simulation
import TestSupport
import Testing

@Suite("Simulation", .longCalculation)
struct ChaosTests {
    @Test("the same seed gives the same outcome, step by step")
    func repeats() {
        var options = ChaosOptions()
        options.keepsTrace = true
        options.chaosMillis = 60_000
        #expect(ChaosRun.run(seed: 7, options: options) == ChaosRun.run(seed: 7, options: options))
    }

    @Test("every rule holds under faults", arguments: UInt64(1)...4)
    func holds(seed: UInt64) {
        let outcome = ChaosRun.run(seed: seed)
        #expect(outcome.finding == nil, "berth simulate chaos --seeds 1 --from \(seed) --trace")
    }

    /// Seeds that once broke a rule before clusters could buy nodes, and what it took.
    @Test(
        "seeds that once failed",
        arguments: [
            (seed: UInt64(9), why: "a group deleted before its pods made the verifier refuse every plan"),
            (180, "a member was bound again after a peer had failed and the gang was below its minimum"),
            (766, "a refused retry freed room that the first try, whose reply was lost, still took"),
            (8335, "a read gave room away that a lost try was still to take"),
            (9351, "a read gave room away that a lost try was still to take, with the gang below its minimum"),
            (1000, "a gang was shrunk to its minimum while a member that counted was not bound yet"),
            (1043, "a budget kept a gang below its minimum, and nobody looked at it again"),
            (1079, "on an over-committed node the verifier gave a pod the card of one that was to leave"),
            (1091, "on an over-committed node the verifier gave a pod the card of one that was to leave"),
        ])
    func onceFailed(seed: UInt64, why: String) {
        var options = ChaosOptions()
        options.hasCloud = false
        #expect(
            ChaosRun.run(seed: seed, options: options).finding == nil,
            "\(why): berth simulate chaos --seeds 1 --from \(seed) --no-cloud --trace")
    }
}
