/// `v1` `PersistentVolume`, as far as it says which nodes can reach it.
public struct PersistentVolume: Hashable, Sendable, ObjectReadable {
    public struct ClaimReference: Hashable, Sendable, ObjectReadable {
        public var namespace: String
        public var name: String
        public var uid: String?

        public init?(reading fields: ObjectReader) {
            guard let name = fields.requiredString("name") else { return nil }
            self.namespace = fields.string("namespace") ?? ""
            self.name = name
            self.uid = fields.string("uid")
        }
    }

    public var metadata: ObjectMeta
    /// `spec.nodeAffinity.required`; nil where every node can reach the volume.
    public var requiredNodes: WireNodeSelector?
    /// The claim it is bound to or kept for.
    public var claimReference: ClaimReference?
    public var storageClassName: String?
    /// `Available`, `Bound`, `Released`, …
    public var phase: String?
    public var hasErrors: Bool

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        guard let metadata = fields.namedMetadata() else { return nil }
        self.metadata = metadata
        let spec = fields.object("spec")
        self.requiredNodes = spec?.object("nodeAffinity")?.object("required", as: WireNodeSelector.self)
        self.claimReference = spec?.object("claimRef", as: ClaimReference.self)
        self.storageClassName = spec?.string("storageClassName")
        self.phase = fields.object("status")?.string("phase")
        self.hasErrors = fields.errorCount > errorsBefore
    }
}

/// `v1` `PersistentVolumeClaim`.
public struct PersistentVolumeClaim: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    /// The volume it is bound to; nil until then.
    public var volumeName: String?
    /// Nil means the cluster's default class; empty means none, which the API tells apart.
    public var storageClassName: String?
    /// `Pending`, `Bound` or `Lost`.
    public var phase: String?

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata() else { return nil }
        self.metadata = metadata
        let spec = fields.object("spec")
        self.volumeName = spec?.string("volumeName").flatMap { $0.isEmpty ? nil : $0 }
        self.storageClassName = spec?.string("storageClassName")
        self.phase = fields.object("status")?.string("phase")
    }
}

/// `storage.k8s.io/v1` `StorageClass`.
public struct StorageClass: Hashable, Sendable, ObjectReadable {
    public enum VolumeBindingMode: String, Hashable, Sendable, CaseIterable {
        case immediate = "Immediate"
        case waitForFirstConsumer = "WaitForFirstConsumer"
    }

    /// Labels of nodes where a volume may be made; all expressions of a term must hold.
    public struct TopologyTerm: Hashable, Sendable, ObjectReadable {
        public var values: [String: [String]]

        public init?(reading fields: ObjectReader) {
            self.values = [:]
            for expression in fields.objects("matchLabelExpressions") {
                guard let key = expression.requiredString("key") else { return nil }
                self.values[key] = expression.strings("values")
            }
        }
    }

    public var metadata: ObjectMeta
    public var volumeBindingMode: VolumeBindingMode
    /// Alternatives; empty means everywhere.
    public var allowedTopologies: [TopologyTerm]
    public var isDefault: Bool
    public var hasErrors: Bool

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        guard let metadata = fields.namedMetadata() else { return nil }
        self.metadata = metadata
        self.volumeBindingMode = fields.choice("volumeBindingMode", as: VolumeBindingMode.self) ?? .immediate
        self.allowedTopologies = fields.objects("allowedTopologies", as: TopologyTerm.self)
        self.isDefault = metadata.annotations["storageclass.kubernetes.io/is-default-class"] == "true"
        self.hasErrors = fields.errorCount > errorsBefore
    }
}
