import KubernetesAPI

/// What the server fills in.
enum Defaults {
    /// When an object is created.
    static func set(_ kind: ResourceKind, _ object: inout JSONTree) {
        self.fill(kind, &object)
        switch kind.builtInKind {
        case "Pod": self.setPodStatus(&object)
        case "Namespace":
            object[path: ["metadata", "labels", "kubernetes.io/metadata.name"]] = object["metadata"]?["name"]
            object["spec"] = ["finalizers": ["kubernetes"]]
            object["status"] = ["phase": "Active"]
        case "Node": break
        case "PersistentVolume", "PersistentVolumeClaim": object["status"] = ["phase": "Pending"]
        case "CustomResourceDefinition": object["status"] = nil
        default: if kind.hasStatus { object["status"] = kind.isCustom ? nil : kind.emptyFields["status"] ?? [:] }
        }
    }

    /// Whenever an object is read from a request.
    static func fill(_ kind: ResourceKind, _ object: inout JSONTree) {
        if let shape = TypeShape.of(kind) { object = shape.written(object) }
        switch kind.builtInKind {
        case "Pod": self.setPod(&object)
        case "Node": self.setNode(&object)
        case "Lease": self.setDefault(&object, ["spec"], [:])
        case "Deployment": self.setDeployment(&object)
        case "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController":
            self.setTemplate(&object, ["spec", "template"])
        case "CronJob": self.setTemplate(&object, ["spec", "jobTemplate", "spec", "template"])
        default: break
        }
        self.fillKind(kind, &object)
    }

    static func setDefault(_ object: inout JSONTree, _ path: [String], _ value: JSONTree) {
        if object[path: path] == nil { object[path: path] = value }
    }

    // MARK: Pods

    private static func setPod(_ pod: inout JSONTree) {
        let values: [(String, JSONTree)] = [
            ("serviceAccountName", "default"), ("priority", 0), ("enableServiceLinks", .boolean(true)),
            ("preemptionPolicy", "PreemptLowerPriority"),
        ]
        for (field, value) in values { self.setDefault(&pod, ["spec", field], value) }
        pod[path: ["spec", "serviceAccount"]] = pod[path: ["spec", "serviceAccountName"]]
        var spec = pod["spec"] ?? [:]
        self.setPodSpec(&spec)
        pod["spec"] = spec
        self.addTolerations(&pod)
    }

    /// Of a pod or a template of pods.
    private static func setPodSpec(_ spec: inout JSONTree) {
        let values: [(String, JSONTree)] = [
            ("schedulerName", "default-scheduler"), ("restartPolicy", "Always"), ("terminationGracePeriodSeconds", 30),
            ("dnsPolicy", "ClusterFirst"), ("securityContext", [:]),
        ]
        for (field, value) in values {
            if spec[field] == "" { spec[field] = nil }
            self.setDefault(&spec, [field], value)
        }
        if spec["terminationGracePeriodSeconds"]?.integer ?? 0 < 0 { spec["terminationGracePeriodSeconds"] = 1 }
        for field in ["containers", "initContainers"] {
            guard case .array(var containers)? = spec[field] else { continue }
            for index in containers.indices {
                self.setContainer(&containers[index], onHostNetwork: spec["hostNetwork"] == .boolean(true))
            }
            spec[field] = .array(containers)
        }
        self.setResources(&spec, isPod: true)
        guard case .array(var volumes)? = spec["volumes"] else { return }
        for index in volumes.indices { self.setVolume(&volumes[index]) }
        spec["volumes"] = .array(volumes)
    }

    private static func setVolume(_ volume: inout JSONTree) {
        if volume["hostPath"] != nil { self.setDefault(&volume, ["hostPath", "type"], "") }
        for source in ["configMap", "secret", "projected", "downwardAPI"] where volume[source] != nil {
            self.setDefault(&volume, [source, "defaultMode"], 420)
        }
    }

    /// Amounts in the server's own spelling; what is limited and not asked for is asked for.
    private static func setResources(_ holder: inout JSONTree, isPod: Bool = false) {
        for kind in ["limits", "requests"] {
            for amount in holder[path: ["resources", kind]]?.members ?? [] {
                if let text = CanonicalQuantity.text(amount.value) {
                    holder[path: ["resources", kind, amount.key]] = .string(text)
                }
            }
        }
        for limit in holder[path: ["resources", "limits"]]?.members ?? []
        where !(isPod && limit.key.contains("/")) {
            self.setDefault(&holder, ["resources", "requests", limit.key], limit.value)
        }
    }

    private static func setTemplate(_ object: inout JSONTree, _ path: [String]) {
        guard var spec = object[path: path + ["spec"]] else { return }
        self.setPodSpec(&spec)
        object[path: path + ["spec"]] = spec
        if object[path: path + ["metadata"]] == nil { object[path: path + ["metadata"]] = [:] }
    }

