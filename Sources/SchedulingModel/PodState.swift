/// One pod as the planner sees it: what it holds or asks for, and under which conditions.
public struct PodState: Hashable, Sendable {
    /// Where the pod stands towards this planner.
    public enum Standing: Hashable, Sendable {
        /// It has a node and holds its resources, running or not.
        case bound(NodeName)
        /// Demand: ours to place.
        case pending
        /// Waits for somebody else's scheduling gate: a fact, not demand.
        case gatedElsewhere(gate: String)
        /// Names another scheduler: a fact, not demand.
        case foreignScheduler(String)
        /// Demand that cannot be read, with what is wrong; it stays pending.
        case invalid(String)
    }

    public var key: PodKey
    public var standing: Standing
    public var labels: [String: String]
    /// Seconds since 1970; 0 where unknown.
    public var creationSeconds: Int64
    public var priority: Int32
    /// Effective requests: containers, init containers, sidecars, overhead. Without `pods`, which is always 1.
    public var requests: ResourceAmounts
    /// How the device resources among `requests`, and requests made by annotation, are to be served.
    public var deviceRequests: [DeviceRequest]
    /// Devices the API says the pod holds, or that are kept for it on the node it is pinned to. Empty where it does not
    /// say; then they are assumed. Nothing is booked for a pod without a node.
    public var knownDevices: [DeviceAssignment]
    public var constraints: SchedulingConstraints {
        get { self.boxedConstraints?.value ?? SchedulingConstraints() }
        set { self.boxedConstraints = ConstraintsBox(newValue) }
    }
    /// Without making constraints for a pod that has none.
    public var hasHostPorts: Bool { self.boxedConstraints.map { !$0.value.hostPorts.isEmpty } ?? false }
    /// Whether it carries required anti-affinity.
    public var keepsOthersAway: Bool {
        self.boxedConstraints.map { !$0.value.requiredPodAntiAffinity.isEmpty } ?? false
    }
    /// Whether a constraint looks at other pods: spread, or affinity between pods, required or preferred.
    public var looksAtOtherPods: Bool { self.boxedConstraints?.value.looksAtOtherPods ?? false }
    /// Whether where the pod may run can depend on pods that must have nodes first: required pod affinity or spread.
    public var followsOtherPods: Bool { self.boxedConstraints?.value.followsOtherPods ?? false }
    /// Compares constraints without a copy of them; those in the same memory are not looked at.
    public func hasEqualConstraints(to other: PodState) -> Bool { self.boxedConstraints == other.boxedConstraints }
    /// Whether both have none, or the very same in memory. Equal ones may still stand apart.
    public func sharesConstraints(with other: PodState) -> Bool { self.boxedConstraints === other.boxedConstraints }

    /// Takes the constraints of another pod, in the same memory.
    public mutating func shareConstraints(of other: PodState) { self.boxedConstraints = other.boxedConstraints }

    /// Nil for a pod that says nothing, as most do: in a large cluster pods are most of a snapshot.
    private(set) var boxedConstraints: ConstraintsBox?
    /// The leaf group it is a member of.
    public var group: PodGroupKey?
    /// Its place in the group's ring.
    public var rank: Int?
    /// Will be gone soon, and holds its resources until then.
    public var isTerminating: Bool
    /// A preemptor's soft claim on a node whose victims are leaving.
    public var nominatedNode: NodeName?
    /// Whether it may displace others (`preemptionPolicy` is not `Never`).
    public var mayPreempt: Bool
    /// Runs on its node whatever happens there: DaemonSet and static pods. Never named as a victim.
    public var belongsToNode: Bool
    /// Never a victim: it belongs to the cluster itself, or something else is under way for it.
    public var isProtected = false
    /// It asks not to be moved for money's sake: `karpenter.sh/do-not-disrupt` and the like. Preemption is another matter.
    public var refusesDisruption = false
    /// When its work must be done, and how long that takes.
    public var deadline: WorkDeadline?
    /// It has been terminating for so long that nobody may count on its room.
    public var leavesLate = false

    public init(
        key: PodKey, standing: Standing = .pending, labels: [String: String] = [:], creationSeconds: Int64 = 0,
        priority: Int32 = 0, requests: ResourceAmounts = ResourceAmounts(), deviceRequests: [DeviceRequest] = [],
        knownDevices: [DeviceAssignment] = [], constraints: SchedulingConstraints = SchedulingConstraints(),
        group: PodGroupKey? = nil, rank: Int? = nil, isTerminating: Bool = false, nominatedNode: NodeName? = nil,
        mayPreempt: Bool = true, belongsToNode: Bool = false
    ) {
        self.key = key
        self.standing = standing
        self.labels = labels
        self.creationSeconds = creationSeconds
        self.priority = priority
        self.requests = requests
        self.deviceRequests = deviceRequests
        self.knownDevices = knownDevices
        self.boxedConstraints = ConstraintsBox(constraints)
        self.group = group
        self.rank = rank
        self.isTerminating = isTerminating
        self.nominatedNode = nominatedNode
        self.mayPreempt = mayPreempt
        self.belongsToNode = belongsToNode
    }

    public var node: NodeName? {
        if case .bound(let node) = self.standing { node } else { nil }
    }
}

/// Work that must be done by a certain time.
public struct WorkDeadline: Hashable, Sendable {
    /// Seconds since 1970.
    public var finishBySeconds: Int64
    /// From its start, undisturbed.
    public var runSeconds: Int64

    public init(finishBySeconds: Int64, runSeconds: Int64) {
        self.finishBySeconds = finishBySeconds
        self.runSeconds = runSeconds
    }

