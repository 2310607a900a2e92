import HTTPTransport
import KubernetesAPI

/// Server-side apply, and who owns which fields.
extension FakeAPIServer {
    mutating func apply(
        _ target: RequestTarget, _ name: String, _ request: HTTPRequest
    ) throws(APIFailure) -> (status: Int, body: JSONTree) {
        guard let managerName = target.options["fieldManager"], !managerName.isEmpty else {
            throw .invalid(
                group: "meta.k8s.io", kind: "PatchOptions", "",
                [.required("fieldManager", "is required for apply patch")])
        }
        let applied = try self.configuration(target, name, request)
        let manager = Self.manager(request, target)
        let structure = self.structure(of: target.kind)
        let fields = applied.fieldSet(structure)
        self.appliedFields = fields
        guard let live = self.store.objects[target.key(name)] else {
            if applied["metadata"]?["uid"] != nil {
                throw .conflict(target.kind, name, "uid mismatch: it does not exist")
            }
            return (201, try self.create(target, applied))
        }
        var completed = live
        completed.lay(applied, structure)
        Defaults.fill(target.kind, &completed)
        let change = FieldComparison(old: live, new: completed, structure)
        let ownership = self.ownership(of: live, target)
        let conflicts = ownership.conflicts(of: fields.intersection(change.modified), by: manager)
        guard conflicts.isEmpty || target.isSet("force") else { throw Self.conflict(conflicts) }
        var new = live
        for path in ownership.given(up: fields, by: manager) { new.removeField(at: path) }
        new.lay(applied, structure)
        if let version = applied["metadata"]?["resourceVersion"] {
            new[path: ["metadata", "resourceVersion"]] = version
        }
        return (200, try self.update(target, name, old: live, new: new))
    }

    static func isApply(_ request: HTTPRequest) -> Bool {
        request.headers["Content-Type"]?.hasPrefix("application/apply-patch") ?? false
    }

    func checkPatchOptions(_ request: HTTPRequest, _ target: RequestTarget) throws(APIFailure) {
        guard request.method == "PATCH" else { return }
        var causes: [APIFailure.Cause] = []
        if target.options["force"] != nil, !Self.isApply(request) {
            causes.append(.forbidden("force", "may not be specified for non-apply patch"))
        }
        if target.options["fieldManager"]?.utf8.count ?? 0 > 128 {
            causes.append(
                .init(
                    field: "fieldManager", reason: "FieldValueTooLong",
                    message: "Too long: may not be more than 128 bytes"))
        }
        guard causes.isEmpty else { throw .invalid(group: "meta.k8s.io", kind: "PatchOptions", "", causes) }
    }

    /// The body, in JSON or YAML, if it can be applied here.
    private func configuration(
        _ target: RequestTarget, _ name: String, _ request: HTTPRequest
    ) throws(APIFailure) -> JSONTree {
        let parsed = JSONTree(parsing: String(decoding: request.body, as: UTF8.self)) ?? JSONTree(yaml: request.body)
        guard let applied = parsed, case .object = applied else { throw .badRequest("error decoding YAML") }
        guard applied["apiVersion"]?.string == target.kind.apiVersion, applied["kind"]?.string == target.kind.kind
        else {
            throw .badRequest("apiVersion and kind must be those of the path")
        }
        if applied["metadata"]?["managedFields"] != nil { throw .badRequest("metadata.managedFields must be nil") }
        guard applied["metadata"]?["name"]?.string ?? name == name else {
            throw .badRequest("the name of the object does not match the name on the URL (\(name))")
        }
        if let field = Validation.unknownFields(target.kind, applied).first {
            throw .failed("failed to create typed patch object: .\(field): field not declared in schema")
        }
        if let mismatch = TypeShape.of(target.kind)?.mismatch(applied) {
            throw .failed("failed to create typed patch object: \(mismatch.path): expected \(mismatch.expected)")
        }
        guard Self.hasUniqueElements(applied, self.structure(of: target.kind)) else {
            throw .failed("failed to create typed patch object: duplicate entries for a key")
        }
        return applied
    }

    private static func hasUniqueElements(_ tree: JSONTree, _ structure: FieldStructure) -> Bool {
        switch tree {
        case .object(let members):
            return members.allSatisfy { Self.hasUniqueElements($0.value, structure.field($0.key)) }
        case .array(let elements):
            let steps = structure.listKind == .atomic ? [] : elements.map { $0.step(structure.listKind) }
            return Set(steps).count == steps.count
                && elements.allSatisfy { Self.hasUniqueElements($0, structure.element) }
        default: return true
        }
    }

