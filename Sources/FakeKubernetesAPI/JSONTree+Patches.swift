import KubernetesAPI

/// One operation of a JSON patch (RFC 6902).
struct JSONPatchFailure: Error {
    let message: String
}

extension JSONTree {
    /// Applies the operations in order, or none of them.
    mutating func apply(jsonPatch operations: [JSONTree]) throws(JSONPatchFailure) {
        var result = self
        for operation in operations {
            guard let name = operation["op"]?.string, let path = operation["path"]?.string else {
                throw JSONPatchFailure(message: "an operation without op or path")
            }
            try result.apply(name, Self.pointer(path), operation)
        }
        self = result
    }

    private mutating func apply(
        _ name: String, _ path: [String], _ operation: JSONTree
    ) throws(JSONPatchFailure) {
        switch name {
        case "add": try self.put(operation["value"] ?? .null, at: path, replaces: false)
        case "replace": try self.put(operation["value"] ?? .null, at: path, replaces: true)
        case "remove": _ = try self.take(at: path)
        case "test":
            guard self.value(at: path) == operation["value"] ?? .null else {
                throw JSONPatchFailure(message: "testing value /\(path.joined(separator: "/")) failed")
            }
        case "move", "copy":
            guard let from = operation["from"]?.string.map(Self.pointer) else {
                throw JSONPatchFailure(message: "\(name) without from")
            }
            guard let value = name == "move" ? try self.take(at: from) : self.value(at: from) else {
                throw JSONPatchFailure(message: "\(name): nothing at \(from)")
            }
            try self.put(value, at: path, replaces: false)
        default: throw JSONPatchFailure(message: "unknown operation \(name)")
        }
    }

