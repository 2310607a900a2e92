/// What one scheduling cycle decided, with the reasons for what it left undone.
///
/// Everything in it is a value in a fixed order: the same snapshot and configuration give an equal plan.
public struct Plan: Hashable, Sendable {
    /// In the order they were decided. Members of a gang stand together.
    public var assignments: [Assignment]
    /// One per top-level group that has demand or was completed by this plan, sorted by key.
    public var groups: [GroupPlacement]
    /// Every pod that is demand and got no node, sorted by key.
    public var pending: [PendingPod]
    /// Room made for pending work by evicting others, and room kept for it, in the order they were decided.
    public var preemptions: [Preemption]
    public var summary: PlanSummary

    public init(
        assignments: [Assignment] = [], groups: [GroupPlacement] = [], pending: [PendingPod] = [],
        preemptions: [Preemption] = [], summary: PlanSummary = PlanSummary()
    ) {
        self.assignments = assignments
        self.groups = groups
        self.pending = pending
        self.preemptions = preemptions
        self.summary = summary
    }
}

/// One pod given one node and its devices.
public struct Assignment: Hashable, Sendable {
    public var pod: PodKey
    public var node: NodeName
    /// Sorted by resource, then index.
    public var devices: [DeviceAssignment]
    /// The place in the ring that the plan chose for a member of a gang; its own rank where ranks are fixed.
    public var rank: Int?

    public init(pod: PodKey, node: NodeName, devices: [DeviceAssignment] = [], rank: Int? = nil) {
        self.pod = pod
        self.node = node
        self.devices = devices
        self.rank = rank
    }
}

/// How one gang came out.
public struct GroupPlacement: Hashable, Sendable {
    public var group: PodGroupKey
    /// Pods that are members, bound or demand, in all leaves below.
    public var memberCount: Int
    public var minMember: Int
    /// Members that have a node, before or by this plan.
    public var placedCount: Int
    /// The narrowest axis on which all placed members share one domain; nil where none does or nothing is placed.
    public var axis: TopologyAxis?
    /// The one domain on `axis`, or the domains of the widest level that the members are spread over.
    public var domains: [TopologyDomain]
    /// Ring neighbours (by leaf group, then rank; last and first too) in different domains of the narrowest level.
    public var crossDomainHops: Int
    public var allReduce: AllReducePrediction?
    /// Things worth knowing about a placed gang, such as a network it should ask for and does not.
    public var notes: [String]

    public init(
        group: PodGroupKey, memberCount: Int, minMember: Int, placedCount: Int, axis: TopologyAxis? = nil,
        domains: [TopologyDomain] = [], crossDomainHops: Int = 0, allReduce: AllReducePrediction? = nil,
        notes: [String] = []
    ) {
        self.group = group
        self.memberCount = memberCount
        self.minMember = minMember
        self.placedCount = placedCount
        self.axis = axis
        self.domains = domains
        self.crossDomainHops = crossDomainHops
        self.allReduce = allReduce
        self.notes = notes
    }
}

/// What one ring all-reduce of a stated payload would take.
public struct AllReducePrediction: Hashable, Sendable {
    public var payloadBytes: Int64
    public var seconds: Double
    /// No placement of these members in this cluster, however empty, can take less under the same cost model.
    public var boundSeconds: Double

    public init(payloadBytes: Int64, seconds: Double, boundSeconds: Double) {
        self.payloadBytes = payloadBytes
        self.seconds = seconds
        self.boundSeconds = boundSeconds
    }
}

/// One pod without a node, and why.
public struct PendingPod: Hashable, Sendable {
    public var pod: PodKey
    /// The top-level group it waits with, if any.
    public var group: PodGroupKey?
    public var reason: ReasonCode
    public var evidence: Evidence
    public var fix: Fix?
    /// The change helps only in room that the plan gives to other work.
    public var fixTakesPlannedRoom = false

    public init(
        pod: PodKey, group: PodGroupKey? = nil, reason: ReasonCode, evidence: Evidence = Evidence(), fix: Fix? = nil
    ) {
        self.pod = pod
        self.group = group
        self.reason = reason
        self.evidence = evidence
        self.fix = fix
    }
}

/// What was found, as data. Text is made of it at the edge.
public struct Evidence: Hashable, Sendable {
    /// Of one resource: what was asked, and the most any candidate offers.
    public struct Shortfall: Hashable, Sendable {
        public var resource: ResourceName
        public var requested: Int64
        /// Free on the best node.
        public var bestFree: Int64
        /// Allocatable on the largest node.
        public var largestAllocatable: Int64

        public init(resource: ResourceName, requested: Int64, bestFree: Int64, largestAllocatable: Int64) {
            self.resource = resource
            self.requested = requested
            self.bestFree = bestFree
            self.largestAllocatable = largestAllocatable
        }
    }

