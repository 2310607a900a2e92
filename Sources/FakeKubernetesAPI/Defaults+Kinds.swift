import KubernetesAPI

/// What the server fills in for kinds other than pods and nodes.
extension Defaults {
    /// Values at paths where nothing stands yet, by kind.
    private static let plain: [String: [(path: [String], value: JSONTree)]] = [
        "StatefulSet": [
            (["spec", "replicas"], 1), (["spec", "podManagementPolicy"], "OrderedReady"),
            (["spec", "revisionHistoryLimit"], 10), (["spec", "updateStrategy", "type"], "RollingUpdate"),
            (["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"], "Retain"),
            (["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"], "Retain"),
            (["spec", "serviceName"], ""),
        ],
        "DaemonSet": [
            (["spec", "revisionHistoryLimit"], 10), (["spec", "updateStrategy", "type"], "RollingUpdate"),
        ],
        "ReplicaSet": [(["spec", "replicas"], 1)],
        "ReplicationController": [(["spec", "replicas"], 1)],
        "Job": [
            (["spec", "backoffLimit"], 6), (["spec", "completionMode"], "NonIndexed"),
            (["spec", "suspend"], .boolean(false)),
        ],
        "CronJob": [
            (["spec", "concurrencyPolicy"], "Allow"), (["spec", "suspend"], .boolean(false)),
            (["spec", "successfulJobsHistoryLimit"], 3), (["spec", "failedJobsHistoryLimit"], 1),
        ],
        "HorizontalPodAutoscaler": [(["spec", "minReplicas"], 1)],
        "Secret": [(["type"], "Opaque")],
        "PersistentVolumeClaim": [(["spec", "volumeMode"], "Filesystem")],
        "PersistentVolume": [
            (["spec", "volumeMode"], "Filesystem"), (["spec", "persistentVolumeReclaimPolicy"], "Retain"),
        ],
        "StorageClass": [(["reclaimPolicy"], "Delete"), (["volumeBindingMode"], "Immediate")],
        "PriorityClass": [(["value"], 0), (["preemptionPolicy"], "PreemptLowerPriority")],
        "CSIDriver": [
            (["spec", "attachRequired"], .boolean(true)), (["spec", "podInfoOnMount"], .boolean(false)),
            (["spec", "requiresRepublish"], .boolean(false)), (["spec", "fsGroupPolicy"], "ReadWriteOnceWithFSType"),
            (["spec", "storageCapacity"], .boolean(false)), (["spec", "seLinuxMount"], .boolean(false)),
            (["spec", "volumeLifecycleModes"], ["Persistent"]),
        ],
    ]

