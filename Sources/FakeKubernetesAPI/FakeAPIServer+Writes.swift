import HTTPTransport
import KubernetesAPI

extension FakeAPIServer {
    /// - Parameter isRestored: Taken as it is from another server: admission has been passed there.
    mutating func create(
        _ target: RequestTarget, _ sent: JSONTree, isRestored: Bool = false
    ) throws(APIFailure) -> JSONTree {
        let kind = target.kind
        if kind.isNamespaced, target.namespace == nil { throw .notCopied("a create without a namespace in the path") }
        var metadata = sent["metadata"] ?? [:]
        if kind.isCustom { try Self.checkCustom(sent, is: target) }
        if metadata["name"]?.string ?? "" == "", let prefix = metadata["generateName"]?.string, !prefix.isEmpty {
            metadata["name"] = .string(prefix.prefix(58) + self.makeSuffix())
        }
        let name = metadata["name"]?.string ?? ""
        guard !name.isEmpty else {
            let causes = [APIFailure.Cause.required("metadata.name", "name or generateName is required")]
            let isEmpty = kind.kind == "Pod" && sent["spec"] == nil
            throw .invalid(kind, "", causes + (isEmpty ? [.required("spec.containers", "")] : []))
        }
        if metadata["resourceVersion"]?.string ?? "" != "", !isRestored {
            throw .failed("resourceVersion should not be set on objects to be created")
        }
        try Self.check(sent, is: target)
        let prefix = metadata["generateName"]?.string ?? ""
        // A prefix may end where a name may not.
        let misnamed = [("generateName", prefix.isEmpty ? "a" : prefix + "a"), ("name", name)].filter {
            !Self.isSubdomain($0.1)
        }
        guard misnamed.isEmpty else {
            throw .invalid(
                kind, name,
                misnamed.map { .invalid("metadata.\($0.0)", "\"\($0.1)\": a lowercase RFC 1123 subdomain is expected") }
            )
        }
        if let namespace = target.namespace { try self.checkNamespace(namespace, kind, name) }
        if let namespace = target.namespace, !self.hasNamespace(namespace) {
            throw APIFailure(
                code: 404, reason: "NotFound", message: "namespaces \"\(namespace)\" not found",
                details: APIFailure.details(namespace, "", "namespaces"))
        }
        if let why = Validation.unreadable(kind, sent) {
            throw .badRequest("\(kind.kind) in version \"\(kind.version)\" cannot be handled as a \(kind.kind): \(why)")
        }
        let custom = self.customResources[kind]
        let unknown = Validation.unknownFields(kind, sent) + [custom?.unknownField(sent)].compactMap(\.self)
        self.warn(ofUnknown: unknown, target)
        if target.options["fieldValidation"] == "Strict", let field = unknown.first {
            throw .badRequest(
                "\(kind.kind) in version \"\(kind.version)\" cannot be handled as a \(kind.kind): "
                    + "strict decoding error: unknown field \"\(field)\"")
        }
        metadata["namespace"] = target.namespace.map(JSONTree.string)
        metadata["uid"] = .string(self.makeUID())
        metadata["creationTimestamp"] = self.timestamp
        metadata["generation"] = kind.hasGeneration ? 1 : nil
        metadata["deletionTimestamp"] = nil
        metadata["managedFields"] = nil
        var object: JSONTree = [
            "kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion), "metadata": metadata,
        ]
        for member in sent.members where object[member.key] == nil { object[member.key] = member.value }
        // A field behind a gate.
        if kind == .pods, !isRestored, !self.servesPodGroups { object[path: ["spec", "schedulingGroup"]] = nil }
        let sentForm = self.sentForm(object, target)
        if kind.kind == "Pod", !isRestored { try self.setPriority(&object, name) }
        Defaults.set(kind, &object)
        if !isRestored { try self.admit(kind, &object, name) }
        custom?.complete(&object)
        if kind == .definitions {
            Self.completeDefinition(&object)
            self.warnOfRules(object)
        }
        let causes =
            Validation.causes(kind, object, old: nil) + (custom?.causes(object) ?? [])
            + (kind == .definitions ? Self.causes(ofDefinition: object) : [])
        guard causes.isEmpty || isRestored else { throw .invalid(kind, name, causes) }
        guard self.store.objects[target.key(name)] == nil else { throw .alreadyExists(kind, name) }
        if kind.kind == "Pod", let node = object[path: ["spec", "nodeName"]]?.string {
            self.copyZone(of: node, to: &object)
        }
        ObjectForm.normalise(kind, &object)
        self.noteOwnership(target, old: nil, sent: sentForm, &object)
        if target.isDryRun { return object }
        let written = self.store.write(object, at: target.key(name)) ?? .null
        if kind == .definitions { self.establish(written, at: target.key(name)) }
        if kind.kind == "Namespace" { self.addDefaultAccount(to: name) }
        return written
    }

