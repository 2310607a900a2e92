public import SchedulingModel

/// One line of the audit log about a node that its cloud takes back. All times in milliseconds since 1970.
public struct NoticeRecord: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The first notice, or one with an earlier time.
        case noticed(takenMillis: Int64, evictMillis: Int64)
        /// What becomes of a gang there.
        case answered(InterruptionAnswer)
        /// Its time has come: who is still there is evicted.
        case evicting
        /// The time is long past, the node is in good health, and nothing says that it will be taken: it is a node like others again.
        case lifted
        /// The node has left the cluster.
        case gone
    }

    public var atMillis: Int64
    public var node: NodeName
    /// Who said so: `cloud`, the signals by which it was seen with commas between them, or `berth` for its own answer.
    public var source: String
    /// With members on the node, sorted; for an answer that gang alone.
    public var gangs: [PodGroupKey]
    public var kind: Kind

    public init(atMillis: Int64, node: NodeName, source: String, gangs: [PodGroupKey], kind: Kind) {
        self.atMillis = atMillis
        self.node = node
        self.source = source
        self.gangs = gangs
        self.kind = kind
    }
}
