import SchedulingModel
import TestSupport
import Testing

@testable import PlacementSolver

@Suite("Trial log")
struct TrialLogTests {
    @Test("rollback restores exactly what was there, through any assumes and releases", arguments: 1...60)
    func rollbackRestores(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var state = SolverState(SmallWorld(seed: seed, demand: .mixed).snapshot)
        // Shapes and counters are compiled at first sight; do that before looking.
        for pod in state.snapshot.pods.indices { _ = state.shapeIdentity(of: pod) }
        let before = StateObservation(state)
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
        #expect(StateObservation(state) == before)
        state.checkInvariants()
    }

    @Test(
        "checkpoints nest: gangs, singles and releases are undone in any depth, and no decision over-commits",
        .longCalculation)
    func nestedTrials() {
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            var state = SolverState(SmallWorld(seed: seed, demand: .mixed).snapshot)
            for pod in state.snapshot.pods.indices { _ = state.shapeIdentity(of: pod) }
            var kept: [(SolverState.Checkpoint, StateObservation)] = []
            for _ in 0..<24 {
                switch generator.int(in: 0...5) {
                case 0: kept.append((state.checkpoint, StateObservation(state)))
                case 1 where !kept.isEmpty:
                    kept.removeSubrange((generator.int(in: 0...kept.count - 1) + 1)...)
                    let (checkpoint, seen) = kept.removeLast()
                    state.rollback(to: checkpoint)
                    #expect(StateObservation(state) == seen, "seed \(seed)")
                case 2 where !state.groups.topGroups.isEmpty:
                    let before = Self.shortages(state)
                    _ = state.placeGroup(generator.pick(state.groups.topGroups))
                    #expect(Self.shortages(state) == before, "seed \(seed): a gang over-commits")
                default: Self.placeOrRelease(&state, &generator, seed)
                }
                state.checkInvariants()
            }
        }
    }

    private static func placeOrRelease(_ state: inout SolverState, _ generator: inout SeededGenerator, _ seed: UInt64) {
        guard !state.snapshot.pods.isEmpty else { return }
        let pod = generator.int(in: 0...state.snapshot.pods.count - 1)
        if state.node(of: pod) != nil { return state.release(pod) }
        guard state.snapshot.pods[pod].standing == .pending, let candidate = state.bestNode(for: pod) else { return }
        let before = Self.shortages(state)
        state.assume(pod, candidate)
        #expect(Self.shortages(state) == before, "seed \(seed): pod \(pod) over-commits")
    }

    /// What is taken beyond what there is: facts may, decisions never add to it.
    private static func shortages(_ state: SolverState) -> [Int64] {
        let devices = state.snapshot.nodes.indices.flatMap { node in
            state.deviceLedgers(on: node).flatMap { ledger in
                ledger.loads.flatMap { load -> [Int64] in
                    // Any number of fractions may share a device that is not taken whole.
                    let clientLimit =
                        ledger.pool.kind == .exclusive && !load.isTakenWhole ? .max : ledger.pool.slotsPerDevice
                    return [
                        max(0, load.memoryMiB - (ledger.pool.memoryMiBPerDevice ?? .max)),
                        Int64(max(0, load.thousandths - 1000)), Int64(max(0, Int(load.clientCount) - clientLimit)),
                    ]
                }
            }
        }
        return state.free.map { min(0, $0) } + devices
    }

    @Test(
        "the same seed gives the same decisions, and a state whose indexes are made anew decides as one that kept them")
    func indexesAgreeWithFreshOnes() {
        for seed in UInt64(1)...200 {
            var state = SolverState(SmallWorld(seed: seed, demand: .mixed).snapshot)
            for pod in state.snapshot.pods.indices where state.isPlaceable(pod) {
                if let candidate = state.bestNode(for: pod), pod % 2 == 0 { state.assume(pod, candidate) }
            }
            // The same bookings as facts: nothing in this state was ever moved from bucket to bucket.
            var pods = state.snapshot.pods
            for pod in pods.indices where pods[pod].standing == .pending {
                guard let node = state.node(of: pod) else { continue }
                pods[pod].standing = .bound(state.snapshot.nodes[node].name)
                pods[pod].knownDevices = state.devices(of: pod)
            }
            for pod in pods.indices where state.snapshot.pods[pod].node != nil {
                pods[pod].knownDevices = state.devices(of: pod)
            }
            let snapshot = state.snapshot
            var fresh = SolverState(
                ClusterSnapshot(nodes: snapshot.nodes, pods: pods, groups: snapshot.groups, topology: snapshot.topology)
            )
            for pod in pods.indices where state.isPlaceable(pod) {
                let (kept, made) = (state.bestNode(for: pod), fresh.bestNode(for: pod))
                #expect(kept?.node == made?.node, "seed \(seed), pod \(pod)")
                #expect(kept?.held.devices == made?.held.devices, "seed \(seed), pod \(pod)")
            }
        }
    }

    @Test("asking for a node, a gang or reasons changes nothing that a search can see", arguments: 1...40)
    func askingIsPure(seed: UInt64) {
        var state = SolverState(SmallWorld(seed: seed, demand: .mixed).snapshot)
        for pod in state.snapshot.pods.indices { _ = state.shapeIdentity(of: pod) }
        let before = StateObservation(state)
        for pod in state.snapshot.pods.indices where state.node(of: pod) == nil {
            _ = state.bestNode(for: pod)
            for node in state.snapshot.nodes.indices { _ = state.rejections(pod, on: node) }
        }
        _ = state.fragmentedDevices()
        for top in state.groups.topGroups { _ = state.domainFits(of: top, on: .host) }
        #expect(StateObservation(state) == before)
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
