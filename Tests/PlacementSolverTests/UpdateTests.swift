import SchedulingModel
import TestSupport
import Testing

@testable import PlacementSolver

@Suite("A state that is brought up to date")
struct UpdateTests {
    /// What the search decides for everything that waits, one after another.
    private static func decisions(_ state: SolverState) -> [String] {
        var state = state
        var decisions: [String] = []
        for top in state.groups.topGroups {
            decisions.append("\(state.groups.groups[top].key): \(state.placeGroup(top))")
        }
        for pod in state.snapshot.pods.indices where state.isPlaceable(pod) && state.groups.topGroupByPod[pod] < 0 {
            let reasons = state.snapshot.nodes.indices.map { "\(state.rejections(pod, on: $0))" }
            if let candidate = state.bestNode(for: pod) { state.assume(pod, candidate) }
            decisions.append("\(state.snapshot.pods[pod].key): \(state.devices(of: pod)) \(reasons)")
        }
        state.checkInvariants()
        return decisions + state.snapshot.pods.indices.map { "\(state.node(of: $0) ?? -1)" }
    }

    @Test(
        "is what compiling the newer snapshot gives, after any sequence of changes, and decides the same",
        .longCalculation)
    func equalsCompiled() {
        var inPlace = 0
        for seed in UInt64(1)...100 {
            var world = ChangingWorld(seed: seed)
            var state = SolverState(world.snapshot)
            for step in 0..<12 {
                if state.update(world.step()) == .inPlace { inPlace += 1 }
                state.checkInvariants()
                let compiled = SolverState(world.snapshot)
                #expect(StateObservation(state) == StateObservation(compiled), "seed \(seed), step \(step)")
                #expect(Self.decisions(state) == Self.decisions(compiled), "seed \(seed), step \(step)")
                // Whatever a search compiled must not outlive the next update.
                for pod in state.snapshot.pods.indices { _ = state.shapeIdentity(of: pod) }
            }
        }
        #expect(inPlace > 400, "only \(inPlace) of 1200 updates were made in place")
    }

    @Test("leaves every older copy as it was", arguments: 1...40 as ClosedRange<UInt64>)
    func olderCopies(seed: UInt64) {
        var world = ChangingWorld(seed: seed)
        var state = SolverState(world.snapshot)
        var older: [(SolverState, StateObservation)] = []
        for _ in 0..<8 {
            older.append((state, StateObservation(state)))
            state.update(world.step())
        }
        for (copy, seen) in older {
            #expect(StateObservation(copy) == seen)
            copy.checkInvariants()
        }
    }

    @Test("keeps its storage: what did not change is not copied")
    func keepsStorage() {
        let nodes = (0..<64).map { NodeState.gpu("n\(100 + $0)", count: 8) }
        let pods = (0..<64).map { PodState.gpu("p\(100 + $0)", count: 2, on: "n\(100 + $0)") }
        var state = SolverState(ClusterSnapshot(nodes: nodes, pods: pods))
        let before = Self.addresses(of: state)
        var changes = SnapshotChanges()
        changes.nodes = [nodes[3]]
        changes.nodes[0].taints = [.unschedulable]
        changes.pods = [.gpu("p105", count: 2, on: "n107"), .gpu("p106", count: 2)]
        #expect(state.update(changes) == .inPlace)
        #expect(Self.addresses(of: state) == before)
        let kept = state
        changes.nodes[0].taints = []
        #expect(state.update(changes) == .inPlace)
        #expect(Self.addresses(of: kept) == before)
        #expect(Self.addresses(of: state) != before)
    }

    private static func addresses(of state: SolverState) -> [UnsafeRawPointer?] {
        [
            state.free.withUnsafeBytes(\.baseAddress), state.devices.loads.withUnsafeBytes(\.baseAddress),
            state.nodeByPod.withUnsafeBytes(\.baseAddress), state.freeUnits.withUnsafeBytes(\.baseAddress),
            state.snapshot.nodes.withUnsafeBufferPointer { UnsafeRawPointer($0.baseAddress) },
            state.snapshot.pods.withUnsafeBufferPointer { UnsafeRawPointer($0.baseAddress) },
        ]
    }

    @Test("says when it had to be compiled anew")
    func compiledAnew() {
        let nodes: [NodeState] = [.gpu("a", count: 2), .gpu("b", count: 2)]
        let state = SolverState(ClusterSnapshot(nodes: nodes, pods: [.gpu("p", count: 1)]))
        func result(_ change: (inout SnapshotChanges) -> Void) -> SolverState.UpdateResult {
            var changes = SnapshotChanges()
            change(&changes)
            var copy = state
            return copy.update(changes)
        }
        #expect(result { $0.pods = [.gpu("p", count: 2, on: "b")] } == .inPlace)
        #expect(result { $0.pods = [.gpu("q", count: 2, on: "b")] } == .inPlace)
        #expect(result { $0.nodes = [.gpu("c", count: 2)] } == .compiledAnew)
        #expect(result { $0.removedNodes = [NodeName("a")] } == .compiledAnew)
        #expect(result { $0.nodes = [.gpu("a", count: 1)] } == .compiledAnew)
        #expect(result { $0.nodes = [.gpu("a", count: 2, path: ["rack"])] } == .compiledAnew)
        #expect(result { $0.removedPods = [PodKey(namespace: "ml", name: "p")] } == .compiledAnew)
    }
}
