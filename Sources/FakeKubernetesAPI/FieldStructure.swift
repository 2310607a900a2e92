import KubernetesAPI

/// How a place in an object is owned: field by field, element by element, or as a whole.
///
/// Of built-in kinds the names of fields decide, as the types of Kubernetes' API mark them; of custom kinds the schema does.
enum FieldStructure: Sendable {
    /// The last field on the way here.
    case builtIn(field: String)
    /// Nil where the schema says nothing: maps are open then, lists are atomic.
    case schema(JSONTree?)

    enum ListKind: Sendable, Equatable {
        case atomic
        case set
        case map(keys: [String])
    }

    func field(_ name: String) -> FieldStructure {
        switch self {
        case .builtIn("metadata") where name == "finalizers": .builtIn(field: "metadata.finalizers")
        case .builtIn: .builtIn(field: name)
        // What metadata holds is the same for all kinds.
        case .schema where name == "metadata": .builtIn(field: name)
        case .schema(let schema):
            .schema(schema?[path: ["properties", name]] ?? schema?["additionalProperties"])
        }
    }

    var element: FieldStructure {
        switch self {
        case .builtIn: .builtIn(field: "")
        case .schema(let schema): .schema(schema?["items"])
        }
    }

    var listKind: ListKind {
        switch self {
        case .builtIn(let field): Self.listKinds[field] ?? .atomic
        case .schema(let schema):
            switch schema?["x-kubernetes-list-type"]?.string {
            case "map": .map(keys: schema?["x-kubernetes-list-map-keys"]?.elements.compactMap(\.string) ?? [])
            case "set": .set
            default: .atomic
            }
        }
    }

    /// Whether an object here is owned as a whole.
    var isAtomic: Bool {
        switch self {
        case .builtIn(let field): Self.atomicObjects.contains(field)
        case .schema(let schema): schema?["x-kubernetes-map-type"] == "atomic"
        }
    }

    /// What a key means that an element leaves out.
    static func presetKey(_ key: String) -> JSONTree { key == "protocol" ? "TCP" : .null }

    private static let listKinds: [String: ListKind] = [
        "containers": .map(keys: ["name"]), "initContainers": .map(keys: ["name"]),
        "ephemeralContainers": .map(keys: ["name"]), "volumes": .map(keys: ["name"]), "env": .map(keys: ["name"]),
        "volumeMounts": .map(keys: ["mountPath"]), "volumeDevices": .map(keys: ["devicePath"]),
        "ports": .map(keys: ["containerPort", "protocol"]), "imagePullSecrets": .map(keys: ["name"]),
        "hostAliases": .map(keys: ["ip"]), "schedulingGates": .map(keys: ["name"]),
        "topologySpreadConstraints": .map(keys: ["topologyKey", "whenUnsatisfiable"]),
        "resourceClaims": .map(keys: ["name"]), "conditions": .map(keys: ["type"]),
        "ownerReferences": .map(keys: ["uid"]), "addresses": .map(keys: ["type"]), "podIPs": .map(keys: ["ip"]),
        "secrets": .map(keys: ["name"]), "podGroupTemplates": .map(keys: ["name"]), "metadata.finalizers": .set,
        "podCIDRs": .set, "requests": .map(keys: ["name"]),
    ]

    private static let atomicObjects: Set<String> = [
        "selector", "nodeSelector", "labelSelector", "namespaceSelector", "podSelector", "roleRef", "fieldRef",
        "resourceFieldRef", "secretKeyRef", "configMapKeyRef", "scopeSelector", "claimRef", "regarding", "related",
        "involvedObject", "requiredDuringSchedulingIgnoredDuringExecution",
    ]
}

/// What sets two versions of an object apart, path by path.
struct FieldComparison: Sendable {
    var added: Set<FieldPath> = []
    var modified: Set<FieldPath> = []
    var removed: Set<FieldPath> = []

    /// Leaves, and everything round them that is there in one version only.
    init(old: JSONTree, new: JSONTree, _ structure: FieldStructure) {
        self.compare(old, new, [], structure)
        self.added.subtract(JSONTree.unowned)
        self.modified.subtract(JSONTree.unowned)
        self.removed.subtract(JSONTree.unowned)
    }

    /// Top-level fields under other names.
    mutating func rename(_ names: [String: String]) {
        func renamed(_ paths: Set<FieldPath>) -> Set<FieldPath> {
            Set(
                paths.map { path in
                    path.first.map {
                        ["f:" + (names[String($0.dropFirst(2))] ?? String($0.dropFirst(2)))] + path.dropFirst()
                    } ?? path
                })
        }
        (self.added, self.modified, self.removed) = (renamed(self.added), renamed(self.modified), renamed(self.removed))
    }

