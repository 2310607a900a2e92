/// `batch/v1` `Job`.
public struct Job: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    public var spec: JobSpec
    public var status: JobStatus

    public init(metadata: ObjectMeta, spec: JobSpec, status: JobStatus = JobStatus()) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata(),
            let spec = fields.requiredObject("spec").flatMap(JobSpec.init(reading:))
        else { return nil }
        self.metadata = metadata
        self.spec = spec
        self.status = JobStatus(reading: fields)
    }

    /// How many pods run at a time: never more than are left to complete.
    public var activeCount: Int {
        guard !self.status.isFinished else { return 0 }
        guard let completions = self.spec.completions else { return self.spec.parallelism }
        return max(0, min(self.spec.parallelism, completions - self.status.doneCount))
    }
}

public struct JobSpec: Hashable, Sendable {
    /// 1 where nothing is said.
    public var parallelism: Int
    /// Nil: one success ends the job (a work queue), unless the job is Indexed or both counts are left out.
    public var completions: Int?
    /// Nil where nothing is said, which means `NonIndexed`, and `Indexed` inside a `JobSet`.
    public var completionMode: String?
    public var isSuspended: Bool
    public var template: PodTemplateSpec

    /// Whether each pod has a completion index.
    public var isIndexed: Bool { self.completionMode == "Indexed" }

    init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        let parallelism = fields.count("parallelism")
        let completions = fields.count("completions")
        // A count that could not be read would make a job of another size.
        guard fields.errorCount == errorsBefore,
            let template = fields.requiredObject("template").flatMap(PodTemplateSpec.init(reading:))
        else { return nil }
        self.parallelism = parallelism ?? 1
        self.completions = completions ?? (parallelism == nil ? 1 : nil)
        self.completionMode = fields.string("completionMode").flatMap { $0.isEmpty ? nil : $0 }
        self.isSuspended = fields.boolean("suspend") ?? false
        self.template = template
    }
}

/// What a `JobSet` makes its jobs from.
public struct JobTemplateSpec: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    public var spec: JobSpec

    public init?(reading fields: ObjectReader) {
        guard let spec = fields.requiredObject("spec").flatMap(JobSpec.init(reading:)) else { return nil }
        self.metadata = fields.object("metadata", as: ObjectMeta.self) ?? ObjectMeta()
        self.spec = spec
    }
}

/// How far a job has come.
public struct JobStatus: Hashable, Sendable {
    public var succeededCount: Int
    /// `0-2,5`; indexed jobs only.
    public var completedIndexes: IndexRanges
    /// Indexes that failed for good.
    public var failedIndexes: IndexRanges
    /// Complete or failed: no pod is made any more.
    public var isFinished: Bool

    public init() {
        self.succeededCount = 0
        self.completedIndexes = IndexRanges()
        self.failedIndexes = IndexRanges()
        self.isFinished = false
    }

    init(reading job: ObjectReader) {
        let status = job.object("status")
        self.succeededCount = status?.count("succeeded") ?? 0
        self.completedIndexes = IndexRanges(parsing: status?.string("completedIndexes") ?? "")
        self.failedIndexes = IndexRanges(parsing: status?.string("failedIndexes") ?? "")
        self.isFinished = job.hasTrueCondition(["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"])
    }

    /// Completions that need no pod any more.
    public var doneCount: Int { max(self.succeededCount, self.completedIndexes.count) + self.failedIndexes.count }
}
