/// What a snapshot keeps in long sorted lists, compared where it lies.
///
/// Most of a snapshot is what it was in the one before. `==` on elements of arrays copies both first and counts a reference up
/// and down per field; comparing field by field through pointers copies nothing and takes a seventh of the time.
protocol ComparedInPlace: Equatable {
    associatedtype Key: Comparable
    var snapshotKey: Key { get }
    /// The same answer as `lhs.pointee == rhs.pointee`.
    static func isSame(_ lhs: UnsafePointer<Self>, _ rhs: UnsafePointer<Self>) -> Bool
}

extension PodState: ComparedInPlace {
    var snapshotKey: PodKey { self.key }

    @inline(__always)
    static func isSame(_ lhs: UnsafePointer<PodState>, _ rhs: UnsafePointer<PodState>) -> Bool {
        Self.hasSameNumbers(lhs, rhs)
            && lhs.pointee.key == rhs.pointee.key
            && lhs.pointee.standing == rhs.pointee.standing
            && lhs.pointee.labels == rhs.pointee.labels
            && lhs.pointee.requests == rhs.pointee.requests
            && lhs.pointee.deviceRequests == rhs.pointee.deviceRequests
            && lhs.pointee.knownDevices == rhs.pointee.knownDevices
            && (lhs.pointee.boxedConstraints === rhs.pointee.boxedConstraints
                || lhs.pointee.boxedConstraints == rhs.pointee.boxedConstraints)
            && lhs.pointee.group == rhs.pointee.group
            && lhs.pointee.nominatedNode == rhs.pointee.nominatedNode
    }

    @inline(__always)
    private static func hasSameNumbers(_ lhs: UnsafePointer<PodState>, _ rhs: UnsafePointer<PodState>) -> Bool {
        lhs.pointee.creationSeconds == rhs.pointee.creationSeconds
            && lhs.pointee.priority == rhs.pointee.priority
            && lhs.pointee.rank == rhs.pointee.rank
            && lhs.pointee.deadline == rhs.pointee.deadline
            && lhs.pointee.isTerminating == rhs.pointee.isTerminating
            && lhs.pointee.mayPreempt == rhs.pointee.mayPreempt
            && lhs.pointee.belongsToNode == rhs.pointee.belongsToNode
            && lhs.pointee.isProtected == rhs.pointee.isProtected
            && lhs.pointee.refusesDisruption == rhs.pointee.refusesDisruption
            && lhs.pointee.leavesLate == rhs.pointee.leavesLate
    }
}

extension NodeState: ComparedInPlace {
    var snapshotKey: NodeName { self.name }

    @inline(__always)
    static func isSame(_ lhs: UnsafePointer<NodeState>, _ rhs: UnsafePointer<NodeState>) -> Bool {
        lhs.pointee.refusesDisruption == rhs.pointee.refusesDisruption
            && lhs.pointee.name == rhs.pointee.name
            && lhs.pointee.labels == rhs.pointee.labels
            && lhs.pointee.taints == rhs.pointee.taints
            && lhs.pointee.allocatable == rhs.pointee.allocatable
            && lhs.pointee.devicePools == rhs.pointee.devicePools
            && lhs.pointee.topologyPath == rhs.pointee.topologyPath
            && lhs.pointee.nvlinkDomain == rhs.pointee.nvlinkDomain
            && lhs.pointee.providerID == rhs.pointee.providerID
    }
}
