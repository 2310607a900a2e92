/// The kinds that kube-apiserver v1.36 serves by default.
extension ResourceKind {
    /// Kept, with the rules of this server.
    static let all: [ResourceKind] =
        [
            .init("", "v1", "namespaces", "Namespace", namespaced: false, .status),
            .init("", "v1", "nodes", "Node", namespaced: false, .status), .pods, .serviceAccounts, .events, .coreEvents,
            .init("", "v1", "configmaps", "ConfigMap", namespaced: true, .plain),
            .init("", "v1", "secrets", "Secret", namespaced: true, .plain),
            .init("", "v1", "services", "Service", namespaced: true, .status),
            .init("", "v1", "endpoints", "Endpoints", namespaced: true, .plain),
            .init("", "v1", "persistentvolumes", "PersistentVolume", namespaced: false, .status),
            .init("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", namespaced: true, .status),
            .init("", "v1", "replicationcontrollers", "ReplicationController", namespaced: true, .statusAndGeneration),
        ] + Self.workloads + Self.access + Self.network + Self.storage + [
            .init(
                "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", namespaced: true, .statusAndGeneration),
            .init("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", namespaced: false, .generation),
            .init("coordination.k8s.io", "v1", "leases", "Lease", namespaced: true, .plain), .definitions,
            .init("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", namespaced: false, .plain),
            .init("resource.k8s.io", "v1", "deviceclasses", "DeviceClass", namespaced: false, .generation),
            .init("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim", namespaced: true, .status),
            .init("resource.k8s.io", "v1", "resourceclaimtemplates", "ResourceClaimTemplate", namespaced: true, .plain),
            .init("resource.k8s.io", "v1", "resourceslices", "ResourceSlice", namespaced: false, .generation),
        ]

    private static let workloads: [ResourceKind] = [
        .init("apps", "v1", "deployments", "Deployment", namespaced: true, .statusAndGeneration),
        .init("apps", "v1", "replicasets", "ReplicaSet", namespaced: true, .statusAndGeneration),
        .init("apps", "v1", "statefulsets", "StatefulSet", namespaced: true, .statusAndGeneration),
        .init("apps", "v1", "daemonsets", "DaemonSet", namespaced: true, .statusAndGeneration),
        .init("batch", "v1", "jobs", "Job", namespaced: true, .statusAndGeneration),
        .init("batch", "v1", "cronjobs", "CronJob", namespaced: true, .statusAndGeneration),
        .init("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", namespaced: true, .status),
    ]

    private static let access: [ResourceKind] = [
        .init("rbac.authorization.k8s.io", "v1", "roles", "Role", namespaced: true, .plain),
        .init("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", namespaced: true, .plain),
        .init("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced: false, .plain),
        .init(
            "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced: false, .plain),
    ]

    private static let network: [ResourceKind] = [
        .init("networking.k8s.io", "v1", "ingresses", "Ingress", namespaced: true, .statusAndGeneration),
        .init("networking.k8s.io", "v1", "ingressclasses", "IngressClass", namespaced: false, .generation),
        .init("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", namespaced: true, .generation),
        .init("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", namespaced: true, .generation),
    ]

    private static let storage: [ResourceKind] = [
        .init("storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced: false, .plain),
        .init("storage.k8s.io", "v1", "csidrivers", "CSIDriver", namespaced: false, .plain),
        .init("storage.k8s.io", "v1", "csinodes", "CSINode", namespaced: false, .plain),
        .init("storage.k8s.io", "v1", "csistoragecapacities", "CSIStorageCapacity", namespaced: true, .plain),
        .init("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", namespaced: false, .status),
    ]

    /// What these do to other objects is not copied: they cannot be written. A new cluster has none, and so has this one.
    static let alwaysEmpty: [ResourceKind] = [
        .init("", "v1", "limitranges", "LimitRange", namespaced: true, .plain),
        .init("", "v1", "podtemplates", "PodTemplate", namespaced: true, .plain),
        .init("", "v1", "resourcequotas", "ResourceQuota", namespaced: true, .status),
        .init("apps", "v1", "controllerrevisions", "ControllerRevision", namespaced: true, .plain),
        .init(
            "certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", namespaced: false,
            .status),
        .init(
            "storage.k8s.io", "v1", "volumeattributesclasses", "VolumeAttributesClass", namespaced: false, .plain),
        Self.admission("mutatingadmissionpolicies", "MutatingAdmissionPolicy"),
        Self.admission("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding"),
        Self.admission("mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
        Self.admission("validatingadmissionpolicies", "ValidatingAdmissionPolicy", .status),
        Self.admission("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"),
        Self.admission("validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
    ]

    private static func admission(_ plural: String, _ kind: String, _ traits: Traits = .plain) -> ResourceKind {
        ResourceKind("admissionregistration.k8s.io", "v1", plural, kind, namespaced: false, traits)
    }

    /// Known to discovery, and nothing else: a new cluster has objects of these kinds, or they are another form of one that is copied.
    static let uncopied: [ResourceKind] = [
        .init("", "v1", "componentstatuses", "ComponentStatus", namespaced: false, .plain),
        .init("apiregistration.k8s.io", "v1", "apiservices", "APIService", namespaced: false, .status),
        .init("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", namespaced: true, .status),
        .init("networking.k8s.io", "v1", "ipaddresses", "IPAddress", namespaced: false, .plain),
        .init("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", namespaced: false, .status),
        .init("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema", namespaced: false, .status),
        .init(
            "flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations", "PriorityLevelConfiguration",
            namespaced: false, .status),
    ]
}
