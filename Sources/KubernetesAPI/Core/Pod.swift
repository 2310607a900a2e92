/// One pod: `v1` `Pod`.
public struct Pod: Hashable, Sendable, ObjectReadable {
    public enum Phase: String, Hashable, Sendable, CaseIterable {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case unknown = "Unknown"
    }

    private struct Fields: Hashable, Sendable {
        var metadata: ObjectMeta
        var spec: PodSpec
        var phase = Phase.pending
        var conditions: [Condition] = []
        var nominatedNodeName: String?
        var hasErrors: Bool
    }

    private final class Storage: Sendable {
        let fields: Fields

        init(_ fields: Fields) { self.fields = fields }
    }

    /// A pod is more than half a kilobyte, and an importer keeps it in several lists: they share it. A change makes a new one,
    /// since hardly any pod is changed once it is read.
    private var storage: Storage

    private var fields: Fields {
        get { self.storage.fields }
        set { self.storage = Storage(newValue) }
    }

    public var metadata: ObjectMeta {
        _read { yield self.storage.fields.metadata }
        set { self.fields.metadata = newValue }
    }

    public var spec: PodSpec {
        _read { yield self.storage.fields.spec }
        set { self.fields.spec = newValue }
    }

    public var phase: Phase {
        get { self.storage.fields.phase }
        set { self.fields.phase = newValue }
    }

    public var conditions: [Condition] {
        get { self.storage.fields.conditions }
        set { self.fields.conditions = newValue }
    }

    public var nominatedNodeName: String? {
        get { self.storage.fields.nominatedNodeName }
        set { self.fields.nominatedNodeName = newValue }
    }

    /// Whether some field could not be read, which is among the findings: the pod may want more, or stand elsewhere,
    /// than it looks here.
    public var hasErrors: Bool {
        get { self.storage.fields.hasErrors }
        set { self.fields.hasErrors = newValue }
    }

    public init(metadata: ObjectMeta, spec: PodSpec, phase: Phase = .pending) {
        self.storage = Storage(Fields(metadata: metadata, spec: spec, phase: phase, hasErrors: spec.hasErrors))
    }

    public init?(reading fields: ObjectReader) {
        let errorsBefore = fields.errorCount
        guard let metadata = fields.namedMetadata(),
            let spec = fields.requiredObject("spec").flatMap(PodSpec.init(reading:))
        else { return nil }
        let status = fields.object("status")
        var pod = Fields(metadata: metadata, spec: spec, hasErrors: false)
        pod.phase = status?.choice("phase", as: Phase.self) ?? .pending
        pod.conditions = status?.objects("conditions", as: Condition.self) ?? []
        pod.nominatedNodeName = status?.string("nominatedNodeName").flatMap { $0.isEmpty ? nil : $0 }
        pod.hasErrors = fields.errorCount > errorsBefore
        self.storage = Storage(pod)
    }

    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.storage === rhs.storage || lhs.storage.fields == rhs.storage.fields
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(self.storage.fields) }

    /// Whether this is a copy of the other one, unchanged; equal pods may still stand apart.
    public func isIdentical(to other: Pod) -> Bool { self.storage === other.storage }

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
