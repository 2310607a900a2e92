/// `leaderworkerset.x-k8s.io/v1` `LeaderWorkerSet`: replicas of a group of pods that serve together.
public struct LeaderWorkerSet: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    /// How many groups; 1 where nothing is said.
    public var replicas: Int
    /// Pods of one group, the leader among them; 1 where nothing is said.
    public var size: Int
    /// Nil where the leader is made from the workers' template.
    public var leaderTemplate: PodTemplateSpec?
    public var workerTemplate: PodTemplateSpec
    /// Pods of one subgroup of a group, where there are any.
    public var subgroupSize: Int?

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata(), let spec = fields.requiredObject("spec"),
            let group = spec.requiredObject("leaderWorkerTemplate")
        else { return nil }
        let errorsBefore = fields.errorCount
        let replicas = spec.count("replicas")
        let size = group.count("size")
        let subgroupSize = group.object("subGroupPolicy")?.count("subGroupSize")
        guard fields.errorCount == errorsBefore,
            let worker = group.requiredObject("workerTemplate").flatMap(PodTemplateSpec.init(reading:))
        else { return nil }
        self.metadata = metadata
        self.replicas = replicas ?? 1
        self.size = max(1, size ?? 1)
        self.leaderTemplate = group.object("leaderTemplate", as: PodTemplateSpec.self)
        self.workerTemplate = worker
        self.subgroupSize = subgroupSize.flatMap { $0 > 0 ? $0 : nil }
    }
}