    func structure(of kind: ResourceKind) -> FieldStructure {
        self.customResources[kind].map { .schema($0.schema) } ?? .builtIn(field: "")
    }

    private static func conflict(_ conflicts: [(owner: FieldOwnership.Manager, path: FieldPath)]) -> APIFailure {
        let causes = conflicts.map { owner, path in
            APIFailure.Cause(
                field: FieldOwnership.title(of: path), reason: "FieldManagerConflict",
                message: "conflict with \"\(owner.name)\"")
        }
        return APIFailure(
            code: 409, reason: "Conflict", message: "Apply failed with \(causes.count) conflicts",
            details: ["causes": .array(causes.map(\.tree))])
    }

    // MARK: Ownership

    /// Who writes: by the option, or else by the first word of the user agent.
    static func manager(_ request: HTTPRequest, _ target: RequestTarget) -> FieldOwnership.Manager {
        FieldOwnership.Manager(
            name: Self.managerName(request, target.options), isApplier: Self.isApply(request),
            subresource: target.subresource ?? "", apiVersion: target.kind.apiVersion)
    }

    static func managerName(_ request: HTTPRequest, _ options: [String: String]) -> String {
        if let named = options["fieldManager"], !named.isEmpty { return named }
        let agent = request.headers["User-Agent"].map { String($0.prefix { $0 != "/" }) } ?? ""
        return agent.isEmpty ? "unknown" : agent
    }

    /// Writes into `object` who owns its fields after the current request.
    ///
    /// - Parameters:
    ///   - old: Nil for a new object.
    ///   - sent: What the request makes of the object, without what the server adds to it; nil where that is nothing.
    func noteOwnership(_ target: RequestTarget, old: JSONTree?, sent: JSONTree? = nil, _ object: inout JSONTree) {
        object[path: ["metadata", "managedFields"]] = old?["metadata"]?["managedFields"]
        guard let writer = self.writer else { return }
        var before = old ?? target.kind.emptyFields
        if old == nil { before["metadata"] = [:] }
        var change = FieldComparison(
            old: Self.owned(before, target), new: Self.owned(sent ?? object, target),
            self.structure(of: target.kind))
        // Events that were written under their old names are owned under them.
        if target.kind == .events, writer.apiVersion == ResourceKind.coreEvents.apiVersion {
            change.rename(Self.oldEventNames)
        }
        var ownership = old.map { self.ownership(of: $0, target) } ?? FieldOwnership()
        if let appliedFields {
            ownership.apply(appliedFields, change, by: writer, at: self.timestamp)
        } else if old != nil, old?["metadata"]?["managedFields"] == nil {
            // Whoever is owned by nobody stays so until somebody applies.
            return
        } else {
            ownership.note(change, by: writer, at: self.timestamp)
        }
        object[path: ["metadata", "managedFields"]] = ownership.entries
    }

    /// Who owns what; where nobody does, all of it is of the time before the first apply.
    private func ownership(of object: JSONTree, _ target: RequestTarget) -> FieldOwnership {
        var ownership = FieldOwnership(of: object)
        guard ownership.fields.isEmpty else { return ownership }
        let manager = FieldOwnership.Manager(
            name: "before-first-apply", isApplier: false, subresource: "", apiVersion: target.kind.apiVersion)
        var nothing = target.kind.emptyFields
        nothing["metadata"] = [:]
        ownership.note(
            FieldComparison(old: nothing, new: object, self.structure(of: target.kind)), by: manager,
            at: self.timestamp)
        return ownership
    }

    /// The same for what the server itself writes into a status.
    func noteServerOwnership(_ kind: ResourceKind, old: JSONTree, _ object: inout JSONTree) {
        let server = FieldOwnership.Manager(
            name: "kube-apiserver", isApplier: false, subresource: "status", apiVersion: kind.apiVersion)
        var ownership = FieldOwnership(of: old)
        ownership.note(
            FieldComparison(old: old, new: object, self.structure(of: kind)), by: server, at: self.timestamp)
        object[path: ["metadata", "managedFields"]] = ownership.entries
    }

    /// What a write at that path can own.
    private static func owned(_ object: JSONTree, _ target: RequestTarget) -> JSONTree {
        var part = object
        if target.kind.hasStatus { part[target.subresource == "status" ? "spec" : "status"] = nil }
        return part
    }
}
