/// `scheduling.x-k8s.io/v1alpha1` `PodGroup` of the coscheduling plugin.
public struct CoschedulingPodGroup: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    /// Nil where it is absent or could not be read.
    public var minMember: Int?
    public var hasErrors: Bool

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        guard let metadata = fields.namedMetadata() else { return nil }
        self.metadata = metadata
        self.minMember = fields.object("spec")?.count("minMember")
        self.hasErrors = fields.errorCount > errorsBefore
    }
}

/// `scheduling.run.ai` `PodGroup` of the KAI scheduler.
public struct KAIPodGroup: Hashable, Sendable, ObjectReadable {
    public struct Subgroup: Hashable, Sendable, ObjectReadable {
        public var name: String
        public var parent: String?
        public var minMember: Int?
        public var topology: KAITopologyConstraint?

        public init?(reading fields: ObjectReader) {
            guard let name = fields.requiredString("name") else { return nil }
            self.name = name
            self.parent = fields.string("parent").flatMap { $0.isEmpty ? nil : $0 }
            self.minMember = fields.count("minMember")
            self.topology = fields.object("topologyConstraint", as: KAITopologyConstraint.self)
        }
    }

    public var metadata: ObjectMeta
    public var minMember: Int?
    public var subgroups: [Subgroup]
    public var topology: KAITopologyConstraint?
    public var hasErrors: Bool

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        guard let metadata = fields.namedMetadata() else { return nil }
        let spec = fields.object("spec")
        self.metadata = metadata
        self.minMember = spec?.count("minMember")
        self.subgroups = spec?.objects("subGroups", as: Subgroup.self) ?? []
        self.topology = spec?.object("topologyConstraint", as: KAITopologyConstraint.self)
        self.hasErrors = fields.errorCount > errorsBefore
    }
}

/// Level names or label keys.
public struct KAITopologyConstraint: Hashable, Sendable, ObjectReadable {
    public var requiredLevel: String?
    public var preferredLevel: String?

    public init?(reading fields: ObjectReader) {
        self.requiredLevel = fields.string("requiredTopologyLevel").flatMap { $0.isEmpty ? nil : $0 }
        self.preferredLevel = fields.string("preferredTopologyLevel").flatMap { $0.isEmpty ? nil : $0 }
    }
}
