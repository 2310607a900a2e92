/// `v1` `Namespace`: its labels decide which pods' affinity it falls under.
public struct Namespace: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata() else { return nil }
        self.metadata = metadata
    }
}

/// `scheduling.k8s.io/v1` `PriorityClass`.
public struct PriorityClass: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    public var value: Int64
    public var isGlobalDefault: Bool
    public var preemptionPolicy: PodSpec.PreemptionPolicy?

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata(), let value = fields.requiredInteger("value") else { return nil }
        self.metadata = metadata
        self.value = value
        self.isGlobalDefault = fields.boolean("globalDefault") ?? false
        self.preemptionPolicy = fields.choice("preemptionPolicy", as: PodSpec.PreemptionPolicy.self)
    }
}
