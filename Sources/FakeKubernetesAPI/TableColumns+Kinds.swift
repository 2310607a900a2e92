/// Columns of kinds that only tools and manifests write, described as in Kubernetes' API documentation (Apache License 2.0).
extension TableColumns {
    private static let containers = Column(
        name: "Containers", priority: 1, description: "Names of each container in the template.")
    private static let images = Column(
        name: "Images", priority: 1, description: "Images referenced by each container in the template.")

    static let configMap: [Column] = [
        Self.name,
        Column(
            name: "Data",
            description:
                "Data contains the configuration data. Each key must consist of alphanumeric characters, '-',"
                + " '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys "
                + "stored in Data must not overlap with the keys in the BinaryData field, this is enforced "
                + "during validation process."),
        Self.age,
    ]

    static let secret: [Column] = [
        Self.name,
        Column(
            name: "Type",
            description:
                "Used to facilitate programmatic handling of secret data. More info: "
                + "https://kubernetes.io/docs/concepts/configuration/secret/#secret-types"),
        Column(
            name: "Data",
            description:
                "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or"
                + " '.'. The serialized form of the secret data is a base64 encoded string, representing the "
                + "arbitrary (possibly non-string) data value here. Described in "
                + "https://tools.ietf.org/html/rfc4648#section-4"),
        Self.age,
    ]

    static let service: [Column] = [
        Self.name,
        Column(
            name: "Type",
            description:
                "type determines how the Service is exposed. Defaults to ClusterIP. Valid options are "
                + "ExternalName, ClusterIP, NodePort, and LoadBalancer. \"ClusterIP\" allocates a cluster-"
                + "internal IP address for load-balancing to endpoints. Endpoints are determined by the "
                + "selector or if that is not specified, by manual construction of an Endpoints object or "
                + "EndpointSlice objects. If clusterIP is \"None\", no virtual IP is allocated and the endpoints "
                + "are published as a set of endpoints rather than a virtual IP. \"NodePort\" builds on ClusterIP"
                + " and allocates a port on every node which routes to the same endpoints as the clusterIP. "
                + "\"LoadBalancer\" builds on NodePort and creates an external load-balancer (if supported in the"
                + " current cloud) which routes to the same endpoints as the clusterIP. \"ExternalName\" aliases "
                + "this service to the specified externalName. Several other fields do not apply to "
                + "ExternalName services. More info: https://kubernetes.io/docs/concepts/services-"
                + "networking/service/#publishing-services-service-types"),
        Column(
            name: "Cluster-IP",
            description:
                "clusterIP is the IP address of the service and is usually assigned randomly. If an address "
                + "is specified manually, is in-range (as per system configuration), and is not in use, it will"
                + " be allocated to the service; otherwise creation of the service will fail. This field may "
                + "not be changed through updates unless the type field is also being changed to ExternalName "
                + "(which requires this field to be blank) or the type field is being changed from ExternalName"
                + " (in which case this field may optionally be specified, as describe above).  Valid values "
                + "are \"None\", empty string (\"\"), or a valid IP address. Setting this to \"None\" makes a "
                + "\"headless service\" (no virtual IP), which is useful when direct endpoint connections are "
                + "preferred and proxying is not required.  Only applies to types ClusterIP, NodePort, and "
                + "LoadBalancer. If this field is specified when creating a Service of type ExternalName, "
                + "creation will fail. This field will be wiped when updating a Service to type ExternalName. "
                + "More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-"
                + "service-proxies"),
        Column(
            name: "External-IP",
            description:
                "externalIPs is a list of IP addresses for which nodes in the cluster will also accept "
                + "traffic for this service.  These IPs are not managed by Kubernetes.  The user is responsible"
                + " for ensuring that traffic arrives at a node with this IP.  A common example is external "
                + "load-balancers that are not part of the Kubernetes system."),
        Column(
            name: "Port(s)",
            description:
                "The list of ports that are exposed by this service. More info: "
                + "https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-"
                + "proxies"),
        Self.age,
        Column(
            name: "Selector", priority: 1,
            description:
                "Route service traffic to pods with label keys and values matching this selector. If empty or"
                + " not present, the service is assumed to have an external process managing its endpoints, "
                + "which Kubernetes will not modify. Only applies to types ClusterIP, NodePort, and "
                + "LoadBalancer. Ignored if type is ExternalName. More info: "
                + "https://kubernetes.io/docs/concepts/services-networking/service/"),
    ]

    static let serviceAccount: [Column] = [
        Self.name,
        Column(
            name: "Secrets",
            description:
                "Secrets is a list of the secrets in the same namespace that pods running using this "
                + "ServiceAccount are allowed to use. Pods are only limited to this list if this service "
                + "account has a \"kubernetes.io/enforce-mountable-secrets\" annotation set to \"true\". The "
                + "\"kubernetes.io/enforce-mountable-secrets\" annotation is deprecated since v1.32. Prefer "
                + "separate namespaces to isolate access to mounted secrets. This field should not be used to "
                + "find auto-generated service account token secrets for use outside of pods. Instead, tokens "
                + "can be requested directly using the TokenRequest API, or service account token secrets can "
                + "be manually created. More info: https://kubernetes.io/docs/concepts/configuration/secret"),
        Self.age,
    ]

    static let replicaSet: [Column] = [
        Self.name,
        Column(
            name: "Desired", type: "integer",
            description:
                "Replicas is the number of desired pods. This is a pointer to distinguish between explicit "
                + "zero and unspecified. Defaults to 1. More info: "
                + "https://kubernetes.io/docs/concepts/workloads/controllers/replicaset"),
        Column(
            name: "Current", type: "integer",
            description:
                "Replicas is the most recently observed number of non-terminating pods. More info: "
                + "https://kubernetes.io/docs/concepts/workloads/controllers/replicaset"),
        Column(
            name: "Ready", type: "integer",
            description:
                "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition."),
        Self.age,
        Self.containers,
        Self.images,
        Column(
            name: "Selector", priority: 1,
            description:
                "Selector is a label query over pods that should match the replica count. Label keys and "
                + "values that must match in order to be controlled by this replica set. It must match the pod "
                + "template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-"
                + "objects/labels/#label-selectors"),
    ]

    static let statefulSet: [Column] = [
        Self.name,
        Column(
            name: "Ready",
            description:
                "Number of the pod with ready state"),
        Self.age,
        Self.containers,
        Self.images,
    ]

    static let priorityClass: [Column] = [
        Self.name,
        Column(
            name: "Value", type: "integer",
            description:
                "value represents the integer value of this priority class. This is the actual priority that "
                + "pods receive when they have the name of this class in their pod spec."),
        Column(
            name: "Global-Default", type: "boolean",
            description:
                "globalDefault specifies whether this PriorityClass should be considered as the default "
                + "priority for pods that do not have any priority class. Only one PriorityClass can be marked "
                + "as `globalDefault`. However, if more than one PriorityClasses exists with their "
                + "`globalDefault` field set to true, the smallest value of such global default PriorityClasses"
                + " will be used as the default priority."),
        Column(
            name: "PreemptionPolicy",
            description:
                "preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, "
                + "PreemptLowerPriority. Defaults to PreemptLowerPriority if unset."),
        Self.age,
    ]
}