    private static func setDeployment(_ object: inout JSONTree) {
        let values: [(String, JSONTree)] = [
            ("replicas", 1), ("progressDeadlineSeconds", 600), ("revisionHistoryLimit", 10),
        ]
        for (field, value) in values { self.setDefault(&object, ["spec", field], value) }
        self.setDefault(&object, ["spec", "strategy", "type"], "RollingUpdate")
        if object[path: ["spec", "strategy", "type"]] == "RollingUpdate" {
            for field in ["maxSurge", "maxUnavailable"] {
                self.setDefault(&object, ["spec", "strategy", "rollingUpdate", field], "25%")
            }
        }
        self.setTemplate(&object, ["spec", "template"])
    }

    private static func setPodStatus(_ pod: inout JSONTree) {
        var status: JSONTree = ["phase": "Pending", "qosClass": self.qosClass(of: pod)]
        if let gates = pod[path: ["spec", "schedulingGates"]], !gates.elements.isEmpty {
            status["conditions"] = [
                [
                    "type": "PodScheduled", "status": "False", "lastProbeTime": .null, "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                ]
            ]
        }
        pod["status"] = status
    }

    private static func setContainer(_ container: inout JSONTree, onHostNetwork: Bool) {
        self.setDefault(&container, ["terminationMessagePath"], "/dev/termination-log")
        self.setDefault(&container, ["terminationMessagePolicy"], "File")
        let image = container["image"]?.string ?? ""
        let tag = image.split(separator: "/").last?.split(separator: ":").dropFirst().first
        self.setDefault(
            &container, ["imagePullPolicy"], tag == nil || tag == "latest" ? "Always" : "IfNotPresent")
        self.setDefault(&container, ["resources"], [:])
        if case .array(var ports)? = container["ports"] {
            for index in ports.indices {
                self.setDefault(&ports[index], ["protocol"], "TCP")
                if onHostNetwork, let port = ports[index]["containerPort"] {
                    self.setDefault(&ports[index], ["hostPort"], port)
                }
            }
            container["ports"] = .array(ports)
        }
        self.setResources(&container)
        if case .array(var variables)? = container["env"] {
            for index in variables.indices where variables[index][path: ["valueFrom", "fieldRef"]] != nil {
                self.setDefault(&variables[index], ["valueFrom", "fieldRef", "apiVersion"], "v1")
            }
            container["env"] = .array(variables)
        }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] where container[probe] != nil {
            let values: [(String, JSONTree)] = [
                ("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3),
            ]
            for (field, value) in values { self.setDefault(&container, [probe, field], value) }
            guard container[path: [probe, "httpGet"]] != nil else { continue }
            self.setDefault(&container, [probe, "httpGet", "path"], "/")
            self.setDefault(&container, [probe, "httpGet", "scheme"], "HTTP")
        }
    }

    /// Pods outlive a short absence of their node.
    private static func addTolerations(_ pod: inout JSONTree) {
        var tolerations = pod[path: ["spec", "tolerations"]]?.elements ?? []
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let isTolerated = tolerations.contains { toleration in
                let effect = toleration["effect"]?.string ?? ""
                return (toleration["key"]?.string ?? key) == key && (effect.isEmpty || effect == "NoExecute")
            }
            guard !isTolerated else { continue }
            tolerations.append(
                ["key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300])
        }
        pod[path: ["spec", "tolerations"]] = .array(tolerations)
    }

    /// By CPU and memory alone: devices do not count.
    private static func qosClass(of pod: JSONTree) -> JSONTree {
        let own = pod[path: ["spec", "resources"]]?.members.isEmpty == false ? pod["spec"] : nil
        let containers =
            own.map { [$0] }
            ?? ["containers", "initContainers"].flatMap { pod[path: ["spec", $0]]?.elements ?? [] }
        let amounts = containers.flatMap { container in
            ["cpu", "memory"].map { resource in
                (
                    limit: container[path: ["resources", "limits", resource]],
                    request: container[path: ["resources", "requests", resource]]
                )
            }
        }
        if amounts.allSatisfy({ $0.limit == nil && $0.request == nil }) { return "BestEffort" }
        return amounts.allSatisfy { $0.limit != nil && $0.limit == $0.request } ? "Guaranteed" : "Burstable"
    }

    // MARK: Nodes

    private static func setNode(_ node: inout JSONTree) {
        self.setDefault(&node, ["spec"], [:])
        self.setDefault(&node, ["status", "daemonEndpoints"], ["kubeletEndpoint": ["Port": 0]])
        self.setDefault(&node, ["status", "nodeInfo"], ResourceKind.emptyNodeInfo)
    }
}
