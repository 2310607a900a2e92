/// A resource this server keeps: where it is served and which of the general rules hold for it.
struct ResourceKind: Sendable, Hashable {
    /// Empty for the core group.
    let group: String
    let version: String
    let plural: String
    let kind: String
    let isNamespaced: Bool
    /// Its status is written through `/status` only.
    let hasStatus: Bool
    /// Counts changes of the spec in `metadata.generation`.
    let hasGeneration: Bool
    /// Has a scale subresource.
    let isScalable: Bool
    /// Brought by a definition, so that its objects are judged by a schema.
    let isCustom: Bool

    var apiVersion: String { self.group.isEmpty ? self.version : "\(self.group)/\(self.version)" }
    /// As error texts name it: `deployments.apps`.
    var qualifiedPlural: String { self.group.isEmpty ? self.plural : "\(self.plural).\(self.group)" }
    var qualifiedKind: String { self.group.isEmpty ? self.kind : "\(self.kind).\(self.group)" }

    func isServed(as plural: String, _ group: String, _ version: String) -> Bool {
        self.plural == plural && self.group == group && self.version == version
    }

    /// Those that are copied.
    var subresources: [String] {
        (self.hasStatus ? ["status"] : []) + (self.isScalable ? ["scale"] : [])
            + (self.kind == "Pod" ? ["binding", "eviction"] : []) + (self.kind == "Namespace" ? ["finalize"] : [])
            + (self.kind == "ServiceAccount" ? ["token"] : [])
    }

    /// Those that a real server has besides.
    var uncopiedSubresources: [String] {
        switch self.kind {
        case "Pod": ["log", "exec", "attach", "portforward", "proxy", "ephemeralcontainers", "resize"]
        case "Node", "Service": ["proxy"]
        case "CertificateSigningRequest": ["approval"]
        default: []
        }
    }

    /// Whether a deletion that does not say what becomes of dependents leaves them: as these versions always did.
    var orphansByDefault: Bool { self.builtInKind == "Job" || self.builtInKind == "ReplicationController" }

    /// The kind where it is one of Kubernetes' own, else empty: Volcano's jobs are no Jobs.
    var builtInKind: String {
        let isOwn = !self.isCustom && (!self.group.contains(".") || self.group.hasSuffix(".k8s.io"))
        return isOwn ? self.kind : ""
    }

    enum Traits { case plain, status, generation, statusAndGeneration }

    init(
        _ group: String, _ version: String, _ plural: String, _ kind: String, namespaced: Bool, _ traits: Traits
    ) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = namespaced
        self.hasStatus = traits == .status || traits == .statusAndGeneration
        self.isScalable = ["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"].contains(kind)
        self.isCustom = false
        self.hasGeneration = traits == .statusAndGeneration || traits == .generation
    }

    init(
        custom group: String, _ version: String, _ plural: String, _ kind: String, namespaced: Bool, hasStatus: Bool,
        isScalable: Bool
    ) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = namespaced
        self.hasStatus = hasStatus
        self.hasGeneration = true
        self.isScalable = isScalable
        self.isCustom = true
    }

    static let definitions = ResourceKind(
        "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced: false,
        .statusAndGeneration)
    static let pods = ResourceKind("", "v1", "pods", "Pod", namespaced: true, .statusAndGeneration)

    static let events = ResourceKind("events.k8s.io", "v1", "events", "Event", namespaced: true, .plain)
    static let coreEvents = ResourceKind("", "v1", "events", "Event", namespaced: true, .plain)

    static let serviceAccounts = ResourceKind(
        "", "v1", "serviceaccounts", "ServiceAccount", namespaced: true, .plain)
}
