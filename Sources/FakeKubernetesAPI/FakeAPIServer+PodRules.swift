import HTTPTransport
import KubernetesAPI

extension FakeAPIServer {
    /// Which fields of a pod's spec may change: gates can only go; while there is one, node selectors may become narrower and
    /// node affinity may be set; tolerations may be added; images may change. Everything else is refused.
    static func checkPodChange(_ name: String, old: JSONTree, new: JSONTree) throws(APIFailure) {
        let (before, after) = (old["spec"] ?? [:], new["spec"] ?? [:])
        let gates = before["schedulingGates"]?.elements ?? []
        let newGates = after["schedulingGates"]?.elements ?? []
        for (index, gate) in newGates.enumerated() where !gates.contains(where: { $0["name"] == gate["name"] }) {
            throw Self.forbidden(
                name, field: "spec.schedulingGates[\(index)].name", "Forbidden: only deletion is allowed")
        }
        var rest = after
        for field in ["schedulingGates", "activeDeadlineSeconds", "terminationGracePeriodSeconds"] {
            rest[field] = before[field]
        }
        if !gates.isEmpty {
            for selector in before["nodeSelector"]?.members ?? []
            where after["nodeSelector"]?[selector.key] != selector.value {
                throw Self.forbidden(
                    name, field: "spec.nodeSelector",
                    "Invalid value: only additions to the spec.nodeSelector are allowed")
            }
            rest["nodeSelector"] = before["nodeSelector"]
            try Self.checkAffinityChange(name, before["affinity"], after["affinity"])
            rest[path: ["affinity", "nodeAffinity"]] = before[path: ["affinity", "nodeAffinity"]]
            if before["affinity"] == nil, rest["affinity"]?.members.isEmpty ?? false { rest["affinity"] = nil }
        }
        let tolerations = before["tolerations"]?.elements ?? []
        if !gates.isEmpty { rest["tolerations"] = before["tolerations"] }
        if after["tolerations"]?.elements.starts(with: tolerations) ?? tolerations.isEmpty {
            rest["tolerations"] = before["tolerations"]
        }
        for field in ["containers", "initContainers"] { rest[field] = Self.withImages(of: before[field], rest[field]) }
        guard Self.canonical(rest) == Self.canonical(before) else {
            throw Self.forbidden(
                name, field: "spec", "Forbidden: pod updates may not change fields other than the mutable ones")
        }
    }

    /// Terms that are there may only become narrower: each gets further requirements, none goes.
    private static func checkAffinityChange(
        _ name: String, _ before: JSONTree?, _ after: JSONTree?
    ) throws(APIFailure) {
        let path = ["nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]
        let old = before?[path: path]?.elements ?? []
        guard !old.isEmpty else { return }
        let new = after?[path: path]?.elements ?? []
        let isNarrower =
            old.count == new.count
            && zip(old, new).allSatisfy { term, changed in
                ["matchExpressions", "matchFields"].allSatisfy { key in
                    let kept = changed[key]?.elements ?? []
                    return (term[key]?.elements ?? []).allSatisfy { kept.contains($0) }
                }
            }
        guard isNarrower else {
            throw Self.forbidden(
                name,
                field: "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms",
                "Invalid value: only additions are allowed")
        }
    }

    private static func withImages(of old: JSONTree?, _ new: JSONTree?) -> JSONTree? {
        guard case .array(var elements)? = new, let images = old?.elements, images.count == elements.count else {
            return new
        }
        for index in elements.indices { elements[index]["image"] = images[index]["image"] }
        return .array(elements)
    }

    /// Objects with their members in order, so that order alone is no difference.
    private static func canonical(_ tree: JSONTree) -> JSONTree {
        switch tree {
        case .object(let members):
            .object(members.map { .init($0.key, Self.canonical($0.value)) }.sorted { $0.key < $1.key })
        case .array(let elements): .array(elements.map(Self.canonical))
        default: tree
        }
    }

    private static func forbidden(_ name: String, field: String, _ message: String) -> APIFailure {
        guard let pod = ResourceKind.all.first(where: { $0.kind == "Pod" }) else { return .badRequest(message) }
        let reason = message.hasPrefix("Forbidden") ? "FieldValueForbidden" : "FieldValueInvalid"
        return .invalid(pod, name, field: field, reason: reason, message: message)
    }

    // MARK: Eviction

    /// Starts the deletion of a pod unless a budget forbids it.
    mutating func evict(_ target: RequestTarget, _ name: String, _ request: HTTPRequest) throws(APIFailure) -> JSONTree
    {
        let eviction = try Self.object(request)
        let pod = try self.existing(target, name)
        let isRunning =
            pod[path: ["spec", "nodeName"]]?.string ?? "" != ""
            && !["Succeeded", "Failed"].contains(pod[path: ["status", "phase"]]?.string ?? "")
            && pod["metadata"]?["deletionTimestamp"] == nil
        if isRunning { try self.spendBudget(of: pod, in: target.namespace ?? "") }
        var deletion = HTTPRequest(method: "DELETE", target: request.target)
        deletion.body = (eviction["deleteOptions"] ?? [:]).bytes
        _ = try self.delete(target, name, deletion)
        return ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201]
    }

    private mutating func spendBudget(of pod: JSONTree, in namespace: String) throws(APIFailure) {
        let matching = self.store.objects.filter { key, budget in
            guard key.kind.kind == "PodDisruptionBudget", key.namespace == namespace,
                let selector = budget[path: ["spec", "selector"]]
            else { return false }
            return (selector["matchLabels"]?.members ?? []).allSatisfy {
                pod[path: ["metadata", "labels", $0.key]] == $0.value
            }
        }
        guard matching.count < 2 else {
            throw APIFailure(
                code: 500, reason: "InternalError",
                message:
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        }
        guard let (key, budget) = matching.first else { return }
        let allowed = budget[path: ["status", "disruptionsAllowed"]]?.integer ?? 0
        guard allowed > 0 else {
            throw APIFailure(
                code: 429, reason: "TooManyRequests",
                message: "Cannot evict pod as it would violate the pod's disruption budget.",
                details: [
                    "causes": [
                        [
                            "reason": "DisruptionBudget",
                            "message": .string("The disruption budget \(key.name) needs more healthy pods"),
                        ]
                    ]
                ])
        }
        var spent = budget
        spent[path: ["status", "disruptionsAllowed"]] = .integer(allowed - 1)
        self.store.write(spent, at: key)
    }
}
