/// `scheduling.volcano.sh/v1beta1` `PodGroup`.
public struct VolcanoPodGroup: Hashable, Sendable, ObjectReadable {
    /// Pods that a selector takes out of the group, divided further.
    public struct SubgroupPolicy: Hashable, Sendable, ObjectReadable {
        public var name: String
        /// Pods of one subgroup.
        public var size: Int?
        public var minSubgroups: Int?
        /// Nil matches every pod of the group.
        public var selector: WireLabelSelector?
        /// Pods that agree in these labels are one subgroup.
        public var matchLabelKeys: [String]
        public var networkTopology: VolcanoNetworkTopology?

        public init?(reading fields: ObjectReader) {
            guard let name = fields.requiredString("name") else { return nil }
            self.name = name
            self.size = fields.count("subGroupSize")
            self.minSubgroups = fields.count("minSubGroups")
            self.selector = fields.object("labelSelector", as: WireLabelSelector.self)
            self.matchLabelKeys = fields.strings("matchLabelKeys")
            self.networkTopology = fields.object("networkTopology", as: VolcanoNetworkTopology.self)
        }
    }

    public var metadata: ObjectMeta
    /// 1 where nothing is said.
    public var minMember: Int
    /// By task name, which is the pods' label `volcano.sh/task-spec`.
    public var minTaskMember: [String: Int]
    public var networkTopology: VolcanoNetworkTopology?
    public var subgroupPolicies: [SubgroupPolicy]
    /// Whether some field could not be read, which is among the findings.
    public var hasErrors: Bool

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        guard let metadata = fields.namedMetadata() else { return nil }
        let spec = fields.object("spec")
        self.metadata = metadata
        self.minMember = spec?.count("minMember") ?? 1
        self.minTaskMember = [:]
        if let byTask = spec?.object("minTaskMember") {
            for (task, _) in byTask.value.members { self.minTaskMember[task] = byTask.count(task) }
        }
        self.networkTopology = spec?.object("networkTopology", as: VolcanoNetworkTopology.self)
        self.subgroupPolicies = spec?.objects("subGroupPolicy", as: SubgroupPolicy.self) ?? []
        self.hasErrors = fields.errorCount > errorsBefore
    }
}

/// How near to each other Volcano is to place pods. Tiers count from the narrowest.
public struct VolcanoNetworkTopology: Hashable, Sendable, ObjectReadable {
    /// `hard`, which is the default, or `soft`.
    public var isHard: Bool
    public var highestTierAllowed: Int?
    public var highestTierName: String?

    public init?(reading fields: ObjectReader) {
        self.isHard = fields.string("mode") != "soft"
        self.highestTierAllowed = fields.count("highestTierAllowed")
        self.highestTierName = fields.string("highestTierName").flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// `topology.volcano.sh/v1alpha1` `HyperNode`, of which only the tier is used: which tiers there are, and their names.
public struct HyperNode: Hashable, Sendable, ObjectReadable {
    public var tier: Int
    public var tierName: String?

    public init?(reading fields: ObjectReader) {
        guard let spec = fields.requiredObject("spec"), let tier = spec.count("tier") else { return nil }
        self.tier = tier
        self.tierName = spec.string("tierName").flatMap { $0.isEmpty ? nil : $0 }
    }
}
