/// A pod's `spec.affinity`.
public struct Affinity: Hashable, Sendable, ObjectReadable {
    public struct PreferredNodeTerm: Hashable, Sendable, ObjectReadable {
        /// 1 to 100.
        public var weight: Int64
        public var preference: WireNodeSelectorTerm

        public init?(reading fields: ObjectReader) {
            guard let weight = fields.requiredInteger("weight", in: 1...100),
                let preference = fields.requiredObject("preference").flatMap(WireNodeSelectorTerm.init(reading:))
            else { return nil }
            self.weight = weight
            self.preference = preference
        }
    }

    /// Other pods that this one wants to be near, or away from.
    public struct PodTerm: Hashable, Sendable, ObjectReadable {
        /// Nil matches no pod, an empty one every pod.
        public var labelSelector: WireLabelSelector?
        public var topologyKey: String
        /// With no selector of namespaces and none listed: the pod's own.
        public var namespaces: [String]
        /// An empty one means every namespace.
        public var namespaceSelector: WireLabelSelector?
        public var matchLabelKeys: [String]
        public var mismatchLabelKeys: [String]

        public init?(reading fields: ObjectReader) {
            guard let topologyKey = fields.requiredString("topologyKey") else { return nil }
            self.labelSelector = fields.object("labelSelector", as: WireLabelSelector.self)
            self.topologyKey = topologyKey
            self.namespaces = fields.strings("namespaces")
            self.namespaceSelector = fields.object("namespaceSelector", as: WireLabelSelector.self)
            self.matchLabelKeys = fields.strings("matchLabelKeys")
            self.mismatchLabelKeys = fields.strings("mismatchLabelKeys")
        }
    }

    public struct PreferredPodTerm: Hashable, Sendable, ObjectReadable {
        /// 1 to 100.
        public var weight: Int64
        public var term: PodTerm

        public init?(reading fields: ObjectReader) {
            guard let weight = fields.requiredInteger("weight", in: 1...100),
                let term = fields.requiredObject("podAffinityTerm").flatMap(PodTerm.init(reading:))
            else { return nil }
            self.weight = weight
            self.term = term
        }
    }

    public var requiredNodes: WireNodeSelector?
    public var preferredNodes: [PreferredNodeTerm]
    public var requiredPods: [PodTerm]
    public var preferredPods: [PreferredPodTerm]
    public var requiredAntiPods: [PodTerm]
    public var preferredAntiPods: [PreferredPodTerm]

    public init(requiredNodes: WireNodeSelector? = nil) {
        self.requiredNodes = requiredNodes
        self.preferredNodes = []
        self.requiredPods = []
        self.preferredPods = []
        self.requiredAntiPods = []
        self.preferredAntiPods = []
    }

    public init?(reading fields: ObjectReader) {
        let node = fields.object("nodeAffinity")
        let pod = fields.object("podAffinity")
        let antiPod = fields.object("podAntiAffinity")
        self.requiredNodes = node?.object(Self.required, as: WireNodeSelector.self)
        self.preferredNodes = node?.objects(Self.preferred, as: PreferredNodeTerm.self) ?? []
        self.requiredPods = pod?.objects(Self.required, as: PodTerm.self) ?? []
        self.preferredPods = pod?.objects(Self.preferred, as: PreferredPodTerm.self) ?? []
        self.requiredAntiPods = antiPod?.objects(Self.required, as: PodTerm.self) ?? []
        self.preferredAntiPods = antiPod?.objects(Self.preferred, as: PreferredPodTerm.self) ?? []
    }

    private static let required = "requiredDuringSchedulingIgnoredDuringExecution"
    private static let preferred = "preferredDuringSchedulingIgnoredDuringExecution"
}
