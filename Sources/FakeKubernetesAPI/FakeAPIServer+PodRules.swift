import HTTPTransport
import KubernetesAPI

extension FakeAPIServer {
    /// Which fields of a pod's spec may change: gates can only go; while there is one, node selectors may become narrower and
    /// node affinity may be set; tolerations may be added; images may change. Everything else is refused.
    static func checkPodChange(_ name: String, old: JSONTree, new: JSONTree) throws(APIFailure) {
        let (before, after) = (old["spec"] ?? [:], new["spec"] ?? [:])
        let gates = before["schedulingGates"]?.elements ?? []
        let newGates = after["schedulingGates"]?.elements ?? []
        let added = newGates.enumerated().filter { _, gate in !gates.contains { $0["name"] == gate["name"] } }
            .map { index, gate in
                APIFailure.Cause.forbidden(
                    "spec.schedulingGates[\(index)].name",
                    "only deletion is allowed, but found new scheduling gate '\(gate["name"]?.string ?? "")'")
            }
        if !added.isEmpty { throw .invalid(group: "", kind: "Pod", name, added) }
        for field in ["containers", "initContainers"]
        where before[field]?.elements.count ?? 0 != after[field]?.elements.count ?? 0 {
            throw Self.forbidden(
                name, field: "spec.\(field)", "Forbidden: pod updates may not add or remove containers")
        }
        let deadlines = [before, after].map { $0["activeDeadlineSeconds"]?.integer }
        if let old = deadlines[0] {
            guard let new = deadlines[1] else {
                throw Self.forbidden(name, field: "spec.activeDeadlineSeconds", "Invalid value: must not be removed")
            }
            if new > old {
                throw Self.forbidden(
                    name, field: "spec.activeDeadlineSeconds",
                    "Invalid value: \(new): must be less than or equal to previous value")
            }
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
        let newTolerations = (after["tolerations"]?.elements ?? []).map(ObjectForm.canonical)
        if !gates.isEmpty || tolerations.allSatisfy({ newTolerations.contains(ObjectForm.canonical($0)) }) {
            rest["tolerations"] = before["tolerations"]
        }
        for field in ["containers", "initContainers"] { rest[field] = Self.withImages(of: before[field], rest[field]) }
        guard ObjectForm.canonical(rest) == ObjectForm.canonical(before) else {
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
        if let named = eviction["metadata"]?["name"]?.string, !named.isEmpty, named != name {
            throw .badRequest("name in URL does not match name in Eviction object")
        }
        let pod = try self.existing(target, name)
        let isDryRun = target.isDryRun || eviction["deleteOptions"]?["dryRun"]?.elements.contains("All") ?? false
        let isRunning =
            pod[path: ["spec", "nodeName"]]?.string ?? "" != ""
            && !["Succeeded", "Failed"].contains(pod[path: ["status", "phase"]]?.string ?? "")
            && pod["metadata"]?["deletionTimestamp"] == nil
        if isRunning { try self.spendBudget(of: pod, name, in: target.namespace ?? "", isDryRun: isDryRun) }
        var deletion = HTTPRequest(method: "DELETE", target: request.target)
        deletion.body = (eviction["deleteOptions"] ?? [:]).bytes
        if isRunning, !isDryRun { self.markDisruption(target, name, pod, eviction) }
        var goal = target
        if isDryRun { goal.options["dryRun"] = "All" }
        _ = try self.delete(goal, name, deletion)
        return ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201]
    }

    /// Says on the pod why it goes, before it goes.
    private mutating func markDisruption(
        _ target: RequestTarget, _ name: String, _ pod: JSONTree, _ eviction: JSONTree
    ) {
        let wanted = eviction["deleteOptions"]?["preconditions"]?["uid"]
        guard wanted == nil || wanted == pod["metadata"]?["uid"] else { return }
        var marked = pod
        let others = (pod[path: ["status", "conditions"]]?.elements ?? []).filter { $0["type"] != "DisruptionTarget" }
        let condition: JSONTree = [
            "type": "DisruptionTarget", "status": "True", "lastProbeTime": .null, "lastTransitionTime": self.timestamp,
            "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting",
        ]
        marked[path: ["status", "conditions"]] = .array(others + [condition])
        self.store.write(marked, at: target.key(name))
    }

    private mutating func spendBudget(
        of pod: JSONTree, _ name: String, in namespace: String, isDryRun: Bool
    ) throws(APIFailure) {
        let matching = self.store.objects.filter { key, budget in
            guard key.kind.kind == "PodDisruptionBudget", key.namespace == namespace,
                let wanted = budget[path: ["spec", "selector", "matchLabels"]]?.members
            else { return false }
            return wanted.allSatisfy { pod["metadata"]?["labels"]?[$0.key] == $0.value }
        }
        guard matching.count <= 1 else {
            throw .failed(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        }
        guard let (key, budget) = matching.first else { return }
        let status = budget["status"] ?? [:]
        let isReady = (pod[path: ["status", "conditions"]]?.elements ?? []).contains {
            $0["type"] == "Ready" && $0["status"] == "True"
        }
        let policy = budget[path: ["spec", "unhealthyPodEvictionPolicy"]]?.string
        if !isReady, policy == "AlwaysAllow" { return }
        let isLagging =
            status["observedGeneration"]?.integer ?? 0 < budget["metadata"]?["generation"]?.integer ?? 0
        let isHealthy =
            status["currentHealthy"]?.integer ?? 0 >= status["desiredHealthy"]?.integer ?? 0
            && status["desiredHealthy"]?.integer ?? 0 > 0
        if !isReady, isHealthy, !isLagging { return }
        if isLagging {
            throw Self.overBudget(
                "The disruption budget \(key.name) is still being processed by the server.", retry: 10)
        }
        let allowed = status["disruptionsAllowed"]?.integer ?? 0
        guard allowed > 0 else {
            throw Self.overBudget(
                "The disruption budget \(key.name) does not allow evicting pods currently", retry: nil)
        }
        if isDryRun { return }
        var spent = budget
        spent[path: ["status", "disruptionsAllowed"]] = .integer(allowed - 1)
        spent[path: ["status", "disruptedPods", name]] = self.timestamp
        if allowed == 1 {
            let others = (status["conditions"]?.elements ?? []).filter { $0["type"] != "DisruptionAllowed" }
            let condition: JSONTree = [
                "type": "DisruptionAllowed", "status": "False",
                "observedGeneration": status["observedGeneration"] ?? 0, "lastTransitionTime": self.timestamp,
                "reason": "InsufficientPods", "message": "",
            ]
            spent[path: ["status", "conditions"]] = .array(others + [condition])
        }
        self.noteServerOwnership(key.kind, old: budget, &spent)
        self.store.write(spent, at: key)
    }

    private static func overBudget(_ why: String, retry: Int64?) -> APIFailure {
        var details: JSONTree = ["causes": [["reason": "DisruptionBudget", "message": .string(why)]]]
        if let retry { details["retryAfterSeconds"] = .integer(retry) }
        return APIFailure(
            code: 429, reason: "TooManyRequests",
            message: "Cannot evict pod as it would violate the pod's disruption budget.", details: details)
    }
}
