import SchedulingModel
import TestSupport
import Testing

@testable import PlacementSolver

@Suite("Trial log")
struct TrialLogTests {
    /// Everything a search can see of a state.
    private struct Observation: Equatable {
        let free: [Int64]
        let units: [Int32]
        let loads: [DeviceLoad]
        let nodes: [Int32]
        let counts: [[Int32]]

        init(_ state: SolverState) {
            self.free = state.free
            self.units = state.freeUnits
            self.loads = state.devices.loads
            self.nodes = state.nodeByPod
            self.counts = state.counters.map(\.countByDomain)
        }
    }

    @Test("rollback restores exactly what was there, through any assumes and releases", arguments: 1...60)
    func rollbackRestores(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var state = SolverState(SmallWorld(seed: seed, demand: .mixed).snapshot)
        // Shapes and counters are compiled at first sight; do that before looking.
        for pod in state.snapshot.pods.indices { _ = state.shapeIdentity(of: pod) }
        let before = Observation(state)
        let start = state.checkpoint
        for _ in 0..<20 {
            guard !state.snapshot.pods.isEmpty else { return }
            let pod = generator.int(in: 0...state.snapshot.pods.count - 1)
            if state.node(of: pod) != nil {
                state.release(pod)
            } else if let candidate = state.bestNode(for: pod) {
                state.assume(pod, candidate)
            }
            state.checkInvariants()
        }
        state.rollback(to: start)
        #expect(Observation(state) == before)
        state.checkInvariants()
    }

    @Test("asking for a node, a gang or reasons changes nothing that a search can see", arguments: 1...40)
    func askingIsPure(seed: UInt64) {
        var state = SolverState(SmallWorld(seed: seed, demand: .mixed).snapshot)
        for pod in state.snapshot.pods.indices { _ = state.shapeIdentity(of: pod) }
        let before = Observation(state)
        for pod in state.snapshot.pods.indices where state.node(of: pod) == nil {
            _ = state.bestNode(for: pod)
            for node in state.snapshot.nodes.indices { _ = state.rejections(pod, on: node) }
        }
        _ = state.fragmentedDevices()
        for top in state.groups.topGroups { _ = state.domainFits(of: top, on: .host) }
        #expect(Observation(state) == before)
    }

    @Test("a pod has no rejections on a node exactly where it fits", arguments: 1...200)
    func rejectionsAgreeWithFit(seed: UInt64) {
        var state = SolverState(SmallWorld(seed: seed, demand: .mixed).snapshot)
        for pod in state.snapshot.pods.indices where state.snapshot.pods[pod].standing == .pending {
            for node in state.snapshot.nodes.indices {
                let fits = state.fit(pod, on: node) != nil
                let reasons = state.rejections(pod, on: node)
                #expect(
                    fits == reasons.isEmpty, "seed \(seed): \(state.snapshot.pods[pod].key) on node \(node): \(reasons)"
                )
            }
        }
    }
}
