import HTTPTransport
import KubernetesAPI

/// Server-side apply. Ownership is kept beside the objects; `managedFields` is not written on them.
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
        let manager = FieldOwnership.Manager(
            name: managerName, isApplier: true, subresource: target.subresource ?? "")
        let listKeys = self.listKeys(of: target.kind)
        let fields = applied.ownedFields(listKeys: listKeys)
        let key = target.key(name)
        guard let live = self.store.objects[key] else {
            if applied["metadata"]?["uid"] != nil {
                throw .conflict(target.kind, name, "uid mismatch: it does not exist")
            }
            let created = try self.create(target, applied)
            var ownership = FieldOwnership()
            _ = ownership.apply(fields, by: manager, taking: [])
            if !target.isDryRun { self.ownership[key] = ownership }
            return (201, created)
        }
        var completed = live
        completed.lay(applied, listKeys: listKeys)
        Defaults.fill(target.kind, &completed)
        let changed = fields.filter { path in
            ObjectForm.canonical(completed.field(at: path) ?? .null)
                != ObjectForm.canonical(live.field(at: path) ?? .null)
                && live.field(at: path) != nil
        }.sorted { $0.joined() < $1.joined() }
        var ownership = self.ownership[key] ?? FieldOwnership()
        let conflicts = ownership.conflicts(of: changed, by: manager)
        guard conflicts.isEmpty || target.isSet("force") else { throw Self.conflict(conflicts) }
        var new = live
        for path in ownership.apply(fields, by: manager, taking: changed) { new.removeField(at: path) }
        new.lay(applied, listKeys: listKeys)
        if let version = applied["metadata"]?["resourceVersion"] {
            new[path: ["metadata", "resourceVersion"]] = version
        }
        let written = try self.update(target, name, old: live, new: new)
        if !target.isDryRun { self.ownership[key] = ownership }
        return (200, written)
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
        guard Self.hasUniqueElements(applied, listKeys: self.listKeys(of: target.kind)) else {
            throw .failed("failed to create typed patch object: duplicate entries for a key")
        }
        return applied
    }

    private static func hasUniqueElements(
        _ tree: JSONTree, named name: String = "", listKeys: (String) -> String?
    ) -> Bool {
        switch tree {
        case .object(let members):
            return members.allSatisfy { Self.hasUniqueElements($0.value, named: $0.key, listKeys: listKeys) }
        case .array(let elements):
            let keys = listKeys(name).map { key in elements.map { ($0[key] ?? .null).text } } ?? []
            return Set(keys).count == keys.count
                && elements.allSatisfy { Self.hasUniqueElements($0, listKeys: listKeys) }
        default: return true
        }
    }

    /// The member that tells elements of a list apart, by the list's name; lists without one are owned whole.
    func listKeys(of kind: ResourceKind) -> (String) -> String? {
        guard let schema = self.customResources[kind]?.schema else { return { JSONTree.mergeKeys[$0] } }
        var keys: [String: String] = [:]
        Self.collectListKeys(schema, &keys)
        return { keys[$0] }
    }

    private static func collectListKeys(_ schema: JSONTree, _ keys: inout [String: String]) {
        for property in schema["properties"]?.members ?? [] {
            if property.value["x-kubernetes-list-type"] == "map" {
                keys[property.key] = property.value["x-kubernetes-list-map-keys"]?.elements.first?.string
            }
            Self.collectListKeys(property.value["items"] ?? property.value, &keys)
        }
    }

    private static func conflict(_ conflicts: [(owner: FieldOwnership.Manager, path: FieldPath)]) -> APIFailure {
        let causes = conflicts.map { owner, path in
            APIFailure.Cause(
                field: path.joined(), reason: "FieldManagerConflict", message: "conflict with \"\(owner.name)\"")
        }
        return APIFailure(
            code: 409, reason: "Conflict", message: "Apply failed with \(causes.count) conflicts",
            details: ["causes": .array(causes.map(\.tree))])
    }

    /// Another write than an apply: what it changed belongs to its manager.
    mutating func noteOwnership(_ target: RequestTarget, _ name: String, old: JSONTree?, new: JSONTree) {
        guard let managerName = self.writer else { return }
        let key = target.key(name)
        let listKeys = self.listKeys(of: target.kind)
        let manager = FieldOwnership.Manager(
            name: managerName, isApplier: false, subresource: target.subresource ?? "")
        let fields = new.ownedFields(listKeys: listKeys).filter { path in
            old.map {
                ObjectForm.canonical($0.field(at: path) ?? .null) != ObjectForm.canonical(new.field(at: path) ?? .null)
            }
                ?? true
        }
        if old == nil { self.ownership[key] = nil }
        self.ownership[key, default: FieldOwnership()].note(fields, by: manager)
    }
}
