import KubernetesAPI

/// What the server fills in when an object is created.
enum Defaults {
    static func set(_ kind: ResourceKind, _ object: inout JSONTree) {
        switch kind.kind {
        case "Pod": self.setPod(&object)
        case "Namespace":
            object[path: ["metadata", "labels", "kubernetes.io/metadata.name"]] = object["metadata"]?["name"]
            object["spec"] = ["finalizers": ["kubernetes"]]
            object["status"] = ["phase": "Active"]
        case "Node": self.setNode(&object)
        default: if kind.hasStatus { object["status"] = [:] }
        }
    }

    private static func setDefault(_ object: inout JSONTree, _ path: [String], _ value: JSONTree) {
        if object[path: path] == nil { object[path: path] = value }
    }

    // MARK: Pods

    private static func setPod(_ pod: inout JSONTree) {
        let values: [(String, JSONTree)] = [
            ("schedulerName", "default-scheduler"), ("restartPolicy", "Always"), ("terminationGracePeriodSeconds", 30),
            ("dnsPolicy", "ClusterFirst"), ("serviceAccountName", "default"), ("securityContext", [:]), ("priority", 0),
            ("enableServiceLinks", .boolean(true)), ("preemptionPolicy", "PreemptLowerPriority"),
        ]
        for (field, value) in values { self.setDefault(&pod, ["spec", field], value) }
        pod[path: ["spec", "serviceAccount"]] = pod[path: ["spec", "serviceAccountName"]]
        for field in ["containers", "initContainers"] {
            guard case .array(var containers)? = pod[path: ["spec", field]] else { continue }
            for index in containers.indices { self.setContainer(&containers[index]) }
            pod[path: ["spec", field]] = .array(containers)
        }
        self.addTolerations(&pod)
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

    private static func setContainer(_ container: inout JSONTree) {
        self.setDefault(&container, ["terminationMessagePath"], "/dev/termination-log")
        self.setDefault(&container, ["terminationMessagePolicy"], "File")
        let image = container["image"]?.string ?? ""
        let tag = image.split(separator: "/").last?.split(separator: ":").dropFirst().first
        self.setDefault(
            &container, ["imagePullPolicy"], tag == nil || tag == "latest" ? "Always" : "IfNotPresent")
        self.setDefault(&container, ["resources"], [:])
        for kind in ["limits", "requests"] {
            for amount in container[path: ["resources", kind]]?.members ?? [] {
                if let number = amount.value.integer {
                    container[path: ["resources", kind, amount.key]] = .string(String(number))
                }
            }
        }
        for limit in container[path: ["resources", "limits"]]?.members ?? [] {
            self.setDefault(&container, ["resources", "requests", limit.key], limit.value)
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
        let containers = ["containers", "initContainers"].flatMap { pod[path: ["spec", $0]]?.elements ?? [] }
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
        let facts = [
            "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion",
            "kubeletVersion",
            "kubeProxyVersion", "operatingSystem", "architecture",
        ]
        self.setDefault(&node, ["status", "nodeInfo"], .object(facts.map { .init($0, "") }))
    }
}
