import KubernetesAPI

/// A resource or subresource as discovery tells of it.
struct DiscoveryResource: Sendable {
    var name: String
    var singular = ""
    var kind: String
    var isNamespaced: Bool
    var verbs: [String]
    var shortNames: [String] = []
    var categories: [String] = []
    /// Where its objects are of another group than the resource's.
    var group: String?
    var version: String?

    private static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    private static let customVerbs = [
        "delete", "deletecollection", "get", "list", "patch", "create", "update", "watch",
    ]

    private static let shortNames: [String: [String]] = [
        "ConfigMap": ["cm"], "Event": ["ev"], "Namespace": ["ns"], "Node": ["no"], "PersistentVolumeClaim": ["pvc"],
        "PersistentVolume": ["pv"], "Pod": ["po"], "ServiceAccount": ["sa"], "DaemonSet": ["ds"],
        "Deployment": ["deploy"], "ReplicaSet": ["rs"], "StatefulSet": ["sts"], "PodDisruptionBudget": ["pdb"],
        "PriorityClass": ["pc"], "StorageClass": ["sc"], "CustomResourceDefinition": ["crd", "crds"],
        "ComponentStatus": ["cs"], "Endpoints": ["ep"], "LimitRange": ["limits"], "ReplicationController": ["rc"],
        "ResourceQuota": ["quota"], "Service": ["svc"], "HorizontalPodAutoscaler": ["hpa"], "CronJob": ["cj"],
        "CertificateSigningRequest": ["csr"], "Ingress": ["ing"], "IPAddress": ["ip"], "NetworkPolicy": ["netpol"],
        "VolumeAttributesClass": ["vac"],
    ]
    private static let inAll: Set<String> = [
        "Pod", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "Job", "CronJob", "ReplicationController",
        "Service", "HorizontalPodAutoscaler",
    ]

    private static func categories(of kind: ResourceKind) -> [String] {
        let extending = ["apiextensions.k8s.io", "admissionregistration.k8s.io", "apiregistration.k8s.io"]
        if extending.contains(kind.group) { return ["api-extensions"] }
        return self.inAll.contains(kind.kind) ? ["all"] : []
    }

    /// A kind with its subresources: in the order of their names, but a custom kind's status before its scale.
    static func all(of kind: ResourceKind, _ custom: CustomResource?) -> [Self] {
        var main = Self(
            name: kind.plural, singular: kind.kind.lowercased(), kind: kind.kind, isNamespaced: kind.isNamespaced,
            verbs: kind.isCustom ? self.customVerbs : self.allVerbs)
        if let custom {
            main.singular = custom.singular
            main.shortNames = custom.shortNames.compactMap(\.string)
            main.categories = custom.categories
        } else if !kind.isCustom {
            main.shortNames = self.shortNames[kind.kind] ?? []
            main.categories = self.categories(of: kind)
        }
        // Namespaces go one by one.
        if kind.kind == "Namespace" { main.verbs.removeAll { $0 == "deletecollection" } }
        if kind.kind == "ComponentStatus" { main.verbs = ["get", "list"] }
        let subresources = (kind.subresources + kind.uncopiedSubresources).map { Self.subresource($0, kind) }
        return [main] + (kind.isCustom ? subresources : subresources.sorted { $0.name < $1.name })
    }

    private static func subresource(_ name: String, _ kind: ResourceKind) -> Self {
        var resource = Self(
            name: "\(kind.plural)/\(name)", kind: kind.kind, isNamespaced: kind.isNamespaced,
            verbs: ["get", "patch", "update"])
        switch name {
        case "scale": (resource.group, resource.version, resource.kind) = ("autoscaling", "v1", "Scale")
        case "binding": (resource.kind, resource.verbs) = ("Binding", ["create"])
        case "eviction":
            (resource.group, resource.version, resource.kind) = ("policy", "v1", "Eviction")
            resource.verbs = ["create"]
        case "finalize": resource.verbs = ["update"]
        case "log": resource.verbs = ["get"]
        case "attach": (resource.kind, resource.verbs) = ("PodAttachOptions", ["create", "get"])
        case "exec": (resource.kind, resource.verbs) = ("PodExecOptions", ["create", "get"])
        case "portforward": (resource.kind, resource.verbs) = ("PodPortForwardOptions", ["create", "get"])
        case "proxy":
            resource.kind = "\(kind.kind)ProxyOptions"
            resource.verbs = ["create", "delete", "get", "patch", "update"]
        case "token":
            (resource.group, resource.version, resource.kind) = ("authentication.k8s.io", "v1", "TokenRequest")
            resource.verbs = ["create"]
        default: break
        }
        return resource
    }

    /// What is answered and not kept: reviews, and bindings that name their pod in the body.
    static func transient(_ group: String, _ version: String) -> [Self] {
        guard version == "v1" else { return [] }
        func review(_ kind: String) -> Self {
            Self(
                name: kind.lowercased() + "s", singular: kind.lowercased(), kind: kind,
                isNamespaced: kind.hasPrefix("Local"), verbs: ["create"])
        }
        switch group {
        case "":
            return [
                .init(name: "bindings", singular: "binding", kind: "Binding", isNamespaced: true, verbs: ["create"])
            ]
        case "authentication.k8s.io": return ["SelfSubjectReview", "TokenReview"].map(review)
        case "authorization.k8s.io":
            return [
                "LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview",
            ].map(review)
        default: return []
        }
    }

    /// Groups that have nothing but transient resources.
    static let transientGroups = ["authentication.k8s.io", "authorization.k8s.io"]

    // MARK: Writing

    /// As a member of an `APIResourceList`.
    var entry: JSONTree {
        var tree: JSONTree = [
            "name": .string(self.name), "singularName": .string(self.singular),
            "namespaced": .boolean(self.isNamespaced),
        ]
        if let group { tree["group"] = .string(group) }
        if let version { tree["version"] = .string(version) }
        tree["kind"] = .string(self.kind)
        tree["verbs"] = Self.list(self.verbs)
        if !self.shortNames.isEmpty { tree["shortNames"] = Self.list(self.shortNames) }
        if !self.categories.isEmpty { tree["categories"] = Self.list(self.categories) }
        return tree
    }

    /// As a member of an aggregated discovery, with its subresources.
    func aggregated(_ subresources: [Self]) -> JSONTree {
        var tree: JSONTree = [
            "resource": .string(self.name), "responseKind": self.responseKind,
            "scope": self.isNamespaced ? "Namespaced" : "Cluster", "singularResource": .string(self.singular),
            "verbs": Self.list(self.verbs),
        ]
        if !self.shortNames.isEmpty { tree["shortNames"] = Self.list(self.shortNames) }
        if !self.categories.isEmpty { tree["categories"] = Self.list(self.categories) }
        if !subresources.isEmpty {
            tree["subresources"] = .array(
                subresources.map { part in
                    [
                        "subresource": .string(String(part.name.drop { $0 != "/" }.dropFirst())),
                        "responseKind": part.responseKind, "verbs": Self.list(part.verbs),
                    ]
                })
        }
        return tree
    }

    /// Empty group and version stand for those of the list.
    private var responseKind: JSONTree {
        [
            "group": .string(self.group ?? ""), "version": .string(self.version ?? ""), "kind": .string(self.kind),
        ]
    }

    private static func list(_ texts: [String]) -> JSONTree { .array(texts.map(JSONTree.string)) }
}
