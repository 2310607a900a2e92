/// `batch.volcano.sh/v1alpha1` `Job`.
public struct VolcanoJob: Hashable, Sendable, ObjectReadable {
    public struct Task: Hashable, Sendable {
        public var name: String
        /// 1 where nothing is said.
        public var replicas: Int
        /// All replicas where nothing is said.
        public var minAvailable: Int
        public var template: PodTemplateSpec
        public var partition: Partition?
    }

    /// Replicas of a task in groups of equal size, in index order.
    public struct Partition: Hashable, Sendable {
        public var size: Int
        public var minPartitions: Int?
        public var networkTopology: VolcanoNetworkTopology?

        init?(reading fields: ObjectReader) {
            guard let size = fields.count("partitionSize"), size > 0 else { return nil }
            self.size = size
            self.minPartitions = fields.count("minPartitions")
            self.networkTopology = fields.object("networkTopology", as: VolcanoNetworkTopology.self)
        }
    }

    public var metadata: ObjectMeta
    public var tasks: [Task]
    /// The sum over the tasks where nothing is said.
    public var minAvailable: Int
    public var schedulerName: String
    public var priorityClassName: String?
    public var networkTopology: VolcanoNetworkTopology?
    public var isFinished: Bool

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata(), let spec = fields.requiredObject("spec") else { return nil }
        let readers = spec.objects("tasks")
        let tasks = readers.enumerated().compactMap { Task(reading: $1, index: $0) }
        let minAvailable = spec.count("minAvailable")
        // The job without one of its tasks would be another job.
        guard tasks.count == readers.count else { return nil }
        self.metadata = metadata
        self.tasks = tasks
        let declared = minAvailable.flatMap { $0 > 0 ? $0 : nil }
        self.minAvailable = declared ?? tasks.reduce(0) { $0 + $1.minAvailable }
        self.schedulerName = spec.string("schedulerName").flatMap { $0.isEmpty ? nil : $0 } ?? "volcano"
        self.priorityClassName = spec.string("priorityClassName").flatMap { $0.isEmpty ? nil : $0 }
        self.networkTopology = spec.object("networkTopology", as: VolcanoNetworkTopology.self)
        let phase = fields.object("status")?.object("state")?.string("phase")
        self.isFinished = ["Completed", "Failed", "Terminated", "Aborted"].contains(phase)
    }
}

extension VolcanoJob.Task {
    init?(reading fields: ObjectReader, index: Int) {
        let errorsBefore = fields.errorCount
        let (replicas, minimum) = (fields.count("replicas"), fields.count("minAvailable"))
        guard fields.errorCount == errorsBefore,
            let template = fields.requiredObject("template").flatMap(PodTemplateSpec.init(reading:))
        else { return nil }
        self.name = fields.string("name").flatMap { $0.isEmpty ? nil : $0 } ?? "default\(index)"
        self.replicas = replicas ?? 1
        self.minAvailable = minimum ?? self.replicas
        self.template = template
        self.partition = fields.object("partitionPolicy").flatMap(VolcanoJob.Partition.init(reading:))
    }
}
