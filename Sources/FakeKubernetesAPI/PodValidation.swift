import KubernetesAPI

/// What the server refuses about a new pod, its defaults filled in.
enum PodValidation {
    typealias Cause = APIFailure.Cause

    static func causes(_ pod: JSONTree) -> [Cause] {
        let spec = pod["spec"] ?? [:]
        return Self.containers(spec) + Self.podResources(spec) + Self.gates(spec) + Self.tolerations(spec)
            + Self.affinity(spec) + Self.spread(spec) + Self.hostPorts(spec) + Self.policies(spec) + Self.selector(spec)
            + Self.group(spec)
    }

    // MARK: Containers

    private static func containers(_ spec: JSONTree) -> [Cause] {
        let containers = spec["containers"]?.elements ?? []
        var causes: [Cause] = containers.isEmpty ? [.required("spec.containers", "")] : []
        var names: Set<String> = []
        for list in ["initContainers", "containers"] {
            for (index, container) in (spec[list]?.elements ?? []).enumerated() {
                let path = "spec.\(list)[\(index)]"
                let name = container["name"]?.string ?? ""
                if name.isEmpty {
                    causes.append(.required("\(path).name", ""))
                } else if name.contains(".") || !FakeAPIServer.isSubdomain(name) || name.utf8.count > 63 {
                    causes.append(.invalid("\(path).name", "\"\(name)\": a lowercase RFC 1123 label is expected"))
                } else if !names.insert(name).inserted {
                    causes.append(.duplicate("\(path).name", "\"\(name)\""))
                }
                if container["image"]?.string ?? "" == "" { causes.append(.required("\(path).image", "")) }
                let policies = ["Always", "Never", "OnFailure"]
                if let policy = container["restartPolicy"]?.string, !policies.contains(policy) {
                    causes.append(.notSupported("\(path).restartPolicy", policy, policies))
                }
                causes += Self.resources(container["resources"] ?? [:], "\(path).resources")
            }
        }
        return causes
    }

    private static func resources(_ resources: JSONTree, _ path: String) -> [Cause] {
        var causes: [Cause] = []
        for kind in ["limits", "requests"] {
            for amount in resources[kind]?.members ?? [] {
                causes += Self.amount(amount.key, amount.value, "\(path).\(kind)[\(amount.key)]")
            }
        }
        guard causes.isEmpty else { return causes }
        for request in resources["requests"]?.members ?? [] {
            let limit = resources["limits"]?[request.key]
            if Self.mustBeEqual(request.key) {
                guard let limit else {
                    causes.append(
                        .required("\(path).limits", "Limit must be set for non overcommitable resources"))
                    continue
                }
                if Self.thousandths(limit) != Self.thousandths(request.value) {
                    causes.append(
                        .invalid("\(path).requests", "\(request.value.text): must be equal to \(request.key) limit"))
                }
            } else if let limit, Self.thousandths(request.value) > Self.thousandths(limit) {
                causes.append(
                    .invalid("\(path).requests", "\(request.value.text): must be less than or equal to the limit"))
            }
        }
        let names = Set((resources["requests"]?.members ?? []).map(\.key))
        if names.contains(where: { $0.hasPrefix("hugepages-") }), names.isDisjoint(with: ["cpu", "memory"]) {
            causes.append(.forbidden(path, "HugePages require cpu or memory"))
        }
        return causes
    }

    private static func amount(_ name: String, _ value: JSONTree, _ path: String) -> [Cause] {
        var causes: [Cause] = []
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, parts[1].isEmpty {
            // Said three times: of the empty name, of the name part and of the whole.
            let cause = Cause.invalid(path, "\"\(name)\": name part must be non-empty")
            return [cause, cause, cause]
        }
        if !Validation.isQualifiedName(name) { return [.invalid(path, "\"\(name)\": must be a qualified name")] }
        if parts.count == 1, !Self.isNative(name) {
            return [
                .invalid(path, "\"\(name)\": must be a standard resource type or fully qualified"),
                .invalid(path, "\"\(name)\": must be a standard resource for containers"),
            ]
        }
        if name.hasPrefix("requests.") { return [.invalid(path, "\"\(name)\": must be a standard resource")] }
        if Self.thousandths(value) < 0 {
            causes.append(.invalid(path, "\(value.text): must be greater than or equal to 0"))
        } else if parts.count == 2, !Validation.isWhole(value) {
            causes.append(.invalid(path, "\(value.text): must be an integer"))
        }
        return causes
    }

    private static func isNative(_ name: String) -> Bool {
        ["cpu", "memory", "ephemeral-storage", "storage"].contains(name) || name.hasPrefix("hugepages-")
    }

    private static func mustBeEqual(_ name: String) -> Bool { name.contains("/") || name.hasPrefix("hugepages-") }

    private static func thousandths(_ amount: JSONTree) -> Int64 {
        let text = CanonicalQuantity.text(amount) ?? "0"
        return (try? Quantity(parsing: text))?.thousandths(rounding: .up) ?? 0
    }

    private static func podResources(_ spec: JSONTree) -> [Cause] {
        ["limits", "requests"].flatMap { kind in
            (spec[path: ["resources", kind]]?.members ?? []).filter { $0.key.contains("/") }.map {
                Cause.notSupported("spec.resources.\(kind)[\($0.key)]", $0.key, ["cpu", "hugepages-", "memory"])
            }
        }
    }

    private static func hostPorts(_ spec: JSONTree) -> [Cause] {
        var seen: Set<String> = []
        return (spec["containers"]?.elements ?? []).enumerated().flatMap { index, container in
            (container["ports"]?.elements ?? []).enumerated().compactMap { position, port -> Cause? in
                guard let number = port["hostPort"]?.integer, number > 0 else { return nil }
                let key = "\(port["protocol"]?.string ?? "TCP")/\(port["hostIP"]?.string ?? "")/\(number)"
                if seen.insert(key).inserted { return nil }
                return .duplicate("spec.containers[\(index)].ports[\(position)].hostPort", "\"\(key)\"")
            }
        }
    }

