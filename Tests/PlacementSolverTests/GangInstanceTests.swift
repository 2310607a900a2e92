import Foundation
import PlacementSolver
import SchedulingModel
import TestSupport
import Testing

/// One gang in a small tree of zones, blocks, spines and racks, with the optimum that `Scripts/gang_instances.py` proved.
private struct GangInstance {
    static let levels = ["zone", "block", "spine", "rack"]

    var seed = 0
    /// Nodes per domain of each level.
    var sizes: [Int] = []
    var freeGPUs: [Int] = []
    /// GPUs per member, in ring order.
    var gang: [Int] = []
    /// Position in `levels`.
    var level = 0
    /// Between ring neighbours in different domains, summed over the levels below.
    var hops = 0

    static func all() throws -> [GangInstance] {
        let file = try #require(Bundle.module.url(forResource: "GangInstances", withExtension: "txt"))
        var instances: [GangInstance] = []
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            let numbers = words.compactMap { Int($0) }
            if words[0] == "seed" { instances.append(GangInstance(seed: numbers[0])) }
            guard var last = instances.popLast() else { continue }
            switch words[0] {
            case "nodes": last.sizes = numbers
            case "free": last.freeGPUs = numbers
            case "gang": last.gang = numbers
            case "level": last.level = try #require(Self.levels.firstIndex(of: String(words[1])))
            case "hops": last.hops = numbers[0]
            default: break
            }
            instances.append(last)
        }
        return instances
    }

    var snapshot: ClusterSnapshot {
        let nodes = self.freeGPUs.indices.map { index in
            NodeState.gpu("n\(1000 + index)", count: 8, path: self.sizes.map { "\(1000 + index / $0)" })
        }
        let held = self.freeGPUs.indices.filter { self.freeGPUs[$0] < 8 }.map { index in
            PodState.gpu("held-\(index)", count: 8 - self.freeGPUs[index], on: "n\(1000 + index)")
        }
        let members = self.gang.enumerated().map { rank, gpus in
            PodState.gpu("gang-\(rank)", count: gpus, group: "gang", rank: rank)
        }
        return ClusterSnapshot(
            nodes: nodes, pods: held + members,
            groups: [PodGroup(key: PodGroupKey(namespace: "ml", name: "gang"), minMember: self.gang.count)],
            topology: Topology(levels: Self.levels.map { TopologyLevel(name: $0, labelKey: $0) }))
    }

    /// Level and hops that the solver comes to; nil where it finds no room.
    func solved() -> (level: Int, hops: Int)? {
        var state = SolverState(self.snapshot)
        guard case .satisfied = state.placeGroup(0) else { return nil }
        let ring = state.snapshot.pods.indices.filter { state.snapshot.pods[$0].group != nil }
            .sorted { state.snapshot.pods[$0].rank ?? 0 < state.snapshot.pods[$1].rank ?? 0 }
        let nodes = ring.compactMap { state.node(of: $0) }
        let level = self.sizes.indices.last { level in Set(nodes.map { $0 / self.sizes[level] }).count == 1 } ?? -1
        let hops = self.sizes.indices.dropFirst(level + 1).reduce(0) {
            $0 + state.crossDomainHops(ring: ring, on: .level($1))
        }
        return (level, hops)
    }
}

@Suite("Gangs against proven optima", .longCalculation)
struct GangInstanceTests {
    @Test("take the narrowest level, and at most 2 % more hops than the fewest on average, members alike or not")
    func gaps() throws {
        let instances = try GangInstance.all()
        #expect(instances.count >= 60)
        #expect(instances.count { Set($0.gang).count > 1 } >= 30)
        var gaps: [Double] = []
        for instance in instances {
            let found = try #require(instance.solved(), "seed \(instance.seed): no room")
            #expect(found.level == instance.level, "seed \(instance.seed)")
            #expect(found.hops >= instance.hops, "seed \(instance.seed) is below its optimum")
            if Set(instance.gang).count == 1 { #expect(found.hops == instance.hops, "seed \(instance.seed)") }
            gaps.append(Double(found.hops) / Double(instance.hops) - 1)
        }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        #expect(mean <= 0.02)
        print(
            "gangs: mean gap \(mean), worst \(gaps.max() ?? 0), \(gaps.count { $0 > 0 }) of \(gaps.count) not optimal")
    }
}
