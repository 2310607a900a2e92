/// What every object says about itself, as far as planning needs it.
public struct ObjectMeta: Hashable, Sendable, ObjectReadable {
    /// Empty where only `generateName` is set, as in a pod template.
    public var name: String
    public var generateName: String
    /// Nil for cluster-wide objects, and for manifests that leave it to the command line.
    public var namespace: String?
    public var uid: String?
    public var labels: [String: String]
    public var annotations: [String: String]
    /// Seconds since 1970.
    public var creationSeconds: Int64?
    /// Whether the object is being deleted.
    public var isTerminating: Bool
    public var ownerReferences: [OwnerReference]

    public init(name: String = "", namespace: String? = nil) {
        self.name = name
        self.generateName = ""
        self.namespace = namespace
        self.uid = nil
        self.labels = [:]
        self.annotations = [:]
        self.creationSeconds = nil
        self.isTerminating = false
        self.ownerReferences = []
    }

    public init(reading fields: ObjectReader) {
        self.name = fields.string("name") ?? ""
        self.generateName = fields.string("generateName") ?? ""
        self.namespace = fields.string("namespace").flatMap { $0.isEmpty ? nil : $0 }
        self.uid = fields.string("uid")
        self.labels = fields.stringMap("labels")
        self.annotations = fields.stringMap("annotations")
        self.creationSeconds = fields.timestamp("creationTimestamp")
        self.isTerminating = fields.has("deletionTimestamp")
        self.ownerReferences = fields.objects("ownerReferences", as: OwnerReference.self)
    }

    /// The object that manages this one, if any.
    public var controller: OwnerReference? { self.ownerReferences.first(where: \.isController) }
}

public struct OwnerReference: Hashable, Sendable, ObjectReadable {
    public var apiVersion: String
    public var kind: String
    public var name: String
    public var uid: String?
    public var isController: Bool

    public init?(reading fields: ObjectReader) {
        guard let kind = fields.requiredString("kind"), let name = fields.requiredString("name") else { return nil }
        self.apiVersion = fields.string("apiVersion") ?? ""
        self.kind = kind
        self.name = name
        self.uid = fields.string("uid")
        self.isController = fields.boolean("controller") ?? false
    }
}

extension ObjectReader {
    /// The object's `metadata`, which must hold a name.
    public func namedMetadata() -> ObjectMeta? {
        guard let metadata = self.requiredObject("metadata"), metadata.requiredString("name") != nil else { return nil }
        return ObjectMeta(reading: metadata)
    }
}
