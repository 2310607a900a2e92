public import SchedulingModel

/// One thing to do about nodes that are bought, to be answered with `Event.poolFinished`. Each may be performed twice.
public struct PoolAction: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// Writes the claim: creates it where its version is 0, else replaces that version. Answered with `.recorded`.
        case record(LaunchClaim)
        /// Buys what the claim says, with its token. Answered with `.launched` or `.refused`.
        case launch(LaunchClaim)
        /// Removes the claim. Precondition: its version.
        case forget(LaunchClaim)
        /// Gives machines back.
        case delete(pool: String, [MachineID])
        /// What the provider has in a pool; answered with `.machines`.
        case list(pool: String)
        /// Puts the taint on the node in place of one with its key, or takes it away.
        case taint(NodeName, Taint, isPresent: Bool)
        /// Tells a pod that its gang loses a node: the annotation `berth.dev/checkpoint-by`, and an event. Precondition: UID.
        case mark(PodTarget, CheckpointMark)
    }

    public let id: ActionID
    public let kind: Kind

    public init(id: ActionID, kind: Kind) {
        self.id = id
        self.kind = kind
    }
}

/// What a trainer is told at the first notice.
public struct CheckpointMark: Hashable, Sendable {
    /// The node that is taken.
    public var node: NodeName
    /// When its pods are evicted; milliseconds since 1970, nil where nobody knows.
    public var byMillis: Int64?

    public init(node: NodeName, byMillis: Int64?) {
        self.node = node
        self.byMillis = byMillis
    }
}

public enum PoolResult: Hashable, Sendable {
    case succeeded
    /// The claim is written, and this is its version now.
    case recorded(version: UInt64)
    case launched([MachineID])
    case refused(LaunchRefusal)
    /// Of a launch: nothing is wrong, its machines are being made.
    case underWay
    /// By id; machines that are being deleted are left out.
    case machines([ListedMachine])
    case notFound
    /// Somebody else has written it meanwhile.
    case conflict
    /// The server understood and said no.
    case rejected(String)
    /// Certainly not done.
    case unavailable
    /// It may have happened, or still happen.
    case unknown
}

/// Why a provider bought nothing. Nothing is left of the launch.
public enum LaunchRefusal: String, Hashable, CaseIterable, Sendable {
    case noCapacity
    /// The account's limit: no other zone helps.
    case quota
    /// Credentials or permissions: no other offering of the pool helps.
    case denied
    case invalid
}

/// A machine as the provider lists it.
public struct ListedMachine: Hashable, Sendable {
    public var id: MachineID
    public var offering: OfferingKey
    /// Nil: nobody knows who bought it, and it is left alone.
    public var token: String?

    public init(id: MachineID, offering: OfferingKey, token: String?) {
        self.id = id
        self.offering = offering
        self.token = token
    }
}

/// What became of machines that were bought, for counting. A process knows of its own time only.
public struct MachineEvent: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The provider has given them, also where that was only a part and is undone.
        case launched
        /// The node is usable, so long after its launch.
        case joined(afterMillis: Int64)
        /// The first notice that the node is taken.
        case interrupted
        case givenBack
        /// Gone, and not by us.
        case lost
    }

    public var kind: Kind
    public var pool: String
    public var offering: OfferingKey
    public var count: Int
}

/// Machines of one pool on one kind of terms, and what they cost an hour.
public struct HeldMachines: Hashable, Sendable {
    public var pool: String
    public var capacityType: CapacityType
    public var count = 0
    /// By the prices of now; an offering that the pool has no more counts nothing. Millionths of a dollar.
    public var pricePerHourMicroUSD: Int64 = 0

    public init(pool: String, capacityType: CapacityType) {
        self.pool = pool
        self.capacityType = capacityType
    }
}

/// What a cloud, or another project's taint, says about a node that is going to be taken.
public struct TakenNotice: Hashable, Sendable {
    public var machine: MachineID
    /// Milliseconds since 1970; nil where nobody knows the time: more likely than others to be taken.
    public var atMillis: Int64?

    public init(machine: MachineID, atMillis: Int64?) {
        self.machine = machine
        self.atMillis = atMillis
    }
}

extension Taint {
    /// On a node that is given back: nothing new goes there, and once it is empty its machine is deleted.
    public static let givingBack = Taint(key: "berth.dev/giving-back", effect: .noSchedule)

    /// On a node that its cloud takes back. The value is the time in seconds since 1970, or empty.
    public static func interruption(atSeconds seconds: Int64?) -> Taint {
        Taint(key: Self.interruptionKey, value: seconds.map(String.init) ?? "", effect: .noSchedule)
    }

    public static let interruptionKey = "berth.dev/interruption"
}
