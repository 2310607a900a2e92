import SchedulingModel
import TestSupport
import Testing

@testable import PlacementSolver

@Suite("Fragmented devices")
struct FragmentationTests {
    /// The definition, pod by pod: idle devices of each node times the share of device pods whose like finds no room there.
    private func plain(_ state: SolverState) -> Double {
        var trial = state
        let demand = state.snapshot.pods.indices.filter { !state.snapshot.pods[$0].deviceRequests.isEmpty }
        guard !demand.isEmpty else { return 0 }
        var sum = 0.0
        for node in 0..<state.nodeCount {
            let (idle, _) = state.deviceCounts(on: node)
            let unusable = demand.count { pod in
                !trial.rejections(pod, on: node).allSatisfy { reason in
                    // Other pods are not looked at.
                    switch reason {
                    case .podAffinityUnsatisfied, .podAntiAffinityViolated, .topologySpreadViolated, .hostPortConflict:
                        true
                    default: false
                    }
                }
            }
            sum += Double(idle) * Double(unusable) / Double(demand.count)
        }
        return sum
    }

    @Test("are idle devices that the demand cannot use where they are, whatever has been decided", arguments: 1...60)
    func definition(seed: UInt64) {
        var world = ChangingWorld(seed: seed)
        var state = SolverState(Self.withoutGangs(world.snapshot))
        for _ in 0..<6 {
            _ = world.step()
            state.update(to: Self.withoutGangs(world.snapshot))
            #expect(abs(state.fragmentedDevices() - self.plain(state)) < 1e-9)
            var compiled = SolverState(state.snapshot)
            #expect(state.fragmentedDevices() == compiled.fragmentedDevices())
        }
    }

    /// A member avoids its siblings' devices, which the figure does not look at.
    private static func withoutGangs(_ snapshot: ClusterSnapshot) -> ClusterSnapshot {
        ClusterSnapshot(nodes: snapshot.nodes, pods: snapshot.pods, topology: snapshot.topology)
    }

    @Test("pods with nodes find their shapes once per kind, in the order in which shapes are numbered anyway")
    func shapes() {
        let pods: [PodState] =
            (0..<40).map { .gpu("b\($0)", count: 1 + $0 % 4, on: "n\($0 % 20)") }
            + (0..<8).map { .gpu("p\($0)", count: 1 + $0 % 5) }
        let snapshot = ClusterSnapshot(nodes: (0..<20).map { .gpu("n\($0)", count: 8) }, pods: pods)
        var (counted, one) = (SolverState(snapshot), SolverState(snapshot))
        _ = counted.fragmentedDevices()
        let shapes = snapshot.pods.indices.map { one.shapeIdentity(of: $0) }
        #expect(snapshot.pods.indices.map { counted.shapeIdentity(of: $0) } == shapes)
        #expect(counted.shapeByPod.count { $0 >= 0 } == snapshot.pods.count)
        var fresh = SolverState(snapshot)
        _ = fresh.fragmentedDevices()
        #expect(fresh.shapeByPod.count { $0 >= 0 } == 4 + 8)
        #expect(fresh.shapes.count == 5)
    }
}