    static func fillKind(_ kind: ResourceKind, _ object: inout JSONTree) {
        for (path, value) in Self.plain[kind.builtInKind] ?? [] { self.setDefault(&object, path, value) }
        switch kind.builtInKind {
        case "StatefulSet" where object[path: ["spec", "updateStrategy", "type"]] == "RollingUpdate":
            self.setDefault(&object, ["spec", "updateStrategy", "rollingUpdate", "partition"], 0)
        case "DaemonSet" where object[path: ["spec", "updateStrategy", "type"]] == "RollingUpdate":
            self.setDefault(&object, ["spec", "updateStrategy", "rollingUpdate", "maxSurge"], 0)
            self.setDefault(&object, ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"], 1)
        case "PodGroup" where kind == .podGroups: self.setPodGroup(&object)
        case "Workload" where kind == .workloadKind: self.setWorkload(&object)
        case "Job": self.setJob(&object)
        case "ReplicationController":
            if let labels = object[path: ["spec", "template", "metadata", "labels"]] {
                self.setDefault(&object, ["spec", "selector"], labels)
            }
        case "Secret": self.encodeStrings(&object)
        case "Service": self.setService(&object)
        case "Ingress", "NetworkPolicy", "EndpointSlice", "Endpoints": self.setNetwork(kind, &object)
        case "RoleBinding", "ClusterRoleBinding": self.setBinding(&object)
        case "ResourceClaim": self.setDevices(&object, ["spec", "devices"])
        case "ResourceClaimTemplate":
            self.setDefault(&object, ["spec", "metadata"], [:])
            self.setDevices(&object, ["spec", "spec", "devices"])
        default: break
        }
    }

    private static func setJob(_ job: inout JSONTree) {
        if job[path: ["spec", "completions"]] == nil, job[path: ["spec", "parallelism"]] == nil {
            job[path: ["spec", "completions"]] = 1
        }
        self.setDefault(&job, ["spec", "parallelism"], 1)
        let policy: JSONTree = job[path: ["spec", "podFailurePolicy"]] == nil ? "TerminatingOrFailed" : "Failed"
        self.setDefault(&job, ["spec", "podReplacementPolicy"], policy)
    }

    /// `stringData` is only ever written: it is kept in `data`.
    private static func encodeStrings(_ secret: inout JSONTree) {
        for member in secret["stringData"]?.members ?? [] {
            secret[path: ["data", member.key]] = .string(Base64.text(Array((member.value.string ?? "").utf8)))
        }
        secret["stringData"] = nil
    }

    private static func setService(_ service: inout JSONTree) {
        self.setDefault(&service, ["spec", "type"], "ClusterIP")
        self.setDefault(&service, ["spec", "sessionAffinity"], "None")
        self.eachElement(&service, ["spec", "ports"]) { port in
            self.setDefault(&port, ["protocol"], "TCP")
            if let number = port["port"] { self.setDefault(&port, ["targetPort"], number) }
        }
        let type = service[path: ["spec", "type"]]?.string
        if type != "ExternalName" { self.setDefault(&service, ["spec", "internalTrafficPolicy"], "Cluster") }
        if type == "NodePort" || type == "LoadBalancer" {
            self.setDefault(&service, ["spec", "externalTrafficPolicy"], "Cluster")
        }
        if type == "LoadBalancer" {
            self.setDefault(&service, ["spec", "allocateLoadBalancerNodePorts"], .boolean(true))
        }
        if service[path: ["spec", "sessionAffinity"]] == "ClientIP" {
            self.setDefault(&service, ["spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"], 10_800)
        }
    }

    private static func setNetwork(_ kind: ResourceKind, _ object: inout JSONTree) {
        switch kind.builtInKind {
        case "NetworkPolicy":
            let hasEgress = object[path: ["spec", "egress"]] != nil
            self.setDefault(&object, ["spec", "podSelector"], [:])
            self.setDefault(&object, ["spec", "policyTypes"], hasEgress ? ["Ingress", "Egress"] : ["Ingress"])
            for direction in ["ingress", "egress"] {
                self.eachElement(&object, ["spec", direction]) { rule in
                    self.eachElement(&rule, ["ports"]) { self.setDefault(&$0, ["protocol"], "TCP") }
                }
            }
        case "EndpointSlice":
            for list in ["endpoints", "ports"] { self.setDefault(&object, [list], .null) }
            self.eachElement(&object, ["endpoints"]) { self.setDefault(&$0, ["conditions"], [:]) }
            self.eachElement(&object, ["ports"]) { port in
                self.setDefault(&port, ["name"], "")
                self.setDefault(&port, ["protocol"], "TCP")
            }
        case "Endpoints":
            self.eachElement(&object, ["subsets"]) { subset in
                self.eachElement(&subset, ["ports"]) { self.setDefault(&$0, ["protocol"], "TCP") }
            }
        default: break
        }
    }

    private static func setBinding(_ binding: inout JSONTree) {
        self.setDefault(&binding, ["roleRef", "apiGroup"], "rbac.authorization.k8s.io")
        self.eachElement(&binding, ["subjects"]) { subject in
            if subject["kind"] != "ServiceAccount" {
                self.setDefault(&subject, ["apiGroup"], "rbac.authorization.k8s.io")
            }
        }
    }

    private static func setDevices(_ claim: inout JSONTree, _ path: [String]) {
        self.setDefault(&claim, path, [:])
        self.eachElement(&claim, path + ["requests"]) { request in
            if request["exactly"] != nil { self.setAllocation(&request, ["exactly"]) }
            self.eachElement(&request, ["firstAvailable"]) { self.setAllocation(&$0, []) }
        }
    }

    private static func setAllocation(_ request: inout JSONTree, _ path: [String]) {
        self.setDefault(&request, path + ["allocationMode"], "ExactCount")
        if request[path: path + ["allocationMode"]] == "ExactCount" { self.setDefault(&request, path + ["count"], 1) }
    }

    static func eachElement(_ object: inout JSONTree, _ path: [String], _ change: (inout JSONTree) -> Void) {
        guard case .array(var elements)? = object[path: path] else { return }
        for index in elements.indices { change(&elements[index]) }
        object[path: path] = .array(elements)
    }
}

/// Bytes as text in secrets.
enum Base64 {
    /// What is no base64 counts as the bytes up to there.
    static func bytes(_ text: String) -> [UInt8] {
        var (bytes, value, bits): ([UInt8], UInt32, Int) = ([], 0, 0)
        for character in text {
            guard let digit = Self.alphabet.firstIndex(of: character) else { break }
            value = value << 6 | UInt32(digit)
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
        }
        return bytes
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    static func text(_ bytes: [UInt8]) -> String {
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var value: UInt32 = 0
            for index in 0..<3 { value = value << 8 | UInt32(index < group.count ? group[start + index] : 0) }
            for index in 0..<4 {
                text.append(
                    index <= group.count ? Self.alphabet[Int(value >> (18 - 6 * UInt32(index)) & 63)] : "=")
            }
        }
        return text
    }
}
