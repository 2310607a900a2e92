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
        guard self.state?.update(to: snapshot) != nil, let state = self.state else {
            let compiled = SolverState(snapshot)
            self.state = compiled
            return compiled
        }
        #if DEBUG
        state.checkEquals(SolverState(snapshot))
        #endif
        return state
    }
}
