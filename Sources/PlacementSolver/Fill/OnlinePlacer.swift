import SchedulingModel

/// Places pods one by one as they arrive, and keeps the fill plan in step with what has been seen.
///
/// The plan is made anew when the estimate of the demand has changed (the number of arrivals grew by two fifths) or
/// when a twentieth of the pods that are still expected has come, at least every 20 and at most every 400 arrivals.
public struct OnlinePlacer: Sendable {
    public private(set) var state: SolverState
    public private(set) var mix = DemandMix()
    private var arrivals = 0
    private var arrivalsAtPlan = 0
    private var nextByGrowth = DemandMix.leastEvidence
    private var nextByShare = Int.max

    public init(_ state: SolverState) { self.state = state }

    /// Finds a node for a pod that has just arrived and assumes it there.
    ///
    /// - Returns: Nil only where the pod fits nowhere.
    public mutating func place(_ pod: Int) -> Candidate? {
        self.state.observe(pod, in: &self.mix)
        if self.arrivals >= self.nextByGrowth || self.arrivals >= self.nextByShare { self.plan() }
        self.arrivals += 1
        guard let candidate = self.state.bestNode(for: pod) else { return nil }
        self.state.assume(pod, candidate)
        return candidate
    }

    private mutating func plan() {
        self.nextByGrowth = max(self.nextByGrowth + 1, self.arrivals * 7 / 5)
        self.arrivalsAtPlan = self.arrivals
        self.state.planFill(expecting: self.mix)
        let expected = self.state.expectedPods ?? 0
        self.nextByShare = self.arrivals + max(20, min(400, Int(expected / 20)))
    }
}