    /// Of one domain: how many members have room there, of how many that need it.
    public struct DomainFit: Hashable, Sendable {
        public var domain: TopologyDomain
        public var fittingMembers: Int
        public var neededMembers: Int
        public var freeAccelerators: Int
        public var neededAccelerators: Int

        public init(
            domain: TopologyDomain, fittingMembers: Int, neededMembers: Int, freeAccelerators: Int,
            neededAccelerators: Int
        ) {
            self.domain = domain
            self.fittingMembers = fittingMembers
            self.neededMembers = neededMembers
            self.freeAccelerators = freeAccelerators
            self.neededAccelerators = neededAccelerators
        }
    }

    /// Nodes per first failing check, most frequent first, then by code.
    public var nodesByReason: [ReasonCode: Int]
    /// The node that lacks least, and everything it lacks.
    public var bestNode: NodeName?
    public var bestNodeReasons: [RejectionReason]
    public var shortfalls: [Shortfall]
    /// Of the axis the gang must stay within: best domains first, at most eight.
    public var domains: [DomainFit]
    /// The sentence of a broken declaration or request.
    public var detail: String?

    public init(
        nodesByReason: [ReasonCode: Int] = [:], bestNode: NodeName? = nil, bestNodeReasons: [RejectionReason] = [],
        shortfalls: [Shortfall] = [], domains: [DomainFit] = [], detail: String? = nil
    ) {
        self.nodesByReason = nodesByReason
        self.bestNode = bestNode
        self.bestNodeReasons = bestNodeReasons
        self.shortfalls = shortfalls
        self.domains = domains
        self.detail = detail
    }
}

/// The smallest change found that makes the work fit. Each was tried on the snapshot and worked; only of more than 256 new
/// nodes the number is computed.
public enum Fix: Hashable, Sendable {
    /// These pods are leaving; when they are gone the work fits.
    case waitForTermination(pods: [PodKey], nodes: [NodeName])
    /// These pods fit on other nodes; where they move, in the same order, makes room.
    case movePods(pods: [PodKey], to: [NodeName])
    /// Evicting these lower-priority pods makes room on these nodes.
    case preempt(pods: [PodKey], nodes: [NodeName])
    /// As `preempt`, but the pods are not of lower priority or may not be preempted: somebody must decide.
    case freePods(pods: [PodKey], nodes: [NodeName])
    /// Tolerating all of these opens so many nodes.
    case addTolerations([Taint], nodeCount: Int)
    /// So many more empty nodes like this one.
    case addNodes(count: Int, like: NodeName)
    /// The next wider axis on which the gang fits; nil: anywhere.
    case widenTopology(to: TopologyAxis?)
    case lowerMinMember(to: Int)
    /// Asking for this much of the resource would fit.
    case lowerRequest(resource: ResourceName, to: Int64)
    /// Declaring so much memory on each of these devices would fit.
    case lowerDeviceMemory(resource: ResourceName, toMiB: Int64)
    /// Without this condition so many nodes would do.
    case relaxConstraint(ReasonCode, nodeCount: Int)
    /// The declaration itself has to change; the evidence says how.
    case correctObject

    /// Whether it is the work itself that asks for something else, so that it stands in the room that is free.
    public var changesTheWork: Bool {
        switch self {
        case .addTolerations, .lowerRequest, .lowerDeviceMemory, .relaxConstraint, .widenTopology, .lowerMinMember,
            .correctObject:
            true
        case .waitForTermination, .movePods, .preempt, .freePods, .addNodes: false
        }
    }
}

/// Figures of the whole cluster. Accelerators are counted in devices; a device that anybody uses counts as allocated.
public struct PlanSummary: Hashable, Sendable {
    public var nodeCount = 0
    public var acceleratorsAllocatable = 0
    public var acceleratorsAllocatedBefore = 0
    public var acceleratorsAllocatedAfter = 0
    /// Free devices after the plan that the demand seen in this snapshot, weighted by how often each shape occurs,
    /// could not use where they are. In devices.
    public var fragmentedAccelerators = 0.0
    public var pendingPods = 0
    public var placedPods = 0
    /// Pods left out of the demand, by why.
    public var gatedElsewhere = 0
    public var foreignScheduler = 0
    /// Set where a search limit ended some search before it was exhausted.
    public var searchLimitReached = false
    /// Of all pods that were demand: the devices asked for, given, and at most possible.
    public var demand = ServedDevices()

    public init() {}
}

/// How much of a demand for devices is met, beside a proven bound. In devices: a part counts by its share, a slot by its share
/// of the card.
public struct ServedDevices: Hashable, Sendable {
    public var asked: Double
    public var served: Double
    /// No placement of this demand on what was free serves more.
    public var atMost: Double

    public init(asked: Double = 0, served: Double = 0, atMost: Double = 0) {
        self.asked = asked
        self.served = served
        self.atMost = atMost
    }
}
