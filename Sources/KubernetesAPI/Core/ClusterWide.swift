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

/// `policy/v1` PodDisruptionBudget, as far as it says what may be evicted now.
public struct PodDisruptionBudget: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    /// Nil selects no pod, an empty one every pod of the namespace.
    public var selector: WireLabelSelector?
    public var disruptionsAllowed: Int64
    /// Whether the status is about the budget as it is now.
    public var isStatusCurrent: Bool

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata() else { return nil }
        self.metadata = metadata
        self.selector = fields.object("spec")?.object("selector").flatMap(WireLabelSelector.init(reading:))
        let status = fields.object("status")
        self.disruptionsAllowed = max(0, status?.integer("disruptionsAllowed") ?? 0)
        let generation = fields.object("metadata")?.integer("generation") ?? 0
        self.isStatusCurrent = (status?.integer("observedGeneration") ?? 0) >= generation
    }
}
