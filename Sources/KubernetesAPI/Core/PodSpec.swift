/// What a pod asks for. Only what bears on where it may run.
public struct PodSpec: Hashable, Sendable, ObjectReadable {
    public enum PreemptionPolicy: String, Hashable, Sendable, CaseIterable {
        case never = "Never"
        case preemptLowerPriority = "PreemptLowerPriority"
    }

    public var containers: [Container]
    public var initContainers: [Container]
    /// Pod-level `spec.resources`, which stands above the containers' sum for cpu and memory.
    public var resources: ResourceRequirements
    public var overhead: [String: Quantity]
    /// Nil until the pod is bound.
    public var nodeName: String?
    public var nodeSelector: [String: String]
    public var affinity: Affinity?
    public var tolerations: [Toleration]
    public var topologySpreadConstraints: [TopologySpreadConstraint]
    public var schedulerName: String?
    public var schedulingGates: [String]
    public var priority: Int64?
    public var priorityClassName: String?
    public var preemptionPolicy: PreemptionPolicy?
    public var volumes: [Volume]
    public var usesHostNetwork: Bool
    public var resourceClaims: [PodResourceClaim]
    /// `spec.schedulingGroup.podGroupName` of the upstream gang API.
    public var schedulingGroupName: String?
    /// `spec.workloadRef` of the upstream gang API's first form.
    public var workloadReference: WorkloadReference?
    public var runtimeClassName: String?
    public var hostname: String?
    public var subdomain: String?
    /// Whether some field could not be read, which is among the findings.
    public var hasErrors: Bool

    public init(containers: [Container] = []) {
        self.containers = containers
        self.initContainers = []
        self.resources = ResourceRequirements()
        self.overhead = [:]
        self.nodeName = nil
        self.nodeSelector = [:]
        self.affinity = nil
        self.tolerations = []
        self.topologySpreadConstraints = []
        self.schedulerName = nil
        self.schedulingGates = []
        self.priority = nil
        self.priorityClassName = nil
        self.preemptionPolicy = nil
        self.volumes = []
        self.usesHostNetwork = false
        self.resourceClaims = []
        self.schedulingGroupName = nil
        self.workloadReference = nil
        self.runtimeClassName = nil
        self.hostname = nil
        self.subdomain = nil
        self.hasErrors = false
    }

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        self.init()
        self.readDemand(fields)
        self.readConstraints(fields)
        self.readScheduling(fields)
        self.hasErrors = fields.errorCount > errorsBefore
    }

    private mutating func readDemand(_ fields: ObjectReader) {
        self.containers = fields.objects("containers", as: Container.self)
        self.initContainers = fields.objects("initContainers", as: Container.self)
        self.resources = fields.object("resources", as: ResourceRequirements.self) ?? ResourceRequirements()
        self.overhead = fields.quantities("overhead")
        self.volumes = fields.objects("volumes", as: Volume.self)
        self.usesHostNetwork = fields.boolean("hostNetwork") ?? false
        self.resourceClaims = fields.objects("resourceClaims", as: PodResourceClaim.self)
        self.runtimeClassName = fields.string("runtimeClassName")
        self.hostname = fields.string("hostname")
        self.subdomain = fields.string("subdomain")
    }

    private mutating func readConstraints(_ fields: ObjectReader) {
        self.nodeName = fields.string("nodeName").flatMap { $0.isEmpty ? nil : $0 }
        self.nodeSelector = fields.stringMap("nodeSelector")
        self.affinity = fields.object("affinity", as: Affinity.self)
        self.tolerations = fields.objects("tolerations", as: Toleration.self)
        self.topologySpreadConstraints = fields.objects(
            "topologySpreadConstraints", as: TopologySpreadConstraint.self)
    }

    private mutating func readScheduling(_ fields: ObjectReader) {
        self.schedulerName = fields.string("schedulerName").flatMap { $0.isEmpty ? nil : $0 }
        self.schedulingGates = fields.objects("schedulingGates").compactMap { $0.requiredString("name") }
        self.priority = fields.integer("priority")
        self.priorityClassName = fields.string("priorityClassName").flatMap { $0.isEmpty ? nil : $0 }
        self.preemptionPolicy = fields.choice("preemptionPolicy", as: PreemptionPolicy.self)
        self.schedulingGroupName = fields.object("schedulingGroup")?.string("podGroupName")
        self.workloadReference = fields.object("workloadRef", as: WorkloadReference.self)
    }
}

/// A pod's place in an upstream `Workload`.
public struct WorkloadReference: Hashable, Sendable, ObjectReadable {
    public var name: String
    public var podGroup: String
    public var podGroupReplicaKey: String?

    public init?(reading fields: ObjectReader) {
        guard let name = fields.requiredString("name"), let podGroup = fields.requiredString("podGroup") else {
            return nil
        }
        self.name = name
        self.podGroup = podGroup
        self.podGroupReplicaKey = fields.string("podGroupReplicaKey")
    }
}