    // MARK: Where it may run

    private static func gates(_ spec: JSONTree) -> [Cause] {
        var seen: Set<String> = []
        var causes: [Cause] = []
        let gates = spec["schedulingGates"]?.elements ?? []
        for (index, gate) in gates.enumerated() {
            let name = gate["name"]?.string ?? ""
            if !Validation.isQualifiedName(name) {
                causes.append(.invalid("spec.schedulingGates[\(index)]", "\"\(name)\": must be a qualified name"))
            } else if !seen.insert(name).inserted {
                causes.append(.duplicate("spec.schedulingGates[\(index)]", "\"\(name)\""))
            }
        }
        if !gates.isEmpty, spec["nodeName"]?.string ?? "" != "" {
            causes.append(.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"))
        }
        return causes
    }

    private static func tolerations(_ spec: JSONTree) -> [Cause] {
        (spec["tolerations"]?.elements ?? []).enumerated().flatMap { index, toleration -> [Cause] in
            let path = "spec.tolerations[\(index)]"
            let sign = toleration["operator"]?.string ?? ""
            let key = toleration["key"]?.string ?? ""
            var causes: [Cause] = []
            if !["", "Equal", "Exists"].contains(sign) {
                causes.append(.notSupported("\(path).operator", sign, ["Equal", "Exists"]))
            } else if sign == "Exists", toleration["value"]?.string ?? "" != "" {
                causes.append(.invalid("\(path).operator", "value must be empty when `operator` is 'Exists'"))
            } else if key.isEmpty, sign != "Exists" {
                causes.append(.invalid("\(path).operator", "operator must be Exists when `key` is empty"))
            }
            if toleration["tolerationSeconds"]?.integer != nil, toleration["effect"]?.string != "NoExecute" {
                causes.append(.invalid("\(path).effect", "effect must be 'NoExecute' when `tolerationSeconds` is set"))
            }
            return causes
        }
    }

    private static func affinity(_ spec: JSONTree) -> [Cause] {
        let required = "requiredDuringSchedulingIgnoredDuringExecution"
        var causes: [Cause] = []
        if let selector = spec[path: ["affinity", "nodeAffinity", required]], selector != .null {
            let path = "spec.affinity.nodeAffinity.\(required).nodeSelectorTerms"
            let terms = selector["nodeSelectorTerms"]?.elements ?? []
            if terms.isEmpty { causes.append(.required(path, "must have at least one node selector term")) }
            for (index, term) in terms.enumerated() { causes += Self.term(term, "\(path)[\(index)]") }
        }
        for kind in ["podAffinity", "podAntiAffinity"] {
            for (index, term) in (spec[path: ["affinity", kind, required]]?.elements ?? []).enumerated()
            where term["topologyKey"]?.string ?? "" == "" {
                let path = "spec.affinity.\(kind).\(required)[\(index)].topologyKey"
                causes += [
                    .required(path, "can not be empty"), .invalid(path, "\"\": name part must be non-empty"),
                    .invalid(path, "\"\": name part must consist of alphanumeric characters"),
                ]
            }
        }
        return causes
    }

    private static func term(_ term: JSONTree, _ path: String) -> [Cause] {
        var causes: [Cause] = []
        for (index, expression) in (term["matchExpressions"]?.elements ?? []).enumerated() {
            let sign = expression["operator"]?.string ?? ""
            if ["In", "NotIn"].contains(sign), expression["values"]?.elements.isEmpty ?? true {
                causes.append(
                    .required(
                        "\(path).matchExpressions[\(index)].values", "must be specified when `operator` is '\(sign)'"))
            }
        }
        for (index, field) in (term["matchFields"]?.elements ?? []).enumerated() {
            if field["values"]?.elements.count ?? 0 != 1 {
                causes.append(
                    .required("\(path).matchFields[\(index)].values", "must be only one value when `operator` is 'In'"))
            } else if field["key"]?.string != "metadata.name" {
                causes.append(.invalid("\(path).matchFields[\(index)].key", "not a valid field selector key"))
            }
        }
        return causes
    }

    private static func spread(_ spec: JSONTree) -> [Cause] {
        (spec["topologySpreadConstraints"]?.elements ?? []).enumerated().flatMap { index, constraint -> [Cause] in
            let path = "spec.topologySpreadConstraints[\(index)]"
            var causes: [Cause] = []
            if constraint["maxSkew"]?.integer ?? 0 <= 0 {
                causes.append(.invalid("\(path).maxSkew", "must be greater than zero"))
            }
            if constraint["minDomains"]?.integer != nil, constraint["whenUnsatisfiable"]?.string != "DoNotSchedule" {
                causes.append(
                    .invalid("\(path).minDomains", "can only use minDomains if whenUnsatisfiable=DoNotSchedule"))
            }
            return causes
        }
    }

    private static func policies(_ spec: JSONTree) -> [Cause] {
        let known = ["Always", "OnFailure", "Never"]
        guard let policy = spec["restartPolicy"]?.string, !known.contains(policy) else { return [] }
        return [.notSupported("spec.restartPolicy", policy, known)]
    }

    private static func selector(_ spec: JSONTree) -> [Cause] {
        (spec["nodeSelector"]?.members ?? []).filter { !Validation.isLabelValue($0.value.string ?? "!") }
            .map {
                .invalid("spec.nodeSelector", "\"\($0.value.string ?? "")\": a valid label must be an empty string")
            }
    }
}
