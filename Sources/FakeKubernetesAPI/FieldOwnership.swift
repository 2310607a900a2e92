import KubernetesAPI

/// A place in an object, as conflicts name it when its steps are joined: `.spec`, `.containers`, `[name="main"]`, `.image`.
typealias FieldPath = [String]

/// Who owns which fields of an object: what server-side apply decides by.
struct FieldOwnership: Sendable {
    struct Manager: Sendable, Hashable, Comparable {
        let name: String
        let isApplier: Bool
        let subresource: String

        static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.name, lhs.subresource, lhs.isApplier ? 0 : 1) < (rhs.name, rhs.subresource, rhs.isApplier ? 0 : 1)
        }
    }

    private(set) var fields: [Manager: Set<FieldPath>] = [:]

    /// A write that was no apply: what it changed is its manager's now.
    mutating func note(_ changed: Set<FieldPath>, by manager: Manager) {
        for other in self.fields.keys where other != manager { self.fields[other]?.subtract(changed) }
        self.fields[manager, default: []].formUnion(changed)
    }

    /// Who else owns a field of which `manager` wants another value.
    func conflicts(of wanted: [FieldPath], by manager: Manager) -> [(owner: Manager, path: FieldPath)] {
        self.fields.keys.sorted().filter { $0 != manager }.flatMap { owner in
            wanted.filter { self.fields[owner]?.contains($0) ?? false }.map { (owner, $0) }
        }
    }

    /// Makes an apply's fields its own.
    ///
    /// - Returns: Fields that the manager has given up and nobody else owns, elements of lists before what is in them.
    mutating func apply(_ applied: Set<FieldPath>, by manager: Manager, taking forced: [FieldPath]) -> [FieldPath] {
        for other in self.fields.keys where other != manager { self.fields[other]?.subtract(forced) }
        let given = (self.fields[manager] ?? []).subtracting(applied)
        self.fields[manager] = applied
        let others = self.fields.filter { $0.key != manager }.values.reduce(into: Set<FieldPath>()) { $0.formUnion($1) }
        return given.filter { path in
            !others.contains { $0.starts(with: path) } && !applied.contains { $0.starts(with: path) }
        }.sorted { ($0.count, $0.joined()) < ($1.count, $1.joined()) }
    }
}

extension JSONTree {
    private static let unowned: Set<FieldPath> = [
        [".apiVersion"], [".kind"], [".metadata", ".name"], [".metadata", ".namespace"], [".metadata", ".uid"],
        [".metadata", ".resourceVersion"], [".metadata", ".generation"], [".metadata", ".creationTimestamp"],
        [".metadata", ".managedFields"], [".metadata", ".generateName"],
    ]

    /// The fields that are set: leaves, and the elements of lists that are told apart by a key.
    func ownedFields(listKeys: (String) -> String?) -> Set<FieldPath> {
        var found: Set<FieldPath> = []
        self.collect([], &found, listKeys)
        return found.subtracting(Self.unowned)
    }

    private func collect(_ path: FieldPath, _ found: inout Set<FieldPath>, _ listKeys: (String) -> String?) {
        switch self {
        case .object(let members) where !members.isEmpty:
            for member in members { member.value.collect(path + [".\(member.key)"], &found, listKeys) }
        case .array(let elements):
            let name = path.last.map { String($0.dropFirst()) } ?? ""
            guard let key = listKeys(name), !elements.isEmpty else {
                found.insert(path)
                return
            }
            for element in elements {
                let inner = path + ["[\(key)=\((element[key] ?? .null).text)]"]
                found.insert(inner)
                element.collect(inner, &found, listKeys)
            }
        default: if !path.isEmpty { found.insert(path) }
        }
    }

    func field(at path: FieldPath) -> JSONTree? {
        path.reduce(Optional(self)) { tree, step in
            if step.hasPrefix(".") { return tree?[String(step.dropFirst())] }
            return tree?.position(of: step).flatMap { tree?.elements[$0] }
        }
    }

    /// Where the element stands that a step such as `[name="main"]` means.
    private func position(of step: String) -> Int? {
        let halves = step.dropFirst().dropLast().split(separator: "=", maxSplits: 1).map(String.init)
        guard halves.count == 2 else { return nil }
        return self.elements.firstIndex { ($0[halves[0]] ?? .null).text == halves[1] }
    }

    mutating func removeField(at path: FieldPath) {
        guard let step = path.first else { return }
        if step.hasPrefix(".") {
            let key = String(step.dropFirst())
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

    /// Lays an applied configuration over the object: maps are merged, lists with a key element by element, all else replaced.
    mutating func lay(_ applied: JSONTree, named name: String = "", listKeys: (String) -> String?) {
        switch (self, applied) {
        case (.object, .object(let members)):
            for member in members {
                var child = self[member.key] ?? .null
                child.lay(member.value, named: member.key, listKeys: listKeys)
                self[member.key] = child
            }
        case (.array(var elements), .array(let added)):
            guard let key = listKeys(name) else { return self = applied }
            for element in added {
                if let index = elements.firstIndex(where: { $0[key] == element[key] }) {
                    elements[index].lay(element, listKeys: listKeys)
                } else {
                    elements.append(element)
                }
            }
            self = .array(elements)
        default: self = applied
        }
    }
}
