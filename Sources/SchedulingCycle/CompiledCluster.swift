import PlacementSolver
import SchedulingModel

/// A cluster compiled for the solver, kept from cycle to cycle and brought up to date with what has changed in between.
///
/// A plan made on it is the plan that its snapshot alone would give; only the time differs.
public struct CompiledCluster: Sendable {
    private var state: SolverState?

    public init() {}

    /// The facts of a snapshot.
    mutating func facts(of snapshot: ClusterSnapshot) -> SolverState {
        var state: SolverState
        if let known = self.state.take() {
            state = known
            state.update(to: snapshot)
            #if DEBUG
            state.checkEquals(SolverState(snapshot))
            #endif
        } else {
            state = SolverState(snapshot)
        }
        state.compileTopology()
        self.state = state
        return state
    }
}
