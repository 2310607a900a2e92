import KubernetesAPI

/// The columns of server-side tables, with the descriptions that kube-apiserver v1.36.2 gives them (Kubernetes' API documentation,
/// Apache License 2.0, recorded on 2026-11-23).
enum TableColumns {
    struct Column: Sendable {
        let name: String
        var type = "string"
        var format = ""
        var priority: Int64 = 0
        let description: String
    }

    static let name = Column(
        name: "Name", format: "name",
        description:
            "Name must be unique within a namespace. Is required when creating resources, although "
            + "some resources may allow a client to request the generation of an appropriate name "
            + "automatically. Name is primarily intended for creation idempotence and configuration "
            + "definition. Cannot be updated. More info: "
            + "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names")
    static let age = Column(
        name: "Age",
        description:
            "CreationTimestamp is a timestamp representing the server time when this object was "
            + "created. It is not guaranteed to be set in happens-before order across separate "
            + "operations. Clients may not set this value. It is represented in RFC3339 form and is in "
            + "UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
            + "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata")

    static let pod: [Column] = [
        Self.name,
        Column(
            name: "Ready",
            description:
                "The aggregate readiness state of this pod for accepting traffic."),
        Column(
            name: "Status",
            description:
                "The aggregate status of the containers in this pod."),
        Column(
            name: "Restarts",
            description:
                "The number of times the containers in this pod have been restarted and when the last "
                + "container in this pod has restarted."),
        Self.age,
        Column(
            name: "IP", priority: 1,
            description:
                "podIP address allocated to the pod. Routable at least within the cluster. Empty if not "
                + "yet allocated."),
        Column(
            name: "Node", priority: 1,
            description:
                "NodeName indicates in which node this pod is scheduled. If empty, this pod is a "
                + "candidate for scheduling by the scheduler defined in schedulerName. Once this field is "
                + "set, the kubelet for this node becomes responsible for the lifecycle of this pod. This "
                + "field should not be used to express a desire for the pod to be scheduled on a specific "
                + "node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename"),
        Column(
            name: "Nominated Node", priority: 1,
            description:
                "nominatedNodeName is set only when this pod preempts other pods on the node, but it "
                + "cannot be scheduled right away as preemption victims receive their graceful termination "
                + "periods. This field does not guarantee that the pod will be scheduled on this node. "
                + "Scheduler may decide to place the pod elsewhere if other nodes become available sooner. "
                + "Scheduler may also decide to give the resources on this node to a higher priority pod "
                + "that is created after preemption. As a result, this field may be different than "
                + "PodSpec.nodeName when the pod is scheduled."),
        Column(
            name: "Readiness Gates", priority: 1,
            description:
                "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready "
                + "when all its containers are ready AND all conditions specified in the readiness gates "
                + "have status equal to \"True\" More info: "
                + "https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates"),
    ]

    static let node: [Column] = [
        Self.name,
        Column(
            name: "Status",
            description:
                "The status of the node"),
        Column(
            name: "Roles",
            description:
                "The roles of the node"),
        Self.age,
        Column(
            name: "Version",
            description:
                "Kubelet Version reported by the node."),
        Column(
            name: "Internal-IP", priority: 1,
            description:
                "List of addresses reachable to the node. Queried from cloud provider, if available. More "
                + "info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field "
                + "is declared as mergeable, but the merge key is not sufficiently unique, which can cause "
                + "data corruption when it is merged. Callers should instead use a full-replacement patch. "
                + "See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can "
                + "change during the lifetime of a Node. However, there are some exceptions where this may "
                + "not be possible, such as Pods that inherit a Node's address in its own status or "
                + "consumers of the downward API (status.hostIP)."),
        Column(
            name: "External-IP", priority: 1,
            description:
                "List of addresses reachable to the node. Queried from cloud provider, if available. More "
                + "info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field "
                + "is declared as mergeable, but the merge key is not sufficiently unique, which can cause "
                + "data corruption when it is merged. Callers should instead use a full-replacement patch. "
                + "See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can "
                + "change during the lifetime of a Node. However, there are some exceptions where this may "
                + "not be possible, such as Pods that inherit a Node's address in its own status or "
                + "consumers of the downward API (status.hostIP)."),
        Column(
            name: "OS-Image", priority: 1,
            description:
                "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy))."),
        Column(
            name: "Kernel-Version", priority: 1,
            description:
                "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64)."),
        Column(
            name: "Container-Runtime", priority: 1,
            description:
                "ContainerRuntime Version reported by the node through runtime remote API (e.g. "
                + "containerd://1.4.2)."),
    ]

