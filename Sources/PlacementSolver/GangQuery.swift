/// What is asked of the search for one top-level group.
public struct GangQuery: Sendable {
    /// Looks for room as if no level were required. For finding out whether a wider level would help.
    public var ignoresRequiredTopology = false
    /// Replaces the group's own `minMember`, and that of its only leaf.
    public var minMember: Int?
    /// Fits that an exhaustive search may try before it gives up. It only runs where the greedy search fails and
    /// members are not interchangeable. On laying a ring of unlike members twice as many are spent.
    public var stepLimit = 20_000

    public init() {}
}

/// How the search for one top-level group ended.
public enum GangOutcome: Hashable, Sendable {
    /// The group is satisfied; these pods were assumed, in this order. May be empty where bound members satisfy it already.
    case satisfied(placed: [Int])
    case broken(String)
    case tooFewMembers(existing: Int, needed: Int)
    case noRoom
}
