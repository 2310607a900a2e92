public import PlacementVerifier
public import SchedulingModel

/// What one cycle decided, as everybody sees it: the extender, the dashboard, the dry run, the audit log. Immutable.
public struct PublishedPlan: Sendable {
    public enum Verdict: Sendable {
        case accepted
        /// Nothing of the plan is carried out: a bug of ours, with the evidence.
        case refused([Violation])
    }

    /// 1 for the first cycle of a loop.
    public var cycle: UInt64
    public var atMillis: Int64
    /// The cluster with every decision that is under way counted as a fact.
    public var snapshot: ClusterSnapshot
    public var plan: Plan
    public var verdict: Verdict
    /// What this cycle buys, and for what nothing is bought; nil where nothing was to be decided, and on a replica that does not lead.
    public var purchases: PurchasePlan?
    /// Why a trial of the capacity planner was refused: a bug of ours, for which nothing is bought.
    public var purchaseViolations: [Violation] = []
    /// Equal snapshots have equal digests, on every machine.
    public var snapshotDigest: String
    /// One per action that this cycle asked for.
    public var decisions: [DecisionRecord]

    public var isAccepted: Bool { if case .accepted = self.verdict { true } else { false } }
}

/// One line of the audit log: who, what, and the cycle that says why.
public struct DecisionRecord: Hashable, Sendable {
    public var atMillis: Int64
    public var cycle: UInt64
    public var snapshotDigest: String
    public var action: Action

    public init(atMillis: Int64, cycle: UInt64, snapshotDigest: String, action: Action) {
        self.atMillis = atMillis
        self.cycle = cycle
        self.snapshotDigest = snapshotDigest
        self.action = action
    }
}
