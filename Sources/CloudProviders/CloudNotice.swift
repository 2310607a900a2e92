public import SchedulingModel

/// What a cloud says about one machine that it takes back, or has taken.
///
/// `SpotNotice` of the capacity planner takes it: `takenAtSeconds` makes it an interruption, nil a rebalance recommendation;
/// a machine that is `ended` is gone.
public struct CloudNotice: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Spot capacity is wanted back.
        case spotInterruption
        /// Likelier than others to be interrupted.
        case rebalanceRecommendation
        /// Maintenance or retirement of the hardware below.
        case scheduledChange
        /// Stopping, stopped, shutting down or terminated, whoever asked for it.
        case ended
    }

    public var machine: MachineID
    public var kind: Kind
    /// When the cloud said so; seconds since 1970.
    public var saidAtSeconds: Int64
    /// When the machine is taken, or the change begins; seconds since 1970, nil where nobody knows.
    public var takenAtSeconds: Int64?

    public init(machine: MachineID, kind: Kind, saidAtSeconds: Int64, takenAtSeconds: Int64? = nil) {
        self.machine = machine
        self.kind = kind
        self.saidAtSeconds = saidAtSeconds
        self.takenAtSeconds = takenAtSeconds
    }
}
