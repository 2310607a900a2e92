import Simulation
import Testing

@Suite("Simulation")
struct ChaosTests {
    @Test("the same seed gives the same outcome, step by step")
    func repeats() {
        var options = ChaosOptions()
        options.keepsTrace = true
        #expect(ChaosRun.run(seed: 7, options: options) == ChaosRun.run(seed: 7, options: options))
    }
}
