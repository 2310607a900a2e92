import SchedulingCycle
import SchedulingModel
import TestSupport
import Testing

/// The planner against a search that tries everything, on thousands of small worlds.
///
/// A failing seed is printed with the command that replays it alone and with the smallest world that still fails.
@Suite("Planner against brute force")
struct OracleTests {
    @Test("a lone pod is placed exactly where something can take it", .longCalculation)
    func singlePods() {
        OracleRun(demand: .singlePod, count: 3000).expect(OracleProperty.singlePodIsPlacedIffItFits)
    }

    @Test("a gang is placed exactly where it can be", .longCalculation)
    func gangs() {
        OracleRun(demand: .gang, count: 1200).expect(
            OracleProperty.gangIsPlacedIffItFits,
            known: [
                867: "a subgroup that is exclusive on the axis of its own parent keeps its siblings out"
            ])
    }

    @Test(
        "no gang of that size could stay within a narrower axis, and none larger within one as narrow", .longCalculation
    )
    func gangAxes() {
        OracleRun(demand: .gang, count: 1200).expect(OracleProperty.gangIsAsNarrowAsItGets)
    }

    @Test("a plan for mixed demand is valid and leaves out nothing that still fits", .longCalculation)
    func mixedDemand() {
        OracleRun(demand: .mixed, count: 1500).expect(OracleProperty.planIsValidAndMaximal)
    }

    @Test("the order of the objects in the input changes nothing", .longCalculation)
    func order() {
        for seed in OracleRun(demand: .mixed, count: 400).seeds {
            let world = SmallWorld(seed: seed, demand: .mixed)
            let planner = Planner()
            let same = planner.unverifiedPlan(world.snapshot) == planner.unverifiedPlan(world.shuffledSnapshot())
            #expect(same, "seed \(seed)")
        }
    }
}
