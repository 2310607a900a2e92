import KubernetesAPI

/// What the server refuses about kinds that only tools and manifests write.
extension Validation {
    static func kindCauses(_ kind: ResourceKind, _ object: JSONTree, old: JSONTree?) -> [Cause] {
        switch kind.builtInKind {
        case "PodGroup" where kind == .podGroups: self.podGroup(object, old)
        case "Workload" where kind == .workloadKind: self.workload(object, from: old)
        case "ConfigMap": self.keys(object, ["data", "binaryData"]) + self.immutable(object, old)
        case "Secret": self.keys(object, ["data"]) + self.immutable(object, old) + self.secretType(object, old)
        case "Service": self.service(object, old)
        case "ReplicaSet", "DaemonSet", "StatefulSet": self.workload(object, old)
        case "Job": self.job(object, old)
        case "ResourceSlice": self.resourceSlice(object)
        case "CronJob": self.cronJob(object)
        case "Ingress": self.ingress(object)
        case "HorizontalPodAutoscaler": self.autoscaler(object)
        case "PriorityClass": self.priorityClass(object, old)
        case "StorageClass": self.storageClass(object, old)
        case "RoleBinding", "ClusterRoleBinding": self.roleBinding(object, old)
        case "Role", "ClusterRole": self.role(object)
        default: []
        }
    }

    /// Whether two values are the same, in whatever order their fields come.
    static func isSame(_ left: JSONTree?, _ right: JSONTree?) -> Bool {
        ObjectForm.canonical(left ?? .null) == ObjectForm.canonical(right ?? .null)
    }

    static func isFixed(_ object: JSONTree, _ old: JSONTree?, _ path: [String]) -> [Cause] {
        guard let old, !self.isSame(object[path: path], old[path: path]) else { return [] }
        return [.invalid(path.joined(separator: "."), "field is immutable")]
    }

    // MARK: Data

    private static func keys(_ object: JSONTree, _ fields: [String]) -> [Cause] {
        var causes: [Cause] = []
        var size = 0
        for field in fields {
            for member in object[field]?.members ?? [] {
                size += member.value.string?.utf8.count ?? 0
                let isPlain = member.key.utf8.allSatisfy { byte in
                    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "-_.".utf8.contains(byte)
                }
                let isGood =
                    isPlain && !member.key.isEmpty && member.key.utf8.count <= 253
                    && member.key != "." && !member.key.hasPrefix("..")
                let place = "\(field)[\(member.key)]"
                if !isGood {
                    causes.append(
                        .invalid(
                            place,
                            "\"\(member.key)\": a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
                        ))
                }
                if let other = fields.first(where: { $0 != field && object[$0]?[member.key] != nil }) {
                    causes.append(.invalid(place, "\"\(member.key)\": duplicate of key present in \(other)"))
                }
            }
        }
        if size > 1 << 20 {
            causes.append(
                .init(
                    field: fields.count > 1 ? "" : "data", reason: "FieldValueTooLong",
                    message: "Too long: may not be more than 1048576 bytes"))
        }
        return causes
    }

    private static func immutable(_ object: JSONTree, _ old: JSONTree?) -> [Cause] {
        guard let old, old["immutable"] == .boolean(true) else { return [] }
        var causes: [Cause] = []
        if object["immutable"] != .boolean(true) {
            causes.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
        }
        for field in ["data", "binaryData"] where !self.isSame(object[field], old[field]) {
            causes.append(.forbidden(field, "field is immutable when `immutable` is set"))
        }
        return causes
    }

    private static func secretType(_ secret: JSONTree, _ old: JSONTree?) -> [Cause] {
        if let old, old["type"] != secret["type"] { return [.invalid("type", "field is immutable")] }
        let needed: [String: [String]] = [
            "kubernetes.io/tls": ["tls.crt", "tls.key"], "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
        ]
        return (needed[secret["type"]?.string ?? ""] ?? []).filter { secret["data"]?[$0] == nil }
            .map { .required("data[\($0)]", "") }
    }

    // MARK: Network