    /// The last moment at which it can start and still be done in time.
    public var latestStartSeconds: Int64 { self.finishBySeconds - self.runSeconds }
}

/// Constraints out of line.
final class ConstraintsBox: Hashable, Sendable {
    let value: SchedulingConstraints

    /// Nil where there are none.
    init?(_ value: SchedulingConstraints) {
        if value == SchedulingConstraints() { return nil }
        self.value = value
    }

    static func == (lhs: ConstraintsBox, rhs: ConstraintsBox) -> Bool { lhs === rhs || lhs.value == rhs.value }

    func hash(into hasher: inout Hasher) { hasher.combine(self.value) }
}

/// Everything a pod says about where it may run, besides amounts.
public struct SchedulingConstraints: Hashable, Sendable {
    /// Labels the node must have, each with this value.
    public var nodeSelector: [String: String] = [:]
    public var requiredNodeAffinity: NodeSelector?
    public var preferredNodeAffinity: [Weighted<NodeSelectorTerm>] = []
    public var tolerations: [Toleration] = []
    public var requiredPodAffinity: [PodAffinityTerm] = []
    public var requiredPodAntiAffinity: [PodAffinityTerm] = []
    public var preferredPodAffinity: [Weighted<PodAffinityTerm>] = []
    public var preferredPodAntiAffinity: [Weighted<PodAffinityTerm>] = []
    public var topologySpread: [TopologySpreadConstraint] = []
    public var hostPorts: [HostPort] = []
    public var volumes: VolumeConstraint = .none

    public init() {}

    fileprivate var looksAtOtherPods: Bool {
        !(self.topologySpread.isEmpty && self.requiredPodAffinity.isEmpty && self.requiredPodAntiAffinity.isEmpty
            && self.preferredPodAffinity.isEmpty && self.preferredPodAntiAffinity.isEmpty)
    }

    fileprivate var followsOtherPods: Bool {
        !self.requiredPodAffinity.isEmpty || self.topologySpread.contains(where: \.isRequired)
    }

    /// Whether `selects` holds for every node.
    public var selectsEveryNode: Bool { self.nodeSelector.isEmpty && self.requiredNodeAffinity == nil }

    /// Whether the node's labels and name satisfy nodeSelector and required node affinity.
    public func selects(_ node: NodeState) -> Bool {
        self.nodeSelector.allSatisfy { node.labels[$0.key] == $0.value }
            && (self.requiredNodeAffinity?.matches(name: node.name, labels: node.labels) ?? true)
    }

    /// The first hard taint of `node` that the pod does not tolerate.
    public func untoleratedTaint(of node: NodeState) -> Taint? {
        node.taints.first { taint in taint.isHard && !self.tolerations.contains { $0.tolerates(taint) } }
    }
}

/// Other pods to be near to, or away from, in the domain a node label names.
public struct PodAffinityTerm: Hashable, Sendable {
    /// Nil matches no pod.
    public var selector: LabelSelector?
    /// Nil: pods of every namespace. Sorted otherwise.
    public var namespaces: [String]?
    /// A node without this label is in no domain: affinity fails there, anti-affinity holds.
    public var topologyKey: String

    public init(selector: LabelSelector?, namespaces: [String]?, topologyKey: String) {
        self.selector = selector
        self.namespaces = namespaces
        self.topologyKey = topologyKey
    }

    public func matches(namespace: String, labels: [String: String]) -> Bool {
        guard let selector, self.namespaces?.contains(namespace) ?? true else { return false }
        return selector.matches(labels)
    }
}

/// How evenly matching pods of the pod's own namespace must be spread over the domains of a label.
public struct TopologySpreadConstraint: Hashable, Sendable {
    public var maxSkew: Int
    public var topologyKey: String
    /// True for DoNotSchedule, false for ScheduleAnyway.
    public var isRequired: Bool
    /// Nil matches no pod.
    public var selector: LabelSelector?
    /// With fewer eligible domains than this the global minimum counts as zero.
    public var minDomains: Int?
    /// Only nodes that the pod's selector and affinity allow count as domains.
    public var honorsNodeAffinity: Bool
    /// Only nodes whose taints the pod tolerates count as domains.
    public var honorsNodeTaints: Bool

    public init(
        maxSkew: Int, topologyKey: String, isRequired: Bool = true, selector: LabelSelector?, minDomains: Int? = nil,
        honorsNodeAffinity: Bool = true, honorsNodeTaints: Bool = false
    ) {
        self.maxSkew = maxSkew
        self.topologyKey = topologyKey
        self.isRequired = isRequired
        self.selector = selector
        self.minDomains = minDomains
        self.honorsNodeAffinity = honorsNodeAffinity
        self.honorsNodeTaints = honorsNodeTaints
    }
}

/// A port on the node itself.
public struct HostPort: Hashable, Sendable {
    /// `0.0.0.0` stands for every address.
    public var address: String
    public var port: Int
    /// `TCP`, `UDP` or `SCTP`.
    public var transport: String

    public init(address: String = "0.0.0.0", port: Int, transport: String = "TCP") {
        self.address = address
        self.port = port
        self.transport = transport
    }

    public func conflicts(with other: HostPort) -> Bool {
        self.port == other.port && self.transport == other.transport
            && (self.address == other.address || self.address == "0.0.0.0" || other.address == "0.0.0.0")
    }
}

/// What a pod's volumes allow.
public enum VolumeConstraint: Hashable, Sendable {
    case none
    /// Every one of these must match the node: one per persistent volume that has a node affinity.
    case nodes([NodeSelector])
    /// A claim the pod names does not exist, or cannot be bound: no node will do until that changes.
    case unavailable(claim: String, why: String)
}
