public import SchedulingModel

/// What a planner may be told besides the snapshot.
public struct PlannerConfiguration: Hashable, Sendable {
    public var allReduce = AllReduceModel()
    /// Fits that one gang's exhaustive search may try; see `Plan.summary.searchLimitReached`.
    public var gangStepLimit = 20_000
    /// Times that some nodes are emptied of what this plan put there and filled anew, where single pods found no room; fewer
    /// beyond 1,600 nodes, none beyond 40,000.
    public var refillLimit = 24
    /// Whether to look for the smallest change that would help pending work. The search is bounded per pod and gang.
    public var searchesFixes = true
    /// Whether a plan that leaves work pending says how many devices any placement could have served; else it says that all
    /// that was asked for might have been.
    public var provesBound = true
    /// Whether work may evict work of lower priority, and has the room kept for it.
    public var preempts = false
    /// Fits that looking for victims may try in one plan, a gang counted twenty times; no search takes more than a quarter. See
    /// `Plan.summary.searchLimitReached`.
    public var preemptionStepLimit = 40_000

    public init() {}
}