    private static func service(_ service: JSONTree, _ old: JSONTree?) -> [Cause] {
        var causes: [Cause] = []
        let spec = service["spec"] ?? [:]
        let ports = spec["ports"]?.elements ?? []
        let type = spec["type"]?.string ?? ""
        let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
        if !types.contains(type) { causes.append(.notSupported("spec.type", type, types)) }
        if ports.isEmpty, type != "ExternalName", spec["clusterIP"] != "None" {
            causes.append(.required("spec.ports", ""))
        }
        if type == "ExternalName", spec["externalName"]?.string ?? "" == "" {
            causes.append(.required("spec.externalName", ""))
        }
        for (index, port) in ports.enumerated() {
            let path = "spec.ports[\(index)]"
            if ports.count > 1, port["name"]?.string ?? "" == "" { causes.append(.required("\(path).name", "")) }
            for field in ["port", "targetPort"] {
                if let number = port[field]?.integer, !(1...65_535).contains(number) {
                    causes.append(.invalid("\(path).\(field)", "\(number): must be between 1 and 65535, inclusive"))
                }
            }
            let protocols = ["SCTP", "TCP", "UDP"]
            if let name = port["protocol"]?.string, !protocols.contains(name) {
                causes.append(.notSupported("\(path).protocol", name, protocols))
            }
        }
        if let old, type != "ExternalName", old[path: ["spec", "type"]] != "ExternalName",
            spec["clusterIP"] != old[path: ["spec", "clusterIP"]]
        {
            causes.append(
                .invalid("spec.clusterIPs[0]", "\(spec["clusterIP"]?.text ?? "null"): may not change once set"))
        }
        return causes
    }

    private static func ingress(_ ingress: JSONTree) -> [Cause] {
        let spec = ingress["spec"] ?? [:]
        let rules = spec["rules"]?.elements ?? []
        if rules.isEmpty, spec["defaultBackend"] == nil {
            return [.invalid("spec", "null: either `defaultBackend` or `rules` must be specified")]
        }
        return rules.enumerated().flatMap { index, rule in
            (rule[path: ["http", "paths"]]?.elements ?? []).enumerated().filter { $1["pathType"] == nil }
                .map {
                    .required("spec.rules[\(index)].http.paths[\($0.offset)].pathType", "pathType must be specified")
                }
        }
    }

    // MARK: Workloads

    private static func cronJob(_ job: JSONTree) -> [Cause] {
        var causes: [Cause] = []
        let schedule = job[path: ["spec", "schedule"]]?.string ?? ""
        if schedule.isEmpty {
            causes.append(.required("spec.schedule", ""))
        } else if !schedule.hasPrefix("@"), schedule.split(separator: " ").count != 5 {
            causes.append(.invalid("spec.schedule", "\"\(schedule)\": expected exactly 5 fields"))
        }
        let (policy, known) = (
            job[path: ["spec", "concurrencyPolicy"]]?.string ?? "", ["Allow", "Forbid", "Replace"]
        )
        if !known.contains(policy) { causes.append(.notSupported("spec.concurrencyPolicy", policy, known)) }
        return causes
    }

    private static func autoscaler(_ autoscaler: JSONTree) -> [Cause] {
        let (most, least) = (
            autoscaler[path: ["spec", "maxReplicas"]]?.integer ?? 0,
            autoscaler[path: ["spec", "minReplicas"]]?.integer ?? 1
        )
        var causes: [Cause] = []
        if least < 1 { causes.append(.invalid("spec.minReplicas", "\(least): must be greater than or equal to 1")) }
        if most < 1 { causes.append(.invalid("spec.maxReplicas", "\(most): must be greater than 0")) }
        if most < least {
            causes.append(.invalid("spec.maxReplicas", "\(most): must be greater than or equal to `minReplicas`"))
        }
        for field in ["kind", "name"] where autoscaler[path: ["spec", "scaleTargetRef", field]]?.string ?? "" == "" {
            causes.append(.required("spec.scaleTargetRef.\(field)", ""))
        }
        return causes
    }

    // MARK: Cluster

