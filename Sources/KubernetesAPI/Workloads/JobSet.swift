/// `jobset.x-k8s.io/v1alpha2` `JobSet`: jobs that make up one run.
public struct JobSet: Hashable, Sendable, ObjectReadable {
    public struct ReplicatedJob: Hashable, Sendable, ObjectReadable {
        public var name: String
        public var groupName: String
        /// 1 where nothing is said.
        public var replicas: Int
        public var template: JobTemplateSpec

        public init?(reading fields: ObjectReader) {
            let errorsBefore = fields.errorCount
            guard let name = fields.requiredString("name") else { return nil }
            let replicas = fields.count("replicas")
            guard fields.errorCount == errorsBefore,
                let template = fields.requiredObject("template").flatMap(JobTemplateSpec.init(reading:))
            else { return nil }
            self.name = name
            self.groupName = fields.string("groupName").flatMap { $0.isEmpty ? nil : $0 } ?? "default"
            self.replicas = replicas ?? 1
            self.template = template
        }
    }

    public var metadata: ObjectMeta
    public var replicatedJobs: [ReplicatedJob]
    public var isSuspended: Bool
    public var isFinished: Bool

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata(), let spec = fields.requiredObject("spec") else { return nil }
        self.metadata = metadata
        self.replicatedJobs = spec.objects("replicatedJobs", as: ReplicatedJob.self)
        self.isSuspended = spec.boolean("suspend") ?? false
        self.isFinished = fields.hasTrueCondition(["Completed", "Failed"])
    }
}
