public import KubernetesAPI
public import SchedulingModel

/// A cluster as it was read: the snapshot to plan from, and what could not be used.
public struct ImportedCluster: Sendable {
    public var snapshot: ClusterSnapshot
    /// The object of each pod of the snapshot, by the same index; nil for a pod that a controller would make.
    public var podObjects: [ManifestObject?]
    /// Sorted by file, document and item.
    public var findings: [Finding]
    /// How many objects there were of each kind that planning has no use for, as `Kind` or `Kind.group`.
    public var ignoredKinds: [String: Int]

    init(
        snapshot: ClusterSnapshot, podObjects: [ManifestObject?], findings: [Finding], ignoredKinds: [String: Int]
    ) {
        self.snapshot = snapshot
        self.podObjects = podObjects
        self.findings = findings
        self.ignoredKinds = ignoredKinds
    }
}