    private static func resourceSlice(_ slice: JSONTree) -> [Cause] {
        let ways = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"]
        let taken = ways.filter { way in
            let value = slice[path: ["spec", way]] ?? .null
            return value != .null && value != "" && value != .boolean(false)
        }
        let rule = "exactly one of \(ways.map { "`\($0)`" }.joined(separator: ", ")) is required"
        switch taken.count {
        case 0: return [.required("spec", rule)]
        case 1: return []
        default: return [.invalid("spec", "\(taken.joined(separator: ", ")): \(rule)")]
        }
    }

    private static func priorityClass(_ object: JSONTree, _ old: JSONTree?) -> [Cause] {
        var causes: [Cause] = []
        let (name, value) = (object["metadata"]?["name"]?.string ?? "", object["value"]?.integer ?? 0)
        if let old {
            if !self.isSame(object["value"], old["value"]) {
                causes.append(.forbidden("value", "may not be changed in an update."))
            }
            if !self.isSame(object["preemptionPolicy"], old["preemptionPolicy"]) {
                causes.append(.invalid("preemptionPolicy", "field is immutable"))
            }
            return causes
        }
        if name.hasPrefix("system-") {
            causes.append(
                .forbidden(
                    "metadata.name", "priority class names with 'system-' prefix are reserved for system use only"))
        }
        if value > 1_000_000_000 {
            causes.append(.forbidden("value", "maximum allowed value of a user defined priority is 1000000000"))
        }
        let (policy, known) = (object["preemptionPolicy"]?.string ?? "", ["Never", "PreemptLowerPriority"])
        if !known.contains(policy) { causes.append(.notSupported("preemptionPolicy", policy, known)) }
        return causes
    }

    private static func storageClass(_ object: JSONTree, _ old: JSONTree?) -> [Cause] {
        var causes: [Cause] = []
        if object["provisioner"]?.string ?? "" == "" { causes.append(.required("provisioner", "")) }
        let modes = ["Immediate", "WaitForFirstConsumer"]
        if let mode = object["volumeBindingMode"]?.string, !modes.contains(mode) {
            causes.append(.notSupported("volumeBindingMode", mode, modes))
        }
        guard let old else { return causes }
        for field in ["parameters", "provisioner", "reclaimPolicy"] where !self.isSame(object[field], old[field]) {
            causes.append(.forbidden(field, "updates to \(field) are forbidden."))
        }
        return causes + self.isFixed(object, old, ["volumeBindingMode"])
    }

    private static func roleBinding(_ binding: JSONTree, _ old: JSONTree?) -> [Cause] {
        if let old, !self.isSame(binding["roleRef"], old["roleRef"]) {
            return [.invalid("roleRef", "cannot change roleRef")]
        }
        var causes: [Cause] = []
        let (kind, known) = (
            binding[path: ["roleRef", "kind"]]?.string ?? "",
            binding["kind"] == "ClusterRoleBinding" ? ["ClusterRole"] : ["ClusterRole", "Role"]
        )
        if !known.contains(kind) { causes.append(.notSupported("roleRef.kind", kind, known)) }
        if binding[path: ["roleRef", "name"]]?.string ?? "" == "" { causes.append(.required("roleRef.name", "")) }
        for (index, subject) in (binding["subjects"]?.elements ?? []).enumerated() {
            if subject["name"]?.string ?? "" == "" { causes.append(.required("subjects[\(index)].name", "")) }
            if subject["kind"] == "ServiceAccount", subject["namespace"]?.string ?? "" == "" {
                causes.append(.required("subjects[\(index)].namespace", ""))
            }
        }
        return causes
    }

    private static func role(_ role: JSONTree) -> [Cause] {
        (role["rules"]?.elements ?? []).enumerated().flatMap { index, rule -> [Cause] in
            let isPath = !(rule["nonResourceURLs"]?.elements ?? []).isEmpty
            let needed = isPath ? ["verbs"] : ["verbs", "apiGroups", "resources"]
            return needed.filter { (rule[$0]?.elements ?? []).isEmpty }.map { .required("rules[\(index)].\($0)", "") }
        }
    }
}
