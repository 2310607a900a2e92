/// One pod: `v1` `Pod`.
public struct Pod: Hashable, Sendable, ObjectReadable {
    public enum Phase: String, Hashable, Sendable, CaseIterable {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case unknown = "Unknown"
    }

    public var metadata: ObjectMeta
    public var spec: PodSpec
    public var phase: Phase
    public var conditions: [Condition]
    public var nominatedNodeName: String?
    /// Whether some field could not be read, which is among the findings: the pod may want more, or stand elsewhere,
    /// than it looks here.
    public var hasErrors: Bool

    public init(metadata: ObjectMeta, spec: PodSpec, phase: Phase = .pending) {
        self.metadata = metadata
        self.spec = spec
        self.phase = phase
        self.conditions = []
        self.nominatedNodeName = nil
        self.hasErrors = spec.hasErrors
    }

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        guard let metadata = fields.namedMetadata(),
            let spec = fields.requiredObject("spec").flatMap(PodSpec.init(reading:))
        else { return nil }
        self.metadata = metadata
        self.spec = spec
        let status = fields.object("status")
        self.phase = status?.choice("phase", as: Phase.self) ?? .pending
        self.conditions = status?.objects("conditions", as: Condition.self) ?? []
        self.nominatedNodeName = status?.string("nominatedNodeName").flatMap { $0.isEmpty ? nil : $0 }
        self.hasErrors = fields.errorCount > errorsBefore
    }

    /// Whether the pod has run to its end and holds nothing any more.
    public var isTerminal: Bool { self.phase == .succeeded || self.phase == .failed }

    public func condition(_ type: String) -> Condition? { self.conditions.first { $0.type == type } }
}

/// What a controller makes pods from.
public struct PodTemplateSpec: Hashable, Sendable, ObjectReadable {
    /// Labels and annotations of the pods; a name is rare here.
    public var metadata: ObjectMeta
    public var spec: PodSpec
    public var hasErrors: Bool

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        guard let spec = fields.requiredObject("spec").flatMap(PodSpec.init(reading:)) else { return nil }
        self.metadata = fields.object("metadata", as: ObjectMeta.self) ?? ObjectMeta()
        self.spec = spec
        self.hasErrors = fields.errorCount > errorsBefore
    }
}
