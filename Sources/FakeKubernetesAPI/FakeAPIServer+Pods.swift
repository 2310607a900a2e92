import HTTPTransport
import KubernetesAPI

extension FakeAPIServer {
    /// Removes the object, or marks it where a finalizer or the grace of a pod on a node holds it.
    mutating func delete(_ target: RequestTarget, _ name: String, _ request: HTTPRequest) throws(APIFailure) -> JSONTree
    {
        let kind = target.kind
        if kind.kind == "Namespace" { return try self.terminate(target, name) }
        let sent = try Self.deleteOptions(request, target)
        var target = target
        if sent["dryRun"]?.elements.contains("All") ?? false { target.options["dryRun"] = "All" }
        let isOrphaning = sent["orphanDependents"].map { $0 == .boolean(true) ? "Orphan" : "Background" }
        let asked = sent["propagationPolicy"]?.string ?? target.options["propagationPolicy"] ?? isOrphaning
        let policy = asked ?? (kind.orphansByDefault ? "Orphan" : nil)
        if asked == nil, kind.builtInKind == "Job" { self.warnOfOrphans() }
        var old = try self.existing(target, name)
        for field in ["uid", "resourceVersion"] {
            if let wanted = sent["preconditions"]?[field], wanted != old["metadata"]?[field] {
                var failure = APIFailure.conflict(
                    kind, name, "the \(field) in the precondition is not the \(field) of the object")
                failure.details = APIFailure.details(name, kind.group, kind.kind)
                throw failure
            }
        }
        if policy == "Foreground" || policy == "Orphan" {
            let finalizer: JSONTree = policy == "Foreground" ? "foregroundDeletion" : "orphan"
            let others = Self.finalizers(old).filter { $0 != finalizer }
            old[path: ["metadata", "finalizers"]] = .array(others + [finalizer])
        }
        if kind == .definitions, !target.isDryRun { return self.abolish(old, at: target.key(name)) }
        let isRunningPod =
            kind.kind == "Pod" && old[path: ["spec", "nodeName"]]?.string ?? "" != ""
            && !["Succeeded", "Failed"].contains(old[path: ["status", "phase"]]?.string ?? "")
        var grace: Int64 = 0
        if isRunningPod {
            let asked = sent["gracePeriodSeconds"]?.integer ?? target.options["gracePeriodSeconds"].flatMap(Int64.init)
            grace = asked ?? old[path: ["spec", "terminationGracePeriodSeconds"]]?.integer ?? 30
            if grace < 0 { grace = 1 }
        }
        if target.isDryRun { return kind.kind == "Pod" ? old : Self.success(kind, name, old) }
        let isMarked = old["metadata"]?["deletionTimestamp"] != nil
        let oldGrace = old["metadata"]?["deletionGracePeriodSeconds"]?.integer ?? 0
        guard grace > 0 || !Self.finalizers(old).isEmpty else {
            guard kind.kind == "Pod" else {
                self.store.write(nil, at: target.key(name))
                return kind == .serviceAccounts ? old : Self.success(kind, name, old)
            }
            // Pods are marked before they go, however short their grace, and watches see both.
            var last = old
            if !isMarked { Self.countDeletion(&last) }
            last[path: ["metadata", "deletionTimestamp"]] = self.timestamp
            last[path: ["metadata", "deletionGracePeriodSeconds"]] = 0
            self.store.write(last, at: target.key(name))
            self.store.write(nil, at: target.key(name))
            return last
        }
        // Of two graces the shorter counts.
        guard !isMarked || isRunningPod && grace < oldGrace else { return old }
        var marked = old
        if !isMarked, kind.hasGeneration { Self.countDeletion(&marked) }
        let (deadline, overflow) = self.now().addingReportingOverflow(min(grace, Int64(Int32.max)))
        marked[path: ["metadata", "deletionTimestamp"]] = .string(Self.timestamp(overflow ? self.now() : deadline))
        marked[path: ["metadata", "deletionGracePeriodSeconds"]] = .integer(grace)
        return self.store.write(marked, at: target.key(name)) ?? .null
    }

    /// Once, however many jobs are deleted.
    private mutating func warnOfOrphans() {
        let text =
            "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them "
            + "or set propagationPolicy=Orphan to suppress this warning"
        if !self.warnings.contains(text) { self.warnings.append(text) }
    }

