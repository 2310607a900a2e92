public import SchedulingModel

/// One way in which a plan breaks a rule. A plan without violations may be acted on.
public struct Violation: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        // The assignment itself.
        case unknownPod
        case notDemand
        case assignedTwice
        case unknownNode

        // One pod on one node.
        /// `total`: what all pods on the node would hold, this one included.
        case insufficient(ResourceName, total: Int64, allocatable: Int64)
        case untoleratedTaint(Taint)
        case nodeAffinityMismatch
        case hostPortConflict(HostPort, holder: PodKey)
        case volumeUnavailable(claim: String)
        case volumeNodeAffinityMismatch

        // One pod and the others.
        case podAffinityUnsatisfied(topologyKey: String)
        case podAntiAffinityViolated(topologyKey: String, other: PodKey)
        case topologySpreadViolated(topologyKey: String, skew: Int, maxSkew: Int)

        // Devices.
        case devicesUnsorted
        case unsuitablePool(ResourceName)
        case deviceCountWrong(ResourceName, requested: Int, given: Int)
        case deviceNotRequested(ResourceName, index: Int)
        case deviceOutOfRange(ResourceName, index: Int)
        case deviceGivenTwice(ResourceName, index: Int)
        /// What the assignment says of the device is not what the request stands for on this pool.
        case deviceMisstated(ResourceName, index: Int)
        case deviceOccupied(ResourceName, index: Int)
        case deviceMemoryExceeded(ResourceName, index: Int, usedMiB: Int64, deviceMiB: Int64?)
        case clientMemoryExceeded(ResourceName, index: Int, askedMiB: Int64, limitMiB: Int64)
        case deviceThousandthsExceeded(ResourceName, index: Int, used: Int)
        case deviceSharedWithinGroup(ResourceName, index: Int, sibling: PodKey)
        /// The node's plugin would hand out another device, or one where the request does not fit.
        case deviceNotByPluginRule(ResourceName, index: Int, expected: Int?)

        // Groups.
        case unknownGroup
        case groupHasProblem(String)
        case groupUnsatisfied(satisfied: Int, minMember: Int)
        case groupScattered
        case requiredTopologyBroken(TopologyAxis)
        case exclusiveDomainShared(TopologyDomain, with: PodGroupKey)

        // Evictions.
        case preemptorNotPending
        case mustNotPreempt
        case evictsForNobody
        /// It does not run, is leaving, or is under nobody's right to evict.
        case victimUntouchable
        case victimTwice
        case victimNotLower(priority: Int32, preemptor: Int32)
        case disruptionMisstated
        case budgetExceeded(String, allowed: Int, taken: Int)
        case gangTorn(left: Int, minMember: Int)
        case victimGangGrows

        // What the plan says of groups.
        case groupNotReported
        case groupReportedInVain
        case groupsUnsorted
        case memberCountWrong(stated: Int, actual: Int)
        case minMemberWrong(stated: Int, actual: Int)
        case placedCountWrong(stated: Int, actual: Int)
        case axisWrong(stated: TopologyAxis?, actual: TopologyAxis?)
        case domainsWrong(stated: [TopologyDomain], actual: [TopologyDomain])
        case hopsWrong(stated: Int, actual: Int)
        case allReduceBelowBound

        // What the plan says of pending pods and of the whole.
        case forgotten
        case assignedAndPending
        case pendingTwice
        case pendingWithoutDemand
        case pendingUnsorted
        case pendingGroupWrong(actual: PodGroupKey?)
        case summaryWrong(figure: String, stated: Int, actual: Int)
    }

    public var kind: Kind
    public var pod: PodKey?
    public var node: NodeName?
    public var group: PodGroupKey?

    public init(_ kind: Kind, pod: PodKey? = nil, node: NodeName? = nil, group: PodGroupKey? = nil) {
        self.kind = kind
        self.pod = pod
        self.node = node
        self.group = group
    }
}

extension Violation: CustomStringConvertible {
    /// For a bug report: who, where, and which rule with its figures.
    public var description: String {
        var subject: [String] = []
        if let group { subject.append("group \(group)") }
        if let pod { subject.append("pod \(pod)") }
        if let node { subject.append("node \(node)") }
        if subject.isEmpty { subject.append("plan") }
        return subject.joined(separator: ", ") + ": \(self.kind)"
    }
}
