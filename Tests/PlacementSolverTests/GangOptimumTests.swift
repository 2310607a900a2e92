import PlacementSolver
import SchedulingModel
import TestSupport
import Testing

@Suite("Gangs against the optimum")
struct GangOptimumTests {
    /// Nodes per zone, block, spine and rack of 12,800 nodes with 8 GPUs each.
    static let nodesPerDomain = [2560, 640, 128, 16]
    static let nodeCount = 12_800

    /// Free GPUs per node. Racks differ in how full they are; a tenth of them is idle.
    private static func freeGPUs(seed: UInt64, load: Int) -> [Int] {
        var generator = SeededGenerator(seed: seed)
        var free: [Int] = []
        for _ in 0..<Self.nodeCount / 16 {
            let rackLoad = generator.once(in: 10) ? 0 : min(100, generator.int(in: 0...2 * load))
            for _ in 0..<16 {
                let isIdle = generator.int(in: 0...99) >= rackLoad
                free.append(isIdle ? 8 : generator.int(in: 0...7))
            }
        }
        return free
    }

    private static func snapshot(_ free: [Int], members: Int, gpus: Int) -> ClusterSnapshot {
        let levels = ["zone", "block", "spine", "rack"]
        let nodes = free.indices.map { index in
            NodeState.gpu("n\(100_000 + index)", count: 8, path: Self.nodesPerDomain.map { "\(1000 + index / $0)" })
        }
        let held = free.indices.filter { free[$0] < 8 }.map { index in
            PodState.gpu("held-\(index)", count: 8 - free[index], on: "n\(100_000 + index)")
        }
        let key = PodGroupKey(namespace: "ml", name: "gang")
        let gang = (0..<members).map { PodState.gpu("gang-\($0)", count: gpus, group: "gang", rank: $0) }
        return ClusterSnapshot(
            nodes: nodes, pods: held + gang, groups: [PodGroup(key: key, minMember: members)],
            topology: Topology(levels: levels.map { TopologyLevel(name: $0, labelKey: $0) }))
    }

    @Test(
        "take the narrowest level there is, and there the fewest hops between domains, summed over the levels",
        .longCalculation)
    func seededWorlds() throws {
        for seed in UInt64(1)...24 {
            var generator = SeededGenerator(seed: seed)
            let free = Self.freeGPUs(seed: seed, load: generator.int(in: 20...95))
            let (members, gpus) = (generator.pick([8, 24, 48, 96, 160, 256, 512]), generator.pick([1, 2, 4, 8, 8]))
            let oracle = FewestDomains(room: free.map { $0 / gpus }, nodesPerDomain: Self.nodesPerDomain)
            let snapshot = Self.snapshot(free, members: members, gpus: gpus)
            var state = SolverState(snapshot)
            let outcome = state.placeGroup(0)
            guard let level = oracle.narrowestLevel(holding: members) else {
                #expect(outcome == .noRoom, "seed \(seed)")
                continue
            }
            let ring = snapshot.pods.indices.filter { snapshot.pods[$0].group != nil }
                .sorted { snapshot.pods[$0].rank ?? 0 < snapshot.pods[$1].rank ?? 0 }
            let nodes = try ring.map { try #require(state.node(of: $0), "seed \(seed): \(outcome)") }
            let sizes = Self.nodesPerDomain + [1]
            let taken = sizes.indices.last { level in Set(nodes.map { $0 / sizes[level] }).count == 1 } ?? -1
            #expect(taken == level, "seed \(seed): level \(taken), could be \(level)")
            let best = try #require(oracle.fewest(below: level, holding: members))
            let crossed = (level + 1..<max(level + 1, 4)).reduce(0) {
                $0 + state.crossDomainHops(ring: ring, on: .level($1))
            }
            #expect(crossed == best, "seed \(seed), \(members) members of \(gpus) GPUs")
        }
    }
}
