public import SchedulingModel

/// Names one action of one loop. Never used twice in the life of a loop, and nothing outside it.
public struct ActionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public var description: String { "action \(self.rawValue)" }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// One thing to do, to be answered with `Event.finished`. Actions may be performed in any order and side by side.
public struct Action: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// One patch that removes our gate and pins the pod by `matchFields: metadata.name`. Precondition: UID and version.
        case release(PodTarget, Assignment)
        /// One binding with the UID as precondition. A pod that is bound to this node already counts as success.
        case bind(PodTarget, Assignment)
        /// An eviction through the API, so that budgets hold there too. Precondition: UID.
        case evict(PodTarget, EvictionReason)
        /// Writes `PodScheduled=False/Unschedulable` with the sentence made of this, and an event. Precondition: UID.
        case explain(PodTarget, PendingPod)
        /// Writes `status.nominatedNodeName`, or removes it: the node whose room is kept for the pod. Precondition: UID.
        case nominate(PodTarget, NodeName?)
        /// Reads the pod from the API server itself, not from a cache; answered with `.found` or `.notFound`.
        case read(PodTarget)
    }

    public let id: ActionID
    public let kind: Kind

    public init(id: ActionID, kind: Kind) {
        self.id = id
        self.kind = kind
    }

    public var target: PodTarget {
        switch self.kind {
        case .release(let target, _), .bind(let target, _), .evict(let target, _),
            .explain(let target, _), .nominate(let target, _), .read(let target):
            target
        }
    }
}

/// The very pod an action is about: a new pod under the same name is another one.
public struct PodTarget: Hashable, Sendable {
    public var key: PodKey
    public var uid: String
    public var version: UInt64

    public init(key: PodKey, uid: String, version: UInt64) {
        self.key = key
        self.uid = uid
        self.version = version
    }
}

public enum EvictionReason: Hashable, Sendable {
    /// It was pinned to a node that is gone; a pin cannot be changed.
    case pinnedToLostNode(NodeName)
    /// It was pinned to a node that cannot take it any more.
    case pinnedWithoutRoom(NodeName)
    /// Its gang holds room below its minimum and finds none for the rest: it is held again as a whole.
    case gangIncomplete(PodGroupKey)
    /// A pod of higher priority, or the gang it is the first of, gets its room.
    case preempted(for: PodKey)
    /// Its node is about to be taken by the cloud.
    case interrupted(NodeName)
    /// It, or another member of its gang, stands on an under-used node; all of them fit elsewhere.
    case consolidated(NodeName)
    /// Its gang loses members with that node, and starts again as a whole.
    case gangMoves(PodGroupKey, from: NodeName)
}

extension EvictionReason {
    /// Decided between two cycles, when a node's time has come.
    public var isInterruption: Bool {
        switch self {
        case .interrupted, .gangMoves: true
        case .pinnedToLostNode, .pinnedWithoutRoom, .gangIncomplete, .preempted, .consolidated: false
        }
    }
}

public enum ActionResult: Hashable, Sendable {
    case succeeded
    /// The precondition did not hold, or the pod is bound elsewhere.
    case conflict
    case notFound
    /// The server understood and said no (invalid, forbidden, budget exhausted): the same again would be refused again.
    case rejected(String)
    /// Certainly not done; the same may work later (throttled, overloaded, connection refused).
    case unavailable
    /// The reply was lost: it may have happened, or still happen.
    case unknown
    /// Answer to `.read`.
    case found(ObservedPod)
}