    /// What the body says about a deletion, judged together with the options in the query.
    static func deleteOptions(_ request: HTTPRequest, _ target: RequestTarget) throws(APIFailure) -> JSONTree {
        let sent = request.body.isEmpty ? [:] : try Self.object(request)
        if let found = sent["kind"]?.string, found != "DeleteOptions" {
            throw .badRequest("no kind \"\(found)\" is registered for deletion: DeleteOptions is expected")
        }
        if let mismatch = TypeShape.structure("DeleteOptions").mismatch(sent) { throw .badRequest(mismatch.message) }
        if let grace = target.options["gracePeriodSeconds"], Int64(grace) == nil {
            throw .badRequest("strconv.ParseInt: parsing \"\(grace)\": invalid syntax")
        }
        var causes: [APIFailure.Cause] = []
        let policy = sent["propagationPolicy"]?.string ?? target.options["propagationPolicy"]
        if let policy, sent["orphanDependents"] ?? .null != .null {
            causes.append(
                .invalid(
                    "propagationPolicy", "\"\(policy)\": orphanDependents and deletionPropagation cannot be both set"))
        }
        if let policy, !["Foreground", "Background", "Orphan"].contains(policy) {
            causes.append(.notSupported("propagationPolicy", policy, ["Foreground", "Background", "Orphan", "nil"]))
        }
        for stage in sent["dryRun"]?.elements ?? [] where stage != "All" {
            causes.append(.notSupported("dryRun", stage.string ?? "", ["All"]))
        }
        guard causes.isEmpty else { throw .invalid(group: "meta.k8s.io", kind: "DeleteOptions", "", causes) }
        return sent
    }

    /// To be deleted is a change of what is wanted.
    private static func countDeletion(_ object: inout JSONTree) {
        let generation = object["metadata"]?["generation"]?.integer ?? 0
        object[path: ["metadata", "generation"]] = .integer(generation + 1)
    }

    private static func success(_ kind: ResourceKind, _ name: String, _ object: JSONTree) -> JSONTree {
        var details = APIFailure.details(name, kind.group, kind.plural)
        details["uid"] = object["metadata"]?["uid"]
        return ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details]
    }

    /// Assigns a pod to a node, whether that node exists or not.
    mutating func bind(_ target: RequestTarget, _ name: String, _ binding: JSONTree) throws(APIFailure) -> JSONTree {
        var pod = try self.existing(target, name)
        guard let node = binding[path: ["target", "name"]]?.string, !node.isEmpty else {
            throw APIFailure(code: 500, reason: "", message: "target.name: Required value")
        }
        for field in ["uid", "resourceVersion"] {
            if let wanted = binding["metadata"]?[field], wanted != "", wanted != pod["metadata"]?[field] {
                throw .conflict(target.kind, name, "the \(field) in the precondition is not the \(field) of the pod")
            }
        }
        if pod["metadata"]?["deletionTimestamp"] != nil {
            throw Self.bindingConflict(name, "pod \(name) is being deleted, cannot be assigned to a host")
        }
        if let current = pod[path: ["spec", "nodeName"]]?.string, !current.isEmpty {
            throw Self.bindingConflict(name, "pod \(name) is already assigned to node \"\(current)\"")
        }
        if let gates = pod[path: ["spec", "schedulingGates"]], !gates.elements.isEmpty {
            throw Self.bindingConflict(name, "pod \(name) has non-empty .spec.schedulingGates")
        }
        if let named = binding["metadata"]?["name"]?.string, !named.isEmpty, named != name {
            throw .badRequest("name in URL does not match name in Binding object")
        }
        if let kind = binding[path: ["target", "kind"]]?.string, !kind.isEmpty, kind != "Node" {
            throw APIFailure(
                code: 500, reason: "",
                message: "target.kind: Unsupported value: \"\(kind)\": supported values: \"Node\"")
        }
        if target.isDryRun {
            return ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201]
        }
        pod[path: ["spec", "nodeName"]] = .string(node)
        self.copyZone(of: node, to: &pod)
        for field in ["annotations", "labels"] {
            for member in binding["metadata"]?[field]?.members ?? [] {
                pod[path: ["metadata", field, member.key]] = member.value
            }
        }
        pod[path: ["status", "nominatedNodeName"]] = nil
        let others = (pod[path: ["status", "conditions"]]?.elements ?? []).filter { $0["type"] != "PodScheduled" }
        let scheduled: JSONTree = [
            "type": "PodScheduled", "status": "True", "lastProbeTime": .null, "lastTransitionTime": self.timestamp,
        ]
        pod[path: ["status", "conditions"]] = .array(others + [scheduled])
        self.store.write(pod, at: target.key(name))
        return ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201]
    }

    /// Pods say in which zone and region they are.
    func copyZone(of node: String, to pod: inout JSONTree) {
        let state = self.store.objects.first { $0.key.kind.kind == "Node" && $0.key.name == node }?.value
        for label in ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"] {
            if let value = state?[path: ["metadata", "labels", label]] {
                pod[path: ["metadata", "labels", label]] = value
            }
        }
    }

    private static func bindingConflict(_ name: String, _ why: String) -> APIFailure {
        APIFailure(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on pods/binding \"\(name)\": \(why)",
            details: APIFailure.details(name, "", "pods/binding"))
    }
}
