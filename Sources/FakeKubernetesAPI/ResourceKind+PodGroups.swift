import KubernetesAPI

/// PodGroups and Workloads of `scheduling.k8s.io/v1alpha2`: off in a new server, as in a real one, where the gates `GenericWorkload`
/// and `GangScheduling` turn them on.
extension ResourceKind {
    static let podGroups = ResourceKind(
        "scheduling.k8s.io", "v1alpha2", "podgroups", "PodGroup", namespaced: true, .status)
    static let workloadKind = ResourceKind(
        "scheduling.k8s.io", "v1alpha2", "workloads", "Workload", namespaced: true, .plain)
}

extension FakeAPIServer {
    var servesPodGroups: Bool { self.kinds.contains(.podGroups) }

    /// Serves PodGroups and Workloads from now on, and lets pods be members of a group.
    public mutating func servePodGroups() {
        guard !self.servesPodGroups else { return }
        self.kinds += [.podGroups, .workloadKind]
    }
}

extension Defaults {
    static func setPodGroup(_ group: inout JSONTree) {
        self.setDefault(&group, ["spec", "podGroupTemplateRef"], .null)
        // Other modes hang on a gate of their own.
        group[path: ["spec", "disruptionMode"]] = "Pod"
    }

    static func setWorkload(_ workload: inout JSONTree) {
        self.eachElement(&workload, ["spec", "podGroupTemplates"]) { template in
            self.setDefault(&template, ["schedulingConstraints"], .null)
        }
    }
}

extension Validation {
    static func podGroup(_ group: JSONTree, _ old: JSONTree?) -> [Cause] {
        let spec = group["spec"] ?? [:]
        if let old {
            let fixed = ["podGroupTemplateRef", "schedulingPolicy", "schedulingConstraints", "disruptionMode"]
            return fixed.flatMap { self.isFixed(group, old, ["spec", $0]) }
        }
        return self.policy(spec, "spec") + self.constraints(spec, "spec")
    }

    static func workload(_ workload: JSONTree, from old: JSONTree?) -> [Cause] {
        if let old { return self.isFixed(workload, old, ["spec"]) }
        let templates = workload[path: ["spec", "podGroupTemplates"]]?.elements ?? []
        let path = "spec.podGroupTemplates"
        if templates.isEmpty { return [.required(path, "must have at least one item")] }
        if templates.count > 8 {
            return [
                .init(
                    field: path, reason: "FieldValueTooMany",
                    message: "Too many: \(templates.count): must have at most 8 items")
            ]
        }
        var names: Set<String> = []
        return templates.enumerated().flatMap { index, template -> [Cause] in
            let name = template["name"]?.string ?? ""
            var causes = self.policy(template, "\(path)[\(index)]") + self.constraints(template, "\(path)[\(index)]")
            if name.isEmpty {
                causes.append(.required("\(path)[\(index)].name", ""))
            } else if !names.insert(name).inserted {
                causes.append(.duplicate("\(path)[\(index)]", template.text))
            } else if name.contains(".") || !FakeAPIServer.isSubdomain(name) || name.utf8.count > 63 {
                causes.append(.invalid("\(path)[\(index)].name", "\"\(name)\": a lowercase RFC 1123 label is expected"))
            }
            return causes
        }
    }

    private static func policy(_ holder: JSONTree, _ path: String) -> [Cause] {
        let policy = holder["schedulingPolicy"] ?? [:]
        let field = "\(path).schedulingPolicy"
        let named = ["basic", "gang"].filter { policy[$0] ?? .null != .null }
        guard named.count == 1 else {
            return [
                .invalid(field, "\"\(named.joined(separator: ", "))\": must specify exactly one of: `basic`, `gang`")
            ]
        }
        guard named[0] == "gang" else { return [] }
        let count = policy[path: ["gang", "minCount"]]?.integer ?? 0
        if count == 0 { return [.required("\(field).gang.minCount", "")] }
        return count > 0
            ? [] : [.invalid("\(field).gang.minCount", "\(count): must be greater than or equal to 1")]
    }

    private static func constraints(_ holder: JSONTree, _ path: String) -> [Cause] {
        let topology = holder[path: ["schedulingConstraints", "topology"]]?.elements ?? []
        let field = "\(path).schedulingConstraints.topology"
        if topology.count > 1 {
            return [
                .init(
                    field: field, reason: "FieldValueTooMany",
                    message: "Too many: \(topology.count): must have at most 1 item")
            ]
        }
        return topology.enumerated().compactMap { index, constraint in
            let key = constraint["key"]?.string ?? ""
            if key.isEmpty { return .required("\(field)[\(index)].key", "") }
            return self.isQualifiedName(key)
                ? nil
                : .invalid("\(field)[\(index)].key", "\"\(key)\": name part must consist of alphanumeric characters")
        }
    }
}

extension PodValidation {
    /// Of which group the pod is a member, whether that group exists or not.
    static func group(_ spec: JSONTree) -> [Cause] {
        guard let group = spec["schedulingGroup"], group != .null else { return [] }
        let field = "spec.schedulingGroup.podGroupName"
        guard let name = group["podGroupName"]?.string else {
            return [.invalid(field, "null: must specify one of: `podGroupName`")]
        }
        return FakeAPIServer.isSubdomain(name)
            ? [] : [.invalid(field, "\"\(name)\": a lowercase RFC 1123 subdomain is expected")]
    }
}
