import SchedulingModel
import TestSupport
import Testing

@testable import PlacementSolver

/// What of a state has nothing to do with how it came about: amounts, devices, and all indexes as a search sees them.
private struct IndexContents: Equatable {
    let free: [Int64]
    let freeUnits: [Int32]
    let loads: [DeviceLoad]
    let unitBuckets: [[IndexBucket]]
    let bystanderBuckets: [IndexBucket]
    let partBuckets: [[IndexBucket]?]

    init(_ state: SolverState) {
        self.free = state.free
        self.freeUnits = state.freeUnits
        self.loads = state.devices.loads
        self.unitBuckets = state.unitIndexes.map(\.contents)
        self.bystanderBuckets = state.bystanderIndex.contents
        self.partBuckets = state.partIndexes.map { $0?.contents }
    }
}

/// Searches, decisions and changes of the cluster in a random order, from a seed.
private struct OperationSequence {
    private(set) var state: SolverState
    private var world: ChangingWorld
    private var generator: SeededGenerator
    private var open: [(SolverState.Checkpoint, StateObservation)] = []
    private let start: SolverState.Checkpoint

    init(seed: UInt64) {
        self.world = ChangingWorld(seed: seed)
        self.state = SolverState(self.world.snapshot)
        self.generator = SeededGenerator(seed: seed)
        self.start = self.state.checkpoint
        self.meetDemand()
    }

    /// What is compiled at first sight stays through a rollback, so that is done before anyone looks.
    private mutating func meetDemand() {
        for pod in self.state.snapshot.pods.indices { _ = self.state.shapeIdentity(of: pod) }
    }

    mutating func step() {
        switch self.generator.int(in: 0...11) {
        case 0, 1: self.open.append((self.state.checkpoint, StateObservation(self.state)))
        case 2 where !self.open.isEmpty:
            let depth = self.generator.int(in: 0...self.open.count - 1)
            let (checkpoint, seen) = self.open[depth]
            self.open.removeSubrange(depth...)
            self.state.rollback(to: checkpoint)
            #expect(StateObservation(self.state).differences(from: seen) == [])
        case 3 where !self.state.groups.topGroups.isEmpty:
            _ = self.state.placeGroup(self.generator.pick(self.state.groups.topGroups))
        case 4 where self.open.isEmpty: self.plan()
        case 5: self.update()
        default: self.placeOrRelease()
        }
    }

    private mutating func placeOrRelease() {
        guard !self.state.snapshot.pods.isEmpty else { return }
        let pod = self.generator.int(in: 0...self.state.snapshot.pods.count - 1)
        if self.state.node(of: pod) != nil { return self.state.release(pod) }
        if let candidate = self.state.bestNode(for: pod) { self.state.assume(pod, candidate) }
    }

    private mutating func plan() {
        var mix = DemandMix()
        for pod in self.state.snapshot.pods.indices { self.state.observe(pod, in: &mix) }
        self.state.planFill(expecting: mix)
    }

    private mutating func update() {
        self.open = []
        self.state.rollback(to: self.start)
        self.state.update(self.world.step())
        self.meetDemand()
    }

    /// Whether every pod with a node holds devices, where it asks for any. Facts may leave one none, which no fact can say.
    var everybodyHolds: Bool {
        self.state.snapshot.pods.indices.allSatisfy { pod in
            self.state.node(of: pod) == nil || self.state.snapshot.pods[pod].deviceRequests.isEmpty
                || !self.state.devices(of: pod).isEmpty
        }
    }

    /// A state compiled from what stands now as facts: nothing in it was ever moved.
    var compiled: SolverState {
        var pods = self.state.snapshot.pods
        for pod in pods.indices {
            guard let node = self.state.node(of: pod) else {
                if pods[pod].node != nil { pods[pod].standing = .pending }
                pods[pod].knownDevices = []
                continue
            }
            pods[pod].standing = .bound(self.state.snapshot.nodes[node].name)
            pods[pod].knownDevices = self.state.devices(of: pod)
        }
        let snapshot = self.state.snapshot
        var fresh = SolverState(
            ClusterSnapshot(
                nodes: snapshot.nodes, pods: pods, groups: snapshot.groups, topology: snapshot.topology))
        for pod in pods.indices { _ = fresh.shapeIdentity(of: pod) }
        return fresh
    }
}

@Suite("Any sequence of operations", .longCalculation)
struct OperationSequenceTests {
    @Test("assumes, releases, gangs, plans, rollbacks and updates leave the indexes that a fresh state has")
    func indexesAreThoseOfAFreshState() {
        var compared = 0
        for seed in UInt64(1)...60 {
            var sequence = OperationSequence(seed: seed)
            for step in 0..<30 {
                sequence.step()
                sequence.state.checkInvariants()
                guard sequence.everybodyHolds else { continue }
                compared += 1
                let isEqual = IndexContents(sequence.state) == IndexContents(sequence.compiled)
                #expect(isEqual, "seed \(seed), step \(step)")
            }
        }
        #expect(compared > 1200, "only \(compared) of 1800 states could be compared")
    }

    @Test("the same seed gives the same state after every step")
    func sameSeedSameState() {
        for seed in UInt64(1)...15 {
            var (first, second) = (OperationSequence(seed: seed), OperationSequence(seed: seed))
            for step in 0..<30 {
                first.step()
                second.step()
                let different = StateObservation(first.state).differences(from: StateObservation(second.state))
                #expect(different == [], "seed \(seed), step \(step)")
            }
        }
    }

    @Test("a release undoes an assume exactly, the place in the fill plan included", arguments: [false, true])
    func releaseUndoesAssume(plansFill: Bool) {
        for seed in UInt64(1)...80 {
            var state = SolverState(SmallWorld(seed: seed, demand: .mixed).snapshot)
            var mix = DemandMix()
            for pod in state.snapshot.pods.indices { state.observe(pod, in: &mix) }
            if plansFill { state.planFill(expecting: mix) }
            for pod in state.snapshot.pods.indices where state.isPlaceable(pod) {
                let candidates =
                    [state.bestNode(for: pod), state.keptNode(for: pod)].compactMap(\.self)
                    + state.snapshot.nodes.indices.compactMap { state.fit(pod, on: $0) }
                for candidate in candidates {
                    let before = StateObservation(state)
                    state.assume(pod, candidate)
                    #expect(state.node(of: pod) == candidate.node)
                    state.release(pod)
                    #expect(StateObservation(state).differences(from: before) == [], "seed \(seed), pod \(pod)")
                }
                // The next pod finds a fuller cluster.
                if let candidate = candidates.first { state.assume(pod, candidate) }
            }
        }
    }
}
