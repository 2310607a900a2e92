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
        case "Node": ["proxy"]
        default: []
        }
    }

    enum Traits { case plain, status, statusAndGeneration }

    init(
        _ group: String, _ version: String, _ plural: String, _ kind: String, namespaced: Bool, _ traits: Traits
    ) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = namespaced
        self.hasStatus = traits != .plain
        self.isScalable = ["Deployment", "ReplicaSet", "StatefulSet"].contains(kind)
        self.isCustom = false
        self.hasGeneration = traits == .statusAndGeneration || kind == "PriorityClass"
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

    static let all: [ResourceKind] = [
        .init("", "v1", "namespaces", "Namespace", namespaced: false, .status),
        .init("", "v1", "nodes", "Node", namespaced: false, .status), .pods,
        .init("", "v1", "configmaps", "ConfigMap", namespaced: true, .plain),
        .init("", "v1", "persistentvolumes", "PersistentVolume", namespaced: false, .status),
        .init("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", namespaced: true, .status),
        .init("apps", "v1", "deployments", "Deployment", namespaced: true, .statusAndGeneration),
        .init("apps", "v1", "replicasets", "ReplicaSet", namespaced: true, .statusAndGeneration),
        .init("apps", "v1", "statefulsets", "StatefulSet", namespaced: true, .statusAndGeneration),
        .init("apps", "v1", "daemonsets", "DaemonSet", namespaced: true, .statusAndGeneration),
        .init("batch", "v1", "jobs", "Job", namespaced: true, .statusAndGeneration),
        .init("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", namespaced: true, .statusAndGeneration),
        .init("storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced: false, .plain),
        .init("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", namespaced: false, .plain),
        .init("coordination.k8s.io", "v1", "leases", "Lease", namespaced: true, .plain),
        .events, .coreEvents, .serviceAccounts, .definitions,
        .init("rbac.authorization.k8s.io", "v1", "roles", "Role", namespaced: true, .plain),
        .init("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", namespaced: true, .plain),
        .init("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced: false, .plain),
        .init(
            "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced: false, .plain),
    ]

    /// Groups that a real server has and this one does not copy.
    static let uncopiedGroups: Set<String> = [
        "authentication.k8s.io", "authorization.k8s.io", "admissionregistration.k8s.io",
        "apiregistration.k8s.io", "autoscaling", "certificates.k8s.io", "discovery.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io", "node.k8s.io", "resource.k8s.io",
    ]
}
