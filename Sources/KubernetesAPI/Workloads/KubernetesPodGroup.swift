/// `PodGroup` or `CompositePodGroup` of Kubernetes' own `scheduling.k8s.io`, any version.
public struct KubernetesPodGroup: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    public var policy: GangPolicy
    /// Label keys of `schedulingConstraints.topology`.
    public var topologyKeys: [String]
    public var parentName: String?
    public var hasErrors: Bool

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        guard let metadata = fields.namedMetadata() else { return nil }
        let spec = fields.object("spec")
        self.metadata = metadata
        self.policy = GangPolicy(reading: spec?.object("schedulingPolicy"))
        self.topologyKeys =
            spec?.object("schedulingConstraints")?.objects("topology").compactMap { $0.requiredString("key") } ?? []
        self.parentName = spec?.string("parentCompositePodGroupName").flatMap { $0.isEmpty ? nil : $0 }
        self.hasErrors = fields.errorCount > errorsBefore
    }
}

/// Whether members start together, and how many at least.
public enum GangPolicy: Hashable, Sendable {
    /// One by one.
    case basic
    /// Pods of a group, or groups of a composite group; nil where the count is absent or could not be read.
    case gang(minCount: Int?)

    init(reading policy: ObjectReader?) {
        guard let gang = policy?.object("gang") else {
            self = .basic
            return
        }
        self = .gang(minCount: gang.has("minGroupCount") ? gang.count("minGroupCount") : gang.count("minCount"))
    }
}

/// `scheduling.k8s.io` `Workload`: in 1.35 it holds the groups themselves, later their templates.
public struct KubernetesWorkload: Hashable, Sendable, ObjectReadable {
    public struct Group: Hashable, Sendable, ObjectReadable {
        public var name: String
        public var policy: GangPolicy
        public var topologyKeys: [String]

        public init?(reading fields: ObjectReader) {
            guard let name = fields.requiredString("name") else { return nil }
            self.name = name
            self.policy = GangPolicy(reading: fields.object("policy") ?? fields.object("schedulingPolicy"))
            self.topologyKeys =
                fields.object("schedulingConstraints")?.objects("topology").compactMap { $0.requiredString("key") }
                ?? []
        }
    }

    public var metadata: ObjectMeta
    public var groups: [Group]

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata(), let spec = fields.requiredObject("spec") else { return nil }
        self.metadata = metadata
        let field = spec.has("podGroups") ? "podGroups" : "podGroupTemplates"
        self.groups = spec.objects(field, as: Group.self)
    }
}
