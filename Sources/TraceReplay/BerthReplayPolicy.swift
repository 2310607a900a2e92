import PlacementSolver
import SchedulingModel

/// Berth's own policy on the benchmark: the solver that plans live clusters, told of one pod after the other.
public struct BerthReplayPolicy: ReplayPolicy {
    private var placer: OnlinePlacer
    /// Node in the list by node of the snapshot.
    private let nodeByIndex: [Int]

    public init(_ trace: OpenbTrace, _ sequence: ArrivalSequence) {
        let cluster = OpenbSnapshot(trace, sequence)
        self.nodeByIndex = cluster.nodeByIndex
        self.placer = OnlinePlacer(SolverState(cluster.snapshot))
    }

    public mutating func prepare(arrival: Int, pod: Int) { self.placer.planIfDue(for: arrival) }

    public mutating func place(arrival: Int, pod: Int) -> ReplayPlacement? {
        self.placer.place(arrival).map { candidate in
            let gpus = self.placer.state.devices(of: arrival).map(\.index).sorted()
            return ReplayPlacement(node: self.nodeByIndex[candidate.node], gpus: gpus)
        }
    }
}