    /// A new object with the defaults of its type, and without what admission adds to it.
    private func sentForm(_ object: JSONTree, _ target: RequestTarget) -> JSONTree {
        var form = object
        Defaults.fill(target.kind, &form)
        self.customResources[target.kind]?.complete(&form)
        if target.kind == .definitions { Self.completeDefinition(&form) }
        if target.kind.kind == "Namespace" {
            form[path: ["metadata", "labels", "kubernetes.io/metadata.name"]] = form["metadata"]?["name"]
        }
        if target.kind == .pods {
            let fields = ["serviceAccountName", "serviceAccount", "priority", "preemptionPolicy", "tolerations"]
            for field in fields { form[path: ["spec", field]] = object[path: ["spec", field]] }
        }
        ObjectForm.normalise(target.kind, &form)
        return Self.withGatedFields(form, object, target.kind)
    }

    /// Fields of leases behind a gate: who sends them owns them, but they are not kept.
    private static func withGatedFields(_ object: JSONTree, _ sent: JSONTree, _ kind: ResourceKind) -> JSONTree {
        guard kind.kind == "Lease" else { return object }
        var object = object
        for field in ["strategy", "preferredHolder"] { object[path: ["spec", field]] = sent[path: ["spec", field]] }
        return object
    }

    /// Says which fields of what was sent are dropped, unless the caller does not want to know or refuses them himself.
    private mutating func warn(ofUnknown fields: [String], _ target: RequestTarget) {
        guard !["Ignore", "Strict"].contains(target.options["fieldValidation"] ?? "Warn") else { return }
        self.warnings += fields.map { "unknown field \"\($0)\"" }
    }

