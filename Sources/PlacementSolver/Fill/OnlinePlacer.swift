import SchedulingModel

/// Places pods one by one as they arrive, and keeps the fill plan in step with what has been seen.
///
/// Protocol of use, for each pod: 1. `planIfDue`; 2. `place`.
///
/// The plan is made anew when the estimate of the demand has changed (the number of arrivals grew by two fifths) or
/// when a twentieth of the pods that are still expected has come, though not more often than every 20 arrivals.
public struct OnlinePlacer: Sendable {
    public private(set) var state: SolverState
    public private(set) var mix = DemandMix()
    private var arrivals = 0
    private var nextByGrowth = Self.arrivalsBeforeFirstPlan
    private var nextByShare = Int.max

    /// The first pods decide much on a small cluster: a poor estimate of the demand serves them better than none.
    private static let arrivalsBeforeFirstPlan = 4

    public init(_ state: SolverState) { self.state = state }

    /// Whether enough has come since the last plan for a new one.
    public var isPlanDue: Bool { self.arrivals >= min(self.nextByGrowth, self.nextByShare) }

    /// Counts a pod that arrives, and plans anew if that is due. Between placements, so that no placement waits for it.
    public mutating func planIfDue(for pod: Int) {
        let isDue = self.isPlanDue
        self.state.observe(pod, in: &self.mix)
        self.arrivals += 1
        if isDue { self.plan() }
    }

    /// Finds a node for a pod and assumes it there, for good.
    ///
    /// - Returns: Nil only where the pod fits nowhere.
    public mutating func place(_ pod: Int) -> Candidate? {
        guard let candidate = self.state.bestNode(for: pod) else { return nil }
        self.state.assume(pod, candidate)
        self.state.forgetHistory()
        return candidate
    }

    /// Frees what a pod holds, for good.
    public mutating func release(_ pod: Int) {
        self.state.release(pod)
        self.state.forgetHistory()
    }

    private mutating func plan() {
        self.nextByGrowth = max(self.nextByGrowth + 1, self.arrivals * 7 / 5)
        self.state.planFill(expecting: self.mix)
        let expected = self.state.expectedPods
        self.nextByShare = self.arrivals + max(20, Int(expected / 20))
    }
}
