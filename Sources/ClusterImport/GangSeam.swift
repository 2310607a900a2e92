public import SchedulingModel

/// What a pod is in its group.
public struct GangMembership: Hashable, Sendable {
    /// The leaf group.
    public var group: PodGroupKey
    /// Its place in the ring, where its name, labels or owner say so.
    public var rank: Int?

    public init(group: PodGroupKey, rank: Int? = nil) {
        self.group = group
        self.rank = rank
    }
}

/// Which pods belong together, and what each group asks for.
public struct GangResolution: Hashable, Sendable {
    public var memberships: [PodKey: GangMembership]
    /// Every group named by a membership, and all of their ancestors, each once.
    public var groups: [PodGroup]

    public init(memberships: [PodKey: GangMembership] = [:], groups: [PodGroup] = []) {
        self.memberships = memberships
        self.groups = groups
    }
}

// The importer uses the gang and workload code through two calls, in this order:
//
//     let expanded: [Pod] = WorkloadExpansion.expand(objects, existingPods: pods, findings: &findings)
//     let resolution: GangResolution = GangResolver(objects: objects, topology: topology)
//         .resolve(pods + expanded, findings: &findings)
//
// `objects` are all objects of the input but pods and nodes that were refused, each once; `pods` are those that
// were read, terminal ones included in the first call only. Pods of the second call are bound pods and demand. Expanded pods
// carry everything the controller would write: name, namespace, labels, annotations, ownerReferences (controller), and
// the API server's defaults are filled in by the importer. Both calls are pure and give the same answer
// whatever the order of their input.