    private mutating func compare(_ old: JSONTree?, _ new: JSONTree?, _ path: FieldPath, _ structure: FieldStructure) {
        if path.count == 2, path[0] == "f:metadata", JSONTree.unowned.contains(path) { return }
        if old == nil, new != nil { self.added.insert(path) }
        if old != nil, new == nil { self.removed.insert(path) }
        switch (old ?? .null, new ?? .null) {
        case (.object, .object) where !structure.isAtomic, (.object, .null) where !structure.isAtomic,
            (.null, .object) where !structure.isAtomic:
            let (left, right) = (old?.members ?? [], new?.members ?? [])
            guard !left.isEmpty || !right.isEmpty else { return self.compareLeaf(old, new, path) }
            for member in right {
                self.compare(old?[member.key], member.value, path + ["f:\(member.key)"], structure.field(member.key))
            }
            for member in left where new?[member.key] == nil {
                self.compare(member.value, nil, path + ["f:\(member.key)"], structure.field(member.key))
            }
        case (.array, .array) where structure.listKind != .atomic, (.array, .null) where structure.listKind != .atomic,
            (.null, .array) where structure.listKind != .atomic:
            let (left, right) = (old?.elements ?? [], new?.elements ?? [])
            guard !left.isEmpty || !right.isEmpty else { return self.compareLeaf(old, new, path) }
            self.compareElements(left, right, path, structure)
        default: self.compareLeaf(old, new, path)
        }
    }

    private mutating func compareElements(
        _ old: [JSONTree], _ new: [JSONTree], _ path: FieldPath, _ structure: FieldStructure
    ) {
        let (before, after) = (old.map { $0.step(structure.listKind) }, new.map { $0.step(structure.listKind) })
        for (step, element) in zip(after, new) {
            let partner = before.firstIndex(of: step).map { old[$0] }
            self.compare(partner, element, path + [step], structure.element)
        }
        for (step, element) in zip(before, old) where !after.contains(step) {
            self.compare(element, nil, path + [step], structure.element)
        }
    }

    private mutating func compareLeaf(_ old: JSONTree?, _ new: JSONTree?, _ path: FieldPath) {
        guard let old, let new else { return }
        if ObjectForm.canonical(old) != ObjectForm.canonical(new) { self.modified.insert(path) }
    }
}

extension JSONTree {
    static let unowned: Set<FieldPath> = Set(
        [["f:apiVersion"], ["f:kind"]]
            + [
                "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields",
                "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink",
            ].map { ["f:metadata", "f:\($0)"] })

    /// How an element of a list is told from the others: `k:{"name":"main"}`, or `v:"a"` in a set.
    func step(_ list: FieldStructure.ListKind) -> String {
        guard case .map(var keys) = list else { return "v:\(self.text)" }
        // The ports of services have no container.
        if keys.first == "containerPort", self["containerPort"] == nil { keys[0] = "port" }
        let members = keys.sorted().compactMap { key -> JSONTree.Member? in
            let value = self[key] ?? FieldStructure.presetKey(key)
            return value == .null ? nil : .init(key, value)
        }
        return "k:\(JSONTree.object(members).text)"
    }

    /// The fields that an applied configuration names: leaves, elements of lists, and what is empty.
    func fieldSet(_ structure: FieldStructure) -> Set<FieldPath> {
        var found: Set<FieldPath> = []
        self.collect([], &found, structure)
        return found.subtracting(Self.unowned)
    }

    private func collect(_ path: FieldPath, _ found: inout Set<FieldPath>, _ structure: FieldStructure) {
        switch self {
        case .object(let members) where !members.isEmpty && !structure.isAtomic:
            for member in members {
                member.value.collect(path + ["f:\(member.key)"], &found, structure.field(member.key))
            }
        case .array(let elements) where structure.listKind != .atomic:
            for element in elements {
                let inner = path + [element.step(structure.listKind)]
                found.insert(inner)
                element.collect(inner, &found, structure.element)
            }
        default: if !path.isEmpty { found.insert(path) }
        }
    }

    func field(at path: FieldPath) -> JSONTree? {
        path.reduce(Optional(self)) { tree, step in
            if step.hasPrefix("f:") { return tree?[String(step.dropFirst(2))] }
            return tree?.position(of: step).flatMap { tree?.elements[$0] }
        }
    }

    /// Where the element stands that a step means.
    private func position(of step: String) -> Int? {
        guard let wanted = JSONTree(parsing: String(step.dropFirst(2))) else { return nil }
        if step.hasPrefix("v:") { return self.elements.firstIndex(of: wanted) }
        return self.elements.firstIndex { element in
            wanted.members.allSatisfy { (element[$0.key] ?? FieldStructure.presetKey($0.key)) == $0.value }
        }
    }

    mutating func removeField(at path: FieldPath) {
        guard let step = path.first else { return }
        if step.hasPrefix("f:") {
            let key = String(step.dropFirst(2))
            guard path.count > 1 else { return self[key] = nil }
            guard var child = self[key] else { return }
            child.removeField(at: Array(path.dropFirst()))
            self[key] = child
        } else if let position = self.position(of: step), case .array(var elements) = self {
            if path.count == 1 {
                elements.remove(at: position)
            } else {
                elements[position].removeField(at: Array(path.dropFirst()))
            }
            self = .array(elements)
        }
    }

    /// Lays an applied configuration over the object: maps are merged, lists element by element where that is how they are owned,
    /// all else is replaced.
    mutating func lay(_ applied: JSONTree, _ structure: FieldStructure) {
        switch (self, applied) {
        case (.object, .object(let members)) where !structure.isAtomic:
            for member in members {
                var child = self[member.key] ?? .null
                child.lay(member.value, structure.field(member.key))
                self[member.key] = child
            }
        case (.array(var elements), .array(let added)) where structure.listKind != .atomic:
            for element in added {
                let step = element.step(structure.listKind)
                if let index = elements.firstIndex(where: { $0.step(structure.listKind) == step }) {
                    elements[index].lay(element, structure.element)
                } else {
                    elements.append(element)
                }
            }
            self = .array(elements)
        default: self = applied
        }
    }
}
