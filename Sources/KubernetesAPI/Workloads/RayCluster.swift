/// `ray.io/v1` `RayCluster`, or the cluster inside a `RayJob` or `RayService`.
public struct RayCluster: Hashable, Sendable, ObjectReadable {
    public struct WorkerGroup: Hashable, Sendable {
        public var name: String
        /// Replicas wanted now, within the group's bounds.
        public var replicas: Int
        public var minReplicas: Int
        /// Pods of one replica; with more than one they start together.
        public var hostCount: Int
        public var isSuspended: Bool
        public var template: PodTemplateSpec

        init?(reading fields: ObjectReader) {
            let errorsBefore = fields.errorCount
            guard let name = fields.requiredString("groupName") else { return nil }
            let (replicas, minimum) = (fields.count("replicas"), fields.count("minReplicas"))
            let (maximum, hosts) = (fields.count("maxReplicas"), fields.count("numOfHosts"))
            guard fields.errorCount == errorsBefore,
                let template = fields.requiredObject("template").flatMap(PodTemplateSpec.init(reading:))
            else { return nil }
            self.name = name
            self.minReplicas = minimum ?? 0
            self.replicas = max(self.minReplicas, min(replicas ?? self.minReplicas, maximum ?? .max))
            self.hostCount = max(1, hosts ?? 1)
            self.isSuspended = fields.boolean("suspend") ?? false
            self.template = template
        }
    }

    public var metadata: ObjectMeta
    public var headTemplate: PodTemplateSpec
    public var workerGroups: [WorkerGroup]
    public var isSuspended: Bool

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata(), let spec = fields.requiredObject("spec") else { return nil }
        self.init(metadata: metadata, spec: spec)
        self.isSuspended = spec.boolean("suspend") ?? false
    }

    init?(metadata: ObjectMeta, spec: ObjectReader) {
        guard
            let head = spec.requiredObject("headGroupSpec")?.requiredObject("template")
                .flatMap(PodTemplateSpec.init(reading:))
        else { return nil }
        self.metadata = metadata
        self.headTemplate = head
        self.workerGroups = spec.objects("workerGroupSpecs").compactMap(WorkerGroup.init(reading:))
        self.isSuspended = false
    }
}

/// `ray.io/v1` `RayJob` or `RayService`: makes a cluster of its own.
public struct RayClusterOwner: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    /// Nil where the job runs on a cluster that exists already.
    public var cluster: RayCluster?
    public var isSuspended: Bool
    public var isFinished: Bool

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata(), let spec = fields.requiredObject("spec") else { return nil }
        self.metadata = metadata
        let clusterSpec = spec.object("rayClusterSpec") ?? spec.object("rayClusterConfig")
        self.cluster = clusterSpec.flatMap { RayCluster(metadata: metadata, spec: $0) }
        self.isSuspended = spec.boolean("suspend") ?? false
        let state = fields.object("status")?.string("jobDeploymentStatus")
        self.isFinished = state == "Complete" || state == "Failed"
    }
}