    static let deployment: [Column] = [
        Self.name,
        Column(
            name: "Ready",
            description:
                "Number of the pod with ready state"),
        Column(
            name: "Up-to-date",
            description:
                "Total number of non-terminating pods targeted by this deployment that have the desired "
                + "template spec."),
        Column(
            name: "Available",
            description:
                "Total number of available non-terminating pods (ready for at least minReadySeconds) "
                + "targeted by this deployment."),
        Self.age,
        Column(
            name: "Containers", priority: 1,
            description:
                "Names of each container in the template."),
        Column(
            name: "Images", priority: 1,
            description:
                "Images referenced by each container in the template."),
        Column(
            name: "Selector", priority: 1,
            description:
                "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be "
                + "the ones affected by this deployment. It must match the pod template's labels."),
    ]

    static let podGroup: [Column] = [
        Self.name,
        Column(
            name: "Policy",
            description:
                "SchedulingPolicy defines the scheduling policy for this instance of the PodGroup. "
                + "Controllers are expected to fill this field by copying it from a PodGroupTemplate. This "
                + "field is immutable."),
        Column(name: "Workload", description: "Name of the referenced Workload object"),
        Column(name: "Status", description: "Status of the PodGroup"), Self.age,
    ]

    static let namespace: [Column] = [
        Self.name,
        Column(
            name: "Status",
            description:
                "The status of the namespace"),
        Self.age,
    ]

    static let budget: [Column] = [
        Self.name,
        Column(
            name: "Min Available",
            description:
                "The minimum number of pods that must be available."),
        Column(
            name: "Max Unavailable",
            description:
                "The maximum number of pods that may be unavailable."),
        Column(
            name: "Allowed Disruptions", type: "integer",
            description:
                "Calculated number of pods that may be disrupted at this time."),
        Self.age,
    ]

    static let lease: [Column] = [
        Self.name,
        Column(
            name: "Holder",
            description:
                "holderIdentity contains the identity of the holder of a current lease. If Coordinated "
                + "Leader Election is used, the holder identity must be equal to the elected "
                + "LeaseCandidate.metadata.name field."),
        Self.age,
    ]

    static let event: [Column] = [
        Column(
            name: "Last Seen",
            description:
                "The time at which the most recent occurrence of this event was recorded."),
        Column(
            name: "Type",
            description:
                "Type of this event (Normal, Warning), new types could be added in the future"),
        Column(
            name: "Reason",
            description:
                "This should be a short, machine understandable string that gives the reason for the "
                + "transition into the object's current status."),
        Column(
            name: "Object",
            description:
                "The object that this event is about."),
        Column(
            name: "Subobject", priority: 1,
            description:
                "If referring to a piece of an object instead of an entire object, this string should "
                + "contain a valid JSON/Go field access statement, such as "
                + "desiredState.manifest.containers[2]. For example, if the object reference is to a "
                + "container within a pod, this would take on a value like: \"spec.containers{name}\" (where "
                + "\"name\" refers to the name of the container that triggered the event) or if no container "
                + "name is specified \"spec.containers[2]\" (container with index 2 in this pod). This syntax "
                + "is chosen only to have some well-defined way of referencing a part of an object."),
        Column(
            name: "Source", priority: 1,
            description:
                "The component reporting this event. Should be a short machine understandable string."),
        Column(
            name: "Message",
            description:
                "A human-readable description of the status of this operation."),
        Column(
            name: "First Seen", priority: 1,
            description:
                "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)"),
        Column(
            name: "Count", priority: 1,
            description:
                "The number of times this event has occurred."),
        Column(
            name: "Name", format: "name", priority: 1,
            description:
                "Name must be unique within a namespace. Is required when creating resources, although "
                + "some resources may allow a client to request the generation of an appropriate name "
                + "automatically. Name is primarily intended for creation idempotence and configuration "
                + "definition. Cannot be updated. More info: "
                + "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"),
    ]

    /// Of kinds without columns of their own.
    static let plain: [Column] = [
        Self.name,
        Column(name: "Created At", type: "date", description: Self.age.description),
    ]

    /// Of a custom kind, by the printer columns of its version.
    static func custom(_ columns: [JSONTree]) -> [Column] {
        let own = columns.map { column in
            Column(
                name: column["name"]?.string ?? "", type: column["type"]?.string ?? "string",
                format: column["format"]?.string ?? "", priority: column["priority"]?.integer ?? 0,
                description: column["description"]?.string
                    ?? "Custom resource definition column (in JSONPath format): \(column["jsonPath"]?.string ?? "")")
        }
        return [Self.name] + (own.isEmpty ? [Column(name: "Age", type: "date", description: "")] : own)
    }
}
