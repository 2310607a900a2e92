public import SchedulingModel

/// Something the loop is told. Times are never part of an event: they come beside it, in milliseconds of a clock that only
/// goes forward.
public enum Event: Hashable, Sendable {
    /// The whole cluster as one list saw it: the first sync, a relist, or the only input of a dry run. Replaces everything seen before.
    case observed(ObservedCluster)
    case nodeChanged(NodeState)
    case nodeRemoved(NodeName)
    /// Ignored where a later version of the pod is known.
    case podChanged(ObservedPod)
    /// Ignored where the key meanwhile belongs to a pod of another UID.
    case podRemoved(PodKey, uid: String)
    case groupChanged(PodGroup)
    case groupRemoved(PodGroupKey)
    /// Replaces all that were known.
    case budgetsChanged([DisruptionBudget])
    /// Ignored where a later version of the claim is known.
    case claimChanged(LaunchClaim)
    case claimRemoved(token: String)
    /// A cloud takes a machine back.
    case noticed(TakenNotice)
    /// From now on actions come out.
    case leadershipGained
    /// From now on none do; what was asked before and has no result yet is forgotten.
    case leadershipLost
    /// Every action is answered once. An answer to an unknown action is ignored.
    case finished(ActionID, ActionResult)
    /// Every pool action is answered once, too.
    case poolFinished(ActionID, PoolResult)
    /// Time has passed and nothing else happened.
    case tick
}

/// A pod with what acting on it needs.
public struct ObservedPod: Hashable, Sendable {
    /// How the pod can be let go.
    public enum Door: Hashable, Sendable {
        /// Our scheduling gate holds it: one patch pins and ungates.
        case gate
        /// It names us as its scheduler and needs nothing done before it is bound.
        case binding
        /// A kube-scheduler places it and may ask our extender; nothing is written.
        case scheduler
    }

    public var state: PodState
    public var uid: String
    /// `metadata.resourceVersion` as the number that it is.
    public var version: UInt64
    public var door: Door
    /// The node that a required affinity on `metadata.name` names, once the gate is gone.
    public var pinnedNode: NodeName?
    /// Whether that affinity is ours, by which it was let go: a pod made anew will not carry it.
    public var isPinnedByUs = false
    /// Whether a controller makes it anew when it is deleted.
    public var isRecreated: Bool
    /// Whether its gang cannot go on with a member made anew, and starts again as a whole.
    public var movesWhole = false

    public init(
        state: PodState, uid: String, version: UInt64, door: Door, pinnedNode: NodeName? = nil, isRecreated: Bool = true
    ) {
        self.state = state
        self.uid = uid
        self.version = version
        self.door = door
        self.pinnedNode = pinnedNode
        self.isRecreated = isRecreated
    }
}

/// A cluster at one moment, in any order. Of two entries with one key the later counts.
public struct ObservedCluster: Hashable, Sendable {
    public var nodes: [NodeState]
    public var pods: [ObservedPod]
    public var groups: [PodGroup]
    public var topology: Topology
    public var budgets: [DisruptionBudget]
    /// What may be bought. Nothing is, where there are none.
    public var pools: [NodePool]
    /// What has been bought.
    public var claims: [LaunchClaim]

    public init(
        nodes: [NodeState] = [], pods: [ObservedPod] = [], groups: [PodGroup] = [],
        topology: Topology = Topology(), budgets: [DisruptionBudget] = [], pools: [NodePool] = [],
        claims: [LaunchClaim] = []
    ) {
        self.nodes = nodes
        self.pods = pods
        self.groups = groups
        self.topology = topology
        self.budgets = budgets
        self.pools = pools
        self.claims = claims
    }
}
