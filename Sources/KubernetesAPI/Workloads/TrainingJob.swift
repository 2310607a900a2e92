/// A job of the Kubeflow training operator (`kubeflow.org/v1`) or of the MPI operator (`kubeflow.org/v2beta1`).
public struct TrainingJob: Hashable, Sendable, ObjectReadable {
    /// Pods of one role.
    public struct Replicas: Hashable, Sendable {
        /// As the object spells it: `Master`, `Worker`, `Launcher`, `PS`.
        public var type: String
        /// 1 where nothing is said.
        public var count: Int
        public var template: PodTemplateSpec
    }

    /// Which object it is; each has a field of its own for the replicas.
    public enum Framework: String, Hashable, Sendable, CaseIterable {
        case pytorch, tf, xgboost, paddle, jax, mpi

        public init?(kind: String) {
            switch kind {
            case "PyTorchJob": self = .pytorch
            case "TFJob": self = .tf
            case "XGBoostJob": self = .xgboost
            case "PaddleJob": self = .paddle
            case "JAXJob": self = .jax
            case "MPIJob": self = .mpi
            default: return nil
            }
        }

        /// The field under `spec` that holds the replicas.
        public var replicaSpecsField: String { "\(self.rawValue)ReplicaSpecs" }
    }

    public var metadata: ObjectMeta
    public var framework: Framework
    /// In rank order: the coordinating role first, then workers, then the others by name.
    public var replicas: [Replicas]
    public var minAvailable: Int?
    /// `elasticPolicy.minReplicas`: workers below which an elastic job stops.
    public var elasticMinimum: Int?
    public var elasticMaximum: Int?
    public var isSuspended: Bool
    public var isFinished: Bool
    /// MPI: the launcher is made only when the workers are ready.
    public var launcherWaitsForWorkers: Bool
    /// MPI: the launcher is a worker too, and has index 0.
    public var runsLauncherAsWorker: Bool

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata(), let spec = fields.requiredObject("spec") else { return nil }
        guard let framework = Framework.allCases.first(where: { spec.has($0.replicaSpecsField) }) else {
            fields.report("spec", expected: "pytorchReplicaSpecs, mpiReplicaSpecs or those of another framework")
            return nil
        }
        self.metadata = metadata
        self.framework = framework
        self.minAvailable =
            spec.object("runPolicy")?.object("schedulingPolicy")?.count("minAvailable")
        self.elasticMinimum = spec.object("elasticPolicy")?.count("minReplicas")
        self.elasticMaximum = spec.object("elasticPolicy")?.count("maxReplicas")
        self.isSuspended = spec.object("runPolicy")?.boolean("suspend") ?? false
        self.isFinished = fields.hasTrueCondition(["Succeeded", "Failed"])
        self.launcherWaitsForWorkers = spec.string("launcherCreationPolicy") == "WaitForWorkersReady"
        self.runsLauncherAsWorker = spec.boolean("runLauncherAsWorker") ?? false
        guard let replicas = Self.replicas(of: spec, in: framework.replicaSpecsField) else { return nil }
        self.replicas = replicas
    }

    /// Nil where a role cannot be read: the job without it would be another job.
    private static func replicas(of spec: ObjectReader, in field: String) -> [Replicas]? {
        guard let byType = spec.object(field) else { return nil }
        let types = Set(byType.value.members.map(\.key)).sorted { Self.order($0) < Self.order($1) }
        let replicas: [Replicas] = types.compactMap { type in
            guard let replica = byType.object(type) else { return nil }
            let errorsBefore = spec.errorCount
            let count = replica.count("replicas")
            guard spec.errorCount == errorsBefore,
                let template = replica.requiredObject("template").flatMap(PodTemplateSpec.init(reading:))
            else { return nil }
            return Replicas(type: type, count: count ?? 1, template: template)
        }
        return replicas.count == types.count ? replicas : nil
    }

    /// Where a role stands among the ranks of a job, and its name, so that roles are ordered by both.
    private static func order(_ type: String) -> (Int, String) { (Self.rankOrder(ofRole: type.lowercased()), type) }

    /// Coordinating roles 0 to 2, workers 3, everybody else behind them.
    public static func rankOrder(ofRole role: String) -> Int {
        switch role {
        case "launcher": 0
        case "chief": 1
        case "master": 2
        case "worker": 3
        case "ps": 4
        default: 5
        }
    }
}