    private static func pointer(_ text: String) -> [String] {
        text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { part in
            String(part).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }

    func value(at path: [String]) -> JSONTree? {
        path.reduce(Optional(self)) { tree, key in
            if case .array(let elements)? = tree {
                Int(key).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            } else {
                tree?[key]
            }
        }
    }

    private mutating func put(
        _ value: JSONTree, at path: [String], replaces: Bool
    ) throws(JSONPatchFailure) {
        guard let key = path.first else { return self = value }
        let missing = JSONPatchFailure(message: "missing path: \(path.joined(separator: "/"))")
        if case .array(var elements) = self {
            let index = key == "-" ? elements.count : Int(key) ?? -1
            if path.count > 1 || replaces {
                guard elements.indices.contains(index) else { throw missing }
                if path.count > 1 {
                    try elements[index].put(value, at: Array(path.dropFirst()), replaces: replaces)
                } else {
                    elements[index] = value
                }
            } else {
                guard (0...elements.count).contains(index) else { throw missing }
                elements.insert(value, at: index)
            }
            self = .array(elements)
        } else {
            guard case .object = self else { throw missing }
            if path.count == 1 {
                guard !replaces || self[key] != nil else { throw missing }
                self[key] = value
            } else {
                guard var child = self[key] else { throw missing }
                try child.put(value, at: Array(path.dropFirst()), replaces: replaces)
                self[key] = child
            }
        }
    }

    private mutating func take(at path: [String]) throws(JSONPatchFailure) -> JSONTree? {
        guard let key = path.first, let found = self.value(at: [key]) else {
            throw JSONPatchFailure(message: "missing path: \(path.joined(separator: "/"))")
        }
        if path.count > 1 {
            var child = found
            let taken = try child.take(at: Array(path.dropFirst()))
            if case .array(var elements) = self, let index = Int(key) {
                elements[index] = child
                self = .array(elements)
            } else {
                self[key] = child
            }
            return taken
        }
        if case .array(var elements) = self, let index = Int(key) {
            elements.remove(at: index)
            self = .array(elements)
        } else {
            self[key] = nil
        }
        return found
    }

    // MARK: Strategic merge

    /// Lists whose elements are told apart by a member; all others are replaced whole.
    static let mergeKeys: [String: String] = [
        "containers": "name", "initContainers": "name", "volumes": "name", "env": "name", "ports": "containerPort",
        "schedulingGates": "name", "conditions": "type", "ownerReferences": "uid", "imagePullSecrets": "name",
        "topologySpreadConstraints": "topologyKey", "addresses": "type",
    ]

    /// Lists of plain values that are merged as sets.
    private static let primitiveSets: Set<String> = ["finalizers"]

    /// Kubernetes' own merge: as a merge patch, but lists of known names are merged by key, and directives say what else to do:
    /// `$patch` (replace, delete, merge), `$retainKeys`, `$setElementOrder/LIST`, `$deleteFromPrimitiveList/LIST`.
    mutating func apply(strategicPatch patch: JSONTree) throws(JSONPatchFailure) {
        guard case .object(let members) = patch else { return self = patch }
        switch patch["$patch"]?.string {
        case nil, "merge": break
        case "replace": return self = Self.withoutDirectives(patch)
        case "delete": return self = .object([])
        case let other?: throw JSONPatchFailure(message: "unknown patch type: \(other)")
        }
        if case .object = self {} else { self = .object([]) }
        if let kept = patch["$retainKeys"]?.elements.compactMap(\.string) {
            self = .object(self.members.filter { kept.contains($0.key) })
        }
        for member in members where member.key.hasPrefix("$deleteFromPrimitiveList/") {
            let list = String(member.key.dropFirst("$deleteFromPrimitiveList/".count))
            let left = (self[list]?.elements ?? []).filter { !member.value.elements.contains($0) }
            self[list] = left.isEmpty ? nil : .array(left)
        }
        for member in members where !member.key.hasPrefix("$") {
            guard member.value != .null else {
                self[member.key] = nil
                continue
            }
            try self.merge(member, order: patch["$setElementOrder/\(member.key)"])
        }
        for member in members where member.key.hasPrefix("$setElementOrder/") {
            let list = String(member.key.dropFirst("$setElementOrder/".count))
            if patch[list] == nil, let key = Self.mergeKeys[list], let elements = self[list]?.elements {
                self[list] = .array(Self.ordered(elements, by: key, patched: member.value.elements, before: elements))
            }
        }
    }

    private mutating func merge(_ member: Member, order: JSONTree?) throws(JSONPatchFailure) {
        if let key = Self.mergeKeys[member.key], case .array(let patches) = member.value {
            let before = self[member.key]?.elements ?? []
            var list = before
            try Self.merge(patches, into: &list, by: key)
            list = Self.ordered(list, by: key, patched: order?.elements ?? patches, before: before)
            self[member.key] = list.isEmpty && self[member.key] == nil && patches.isEmpty ? nil : .array(list)
        } else if Self.primitiveSets.contains(member.key), case .array(let added) = member.value {
            let before = self[member.key]?.elements ?? []
            self[member.key] = .array(before + added.filter { !before.contains($0) })
        } else if case .object = member.value {
            var child = self[member.key] ?? .object([])
            try child.apply(strategicPatch: member.value)
            self[member.key] = child
        } else {
            self[member.key] = member.value
        }
    }

    private static func withoutDirectives(_ patch: JSONTree) -> JSONTree {
        .object(patch.members.filter { !$0.key.hasPrefix("$") })
    }

    private static func merge(
        _ patches: [JSONTree], into list: inout [JSONTree], by key: String
    ) throws(JSONPatchFailure) {
        if patches.contains(where: { $0["$patch"] == "replace" }) {
            list = patches.filter { $0["$patch"] == nil }
            return
        }
        for patch in patches {
            guard let name = patch[key] else {
                throw JSONPatchFailure(message: "map does not contain declared merge key: \(key)")
            }
            let index = list.firstIndex { $0[key] == name }
            if patch["$patch"] == "delete" {
                if let index { list.remove(at: index) }
            } else if let index {
                try list[index].apply(strategicPatch: patch)
            } else {
                var added = JSONTree.object([])
                try added.apply(strategicPatch: patch)
                list.append(added)
            }
        }
    }

    /// The order of a merged list: elements of the patch in its order, the others in theirs; where the two meet, an element that
    /// stood before one of the patch's stays before it, and else the patch's come first.
    private static func ordered(
        _ list: [JSONTree], by key: String, patched: [JSONTree], before: [JSONTree]
    ) -> [JSONTree] {
        let names = patched.map { $0[key] ?? $0 }
        let positions = before.map { $0[key] ?? .null }
        var ours = list.filter { element in names.contains { $0 == element[key] } }
            .sorted { left, right in
                (names.firstIndex { $0 == left[key] } ?? 0) < (names.firstIndex { $0 == right[key] } ?? 0)
            }[...]
        var others = list.filter { element in !names.contains { $0 == element[key] } }[...]
        var result: [JSONTree] = []
        while let own = ours.first {
            guard let other = others.first else { break }
            let (left, right) = (positions.firstIndex { $0 == other[key] }, positions.firstIndex { $0 == own[key] })
            if let left, let right, left < right {
                result.append(other)
                others.removeFirst()
            } else {
                result.append(own)
                ours.removeFirst()
            }
        }
        return result + ours + others
    }
}