    /// From the class; whoever writes a number must write the class's own.
    private func setPriority(_ pod: inout JSONTree, _ name: String) throws(APIFailure) {
        let kind = ResourceKind.pods
        let system: [String: Int64] = ["system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000]
        var priority: Int64 = 0
        let classes = self.store.objects.filter { $0.key.kind.kind == "PriorityClass" }.values
        if pod[path: ["spec", "priorityClassName"]]?.string ?? "" == "" {
            let preset = classes.first { $0["globalDefault"] == .boolean(true) }
            pod[path: ["spec", "priorityClassName"]] = preset?["metadata"]?["name"]
        }
        if let named = pod[path: ["spec", "priorityClassName"]]?.string {
            let known = classes.first { $0["metadata"]?["name"]?.string == named }
            guard let value = system[named] ?? known?["value"]?.integer else {
                throw .forbidden(kind, name, "no PriorityClass with name \(named) was found")
            }
            priority = value
            if let policy = known?["preemptionPolicy"] { pod[path: ["spec", "preemptionPolicy"]] = policy }
        }
        if let written = pod[path: ["spec", "priority"]]?.integer, written != priority {
            throw .forbidden(
                kind, name,
                "the integer value of priority (\(written)) must not be provided in pod spec; "
                    + "priority admission controller computed \(priority) from the given PriorityClass name")
        }
        pod[path: ["spec", "priority"]] = .integer(priority)
    }

    private func checkNamespace(_ namespace: String, _ kind: ResourceKind, _ name: String) throws(APIFailure) {
        let object = self.store.objects.first { $0.key.kind.kind == "Namespace" && $0.key.name == namespace }?.value
        guard object?["metadata"]?["deletionTimestamp"] != nil else { return }
        var failure = APIFailure.forbidden(
            kind, name, "unable to create new content in namespace \(namespace) because it is being terminated")
        failure.details?["causes"] = [
            [
                "reason": "NamespaceTerminating", "message": .string("namespace \(namespace) is being terminated"),
                "field": "metadata.namespace",
            ]
        ]
        throw failure
    }

    private func hasNamespace(_ name: String) -> Bool {
        self.store.objects.keys.contains { $0.kind.kind == "Namespace" && $0.name == name }
    }

    private static func check(_ sent: JSONTree, is target: RequestTarget) throws(APIFailure) {
        if let found = sent["kind"]?.string, found != target.kind.kind {
            throw .badRequest("the body is a \(found), the path names a \(target.kind.kind)")
        }
        if let found = sent["apiVersion"]?.string, found != target.kind.apiVersion {
            throw .badRequest("the body is of \(found), the path names \(target.kind.apiVersion)")
        }
        if let found = sent["metadata"]?["namespace"]?.string, !found.isEmpty, found != target.namespace ?? "" {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
    }

    static func isSubdomain(_ name: String) -> Bool {
        func isAlphanumeric(_ character: Character) -> Bool {
            character.isASCII && (character.isNumber || ("a"..."z").contains(character))
        }
        return name.utf8.count <= 253
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                label.first.map(isAlphanumeric) ?? false && label.last.map(isAlphanumeric) ?? false
                    && label.allSatisfy { isAlphanumeric($0) || $0 == "-" }
            }
    }

    // MARK: Updates

    mutating func replace(_ target: RequestTarget, _ name: String, _ sent: JSONTree) throws(APIFailure) -> JSONTree {
        try Self.check(sent, is: target)
        let old = try self.existing(target, name)
        self.warn(ofUnknown: Validation.unknownFields(target.kind, sent), target)
        if let why = Validation.unreadable(target.kind, sent) {
            throw .badRequest(
                "\(target.kind.kind) in version \"\(target.kind.version)\" cannot be handled as a \(target.kind.kind): \(why)"
            )
        }
        if target.kind.kind == "Lease" || target.kind.isCustom, sent["metadata"]?["resourceVersion"]?.string ?? "" == ""
        {
            throw .invalid(
                group: target.kind.group, kind: target.kind.plural, name,
                [.invalid("metadata.resourceVersion", "0: must be specified for an update")])
        }
        return try self.update(target, name, old: old, new: sent)
    }

    mutating func patch(_ target: RequestTarget, _ name: String, _ request: HTTPRequest) throws(APIFailure) -> JSONTree
    {
        let contentType = request.headers["Content-Type"].map { String($0.prefix { $0 != ";" }) } ?? ""
        let old = try self.existing(target, name)
        var new = old
        switch contentType {
        case "application/merge-patch+json": new.merge(try Self.object(request))
        case "application/strategic-merge-patch+json" where !target.kind.isCustom:
            let patch = try Self.object(request)
            do throws(JSONPatchFailure) { try new.apply(strategicPatch: patch) } catch {
                throw .failed(error.message)
            }
        case "application/json-patch+json":
            guard case .array(let operations)? = JSONTree(parsing: String(decoding: request.body, as: UTF8.self)) else {
                throw .badRequest("the body is not a JSON array")
            }
            do throws(JSONPatchFailure) { try new.apply(jsonPatch: operations) } catch {
                throw APIFailure(
                    code: 422, reason: "Invalid", message: "the server rejected our request: \(error.message)",
                    details: [:])
            }
        default:
            throw APIFailure(
                code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type",
                details: target.kind.isCustom ? nil : [:])
        }
        if let why = Validation.unreadable(target.kind, new) { throw .unreadablePatch(why) }
        if target.options["fieldValidation"] == "Strict",
            let field = Validation.unknownFields(target.kind, new).first
        {
            throw .unreadablePatch("strict decoding error: unknown field \"\(field)\"")
        }
        if let version = new["metadata"]?["resourceVersion"]?.string, Int64(version) == nil {
            throw .failed("strconv.ParseUint: parsing \"\(version)\": invalid syntax")
        }
        if let uid = new["metadata"]?["uid"], uid != old["metadata"]?["uid"] {
            // Said twice: by the general rules and by the kind's own.
            let cause = APIFailure.Cause.invalid("metadata.uid", "field is immutable")
            throw .invalid(target.kind, name, target.kind.isCustom ? [cause] : [cause, cause])
        }
        return try self.update(target, name, old: old, new: new)
    }

    /// Keeps what the caller may not change, counts the generation, and writes if anything is left that differs.
    mutating func update(
        _ target: RequestTarget, _ name: String, old: JSONTree, new sent: JSONTree
    ) throws(APIFailure) -> JSONTree {
        let kind = target.kind
        guard sent["metadata"]?["name"]?.string == name else {
            throw .badRequest("the name of the object does not match the name on the URL (\(name))")
        }
        let oldMetadata = old["metadata"] ?? [:]
        if let namespace = sent["metadata"]?["namespace"]?.string, !namespace.isEmpty,
            namespace != oldMetadata["namespace"]?.string ?? ""
        {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        if let version = sent["metadata"]?["resourceVersion"]?.string, !version.isEmpty,
            version != oldMetadata["resourceVersion"]?.string
        {
            throw .conflict(kind, name, "the object has been modified; please apply your changes to the latest version")
        }
        if let uid = sent["metadata"]?["uid"], uid != oldMetadata["uid"] {
            throw .conflict(kind, name, "the uid in the request is not the uid of the object")
        }
        var new = target.subresource == "status" ? old : sent
        new["kind"] = old["kind"]
        new["apiVersion"] = old["apiVersion"]
        if target.subresource == "status" {
            new["status"] = sent["status"]
            for key in ["labels", "annotations"] { new[path: ["metadata", key]] = sent["metadata"]?[key] }
        } else if kind.hasStatus {
            new["status"] = old["status"]
        }
        let kept = [
            "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ]
        for key in kept { new[path: ["metadata", key]] = oldMetadata[key] }
        Defaults.fill(kind, &new)
        if kind.kind == "Service" { Self.keepAllocated(old, &new) }
        let custom = self.customResources[kind]
        custom?.complete(&new)
        ObjectForm.normalise(kind, &new)
        let isSpecNew = ObjectForm.canonical(new["spec"] ?? .null) != ObjectForm.canonical(old["spec"] ?? .null)
        // Deployments count changes of their annotations, too.
        let isCounted =
            isSpecNew || kind.kind == "Deployment" && new["metadata"]?["annotations"] != old["metadata"]?["annotations"]
        if kind.hasGeneration, isCounted {
            new[path: ["metadata", "generation"]] = .integer((oldMetadata["generation"]?.integer ?? 0) + 1)
        }
        if sent["metadata"]?["managedFields"] == [[:]] {
            // How somebody says that nobody shall own anything.
            new[path: ["metadata", "managedFields"]] = nil
        } else {
            self.noteOwnership(target, old: old, sent: Self.withGatedFields(new, sent, kind), &new)
        }
        guard ObjectForm.canonical(new) != ObjectForm.canonical(old) else { return old }
        let causes = Validation.causes(kind, new, old: old) + (custom?.causes(new) ?? [])
        guard causes.isEmpty else { throw .invalid(kind, name, causes) }
        if kind.kind == "Pod", isSpecNew { try Self.checkPodChange(name, old: old, new: new) }
        if target.isDryRun { return new }
        let isOver = kind.kind != "Pod" || oldMetadata["deletionGracePeriodSeconds"]?.integer ?? 0 == 0
        if oldMetadata["deletionTimestamp"] != nil, isOver, Self.finalizers(new).isEmpty {
            self.store.write(nil, at: target.key(name))
            return new
        }
        return self.store.write(new, at: target.key(name)) ?? .null
    }

    static func finalizers(_ object: JSONTree) -> [JSONTree] { object["metadata"]?["finalizers"]?.elements ?? [] }
}
