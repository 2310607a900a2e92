/// A machine of the cluster: `v1` `Node`.
public struct Node: Hashable, Sendable, ObjectReadable {
    public struct Taint: Hashable, Sendable, ObjectReadable {
        public enum Effect: String, Hashable, Sendable, CaseIterable {
            case noSchedule = "NoSchedule"
            case preferNoSchedule = "PreferNoSchedule"
            case noExecute = "NoExecute"
        }

        public var key: String
        public var value: String
        public var effect: Effect

        public init?(reading fields: ObjectReader) {
            guard let key = fields.requiredString("key"),
                let effect = fields.requiredChoice("effect", as: Effect.self)
            else { return nil }
            self.key = key
            self.value = fields.string("value") ?? ""
            self.effect = effect
        }
    }

    public var metadata: ObjectMeta
    public var isUnschedulable: Bool
    public var taints: [Taint]
    public var providerID: String?
    public var allocatable: [String: Quantity]
    public var capacity: [String: Quantity]
    public var conditions: [Condition]
    /// Whether some field could not be read, which is among the findings: the node may be smaller or more tainted than
    /// it looks here.
    public var hasErrors: Bool

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        guard let metadata = fields.namedMetadata() else { return nil }
        self.metadata = metadata
        let spec = fields.object("spec")
        self.isUnschedulable = spec?.boolean("unschedulable") ?? false
        self.taints = spec?.objects("taints", as: Taint.self) ?? []
        self.providerID = spec?.string("providerID")
        let status = fields.object("status")
        self.allocatable = status?.quantities("allocatable") ?? [:]
        self.capacity = status?.quantities("capacity") ?? [:]
        self.conditions = status?.objects("conditions", as: Condition.self) ?? []
        self.hasErrors = fields.errorCount > errorsBefore
    }

    public func condition(_ type: String) -> Condition? { self.conditions.first { $0.type == type } }

    /// Whether the kubelet reports the node as ready; nil where there is no such condition.
    public var isReady: Bool? { self.condition("Ready").map { $0.status == "True" } }
}

/// One of an object's `status.conditions`.
public struct Condition: Hashable, Sendable, ObjectReadable {
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    public var reason: String?
    public var message: String?

    public init?(reading fields: ObjectReader) {
        guard let type = fields.requiredString("type") else { return nil }
        self.type = type
        self.status = fields.string("status") ?? "Unknown"
        self.reason = fields.string("reason")
        self.message = fields.string("message")
    }
}
