import SchedulingModel
import TestSupport
import Testing

@Suite("Small worlds and brute force")
struct SmallWorldTests {
    @Test("a seed gives the same numbers everywhere")
    func generator() {
        var generator = SeededGenerator(seed: 0)
        // The first outputs of SplitMix64 for seed 0, as published with its reference code.
        #expect(generator.next() == 0xE220_A839_7B1D_CDAF)
        #expect(generator.next() == 0x6E78_9E6A_A1B9_65F4)
    }

    @Test("a seed gives the same world, whatever the order of its objects", arguments: SmallWorld.Demand.allCases)
    func determinism(demand: SmallWorld.Demand) {
        for seed in UInt64(0)..<50 {
            let world = SmallWorld(seed: seed, demand: demand)
            #expect(world.snapshot == SmallWorld(seed: seed, demand: demand).snapshot)
            #expect(world.snapshot == world.shuffledSnapshot())
            #expect(world.nodes.count <= 5 && world.pods.count <= 7)
        }
    }

    @Test("half of the lone pods fit somewhere, and half do not, within a factor of three")
    func tightness() {
        var fitting = 0
        for seed in UInt64(0)..<400 {
            let snapshot = SmallWorld(seed: seed, demand: .singlePod).snapshot
            for pod in snapshot.pods where pod.standing == .pending {
                fitting += BruteForce(snapshot).feasibleNodes(for: pod.key).isEmpty ? 0 : 1
            }
        }
        #expect((100...300).contains(fitting), "\(fitting) of 400 fit")
    }

    @Test(
        "gangs of small worlds come out in many ways, and the search almost always sees all of them", .longCalculation)
    func gangVariety() {
        var (possible, complete, elastic) = (0, 0, 0)
        for seed in UInt64(0)..<300 {
            let snapshot = SmallWorld(seed: seed, demand: .gang).snapshot
            let found = BruteForce(snapshot).outcomes(of: PodGroupKey(namespace: "ml", name: "g"))
            possible += found.outcomes.isEmpty ? 0 : 1
            complete += found.isComplete ? 1 : 0
            elastic += Set(found.outcomes.map(\.placedCount)).count > 1 ? 1 : 0
        }
        #expect(possible > 60, "\(possible) of 300 gangs can be placed")
        #expect(complete > 290, "\(complete) of 300 searches were complete")
        #expect(elastic > 20, "\(elastic) of 300 gangs have a choice of size")
    }

    @Test("a gang of two whole nodes shares a rack at best, and the search knows all ways")
    func gangOutcomes() {
        let nodes = [("a", "r1"), ("b", "r1"), ("c", "r2")].map { VerifierWorld.node($0.0, rack: $0.1, gpus: 1) }
        let pods = ["p", "q"].map { VerifierWorld.pod($0, request: VerifierWorld.whole(1), group: VerifierWorld.gang) }
        let snapshot = VerifierWorld.snapshot(nodes, pods, [PodGroup(key: VerifierWorld.gang, minMember: 2)])
        let found = BruteForce(snapshot).outcomes(of: VerifierWorld.gang)
        #expect(found.isComplete)
        #expect(
            found.outcomes == [
                .init(placedCount: 2, sharedAxes: [.level(0), .level(1)]),
                .init(placedCount: 2, sharedAxes: [.level(0)]),
            ])
    }

    @Test("a failing world is made small")
    func shrinking() {
        let snapshot = SmallWorld(seed: 3, demand: .mixed).snapshot
        let smallest = snapshot.shrunk { $0.pods.contains { $0.standing == .pending } }
        #expect(smallest.pods.count == 1)
        #expect(smallest.nodes.count <= 1)
    }
}
