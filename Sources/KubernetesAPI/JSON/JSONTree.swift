/// A JSON value that can be changed. Members keep their order; of a key that stands twice the last value counts.
public enum JSONTree: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONTree])
    case object([Member])

    public struct Member: Sendable, Equatable {
        public let key: String
        public var value: JSONTree

        public init(_ key: String, _ value: JSONTree) {
            self.key = key
            self.value = value
        }
    }

    /// Nil where `text` is not one JSON value, or nested deeper than `JSONDocument.maximumDepth`.
    public init?(parsing text: String) {
        guard let document = try? JSONDocument.parse(text) else { return nil }
        self.init(document.root)
    }

    /// The first document of a YAML text (JSON is YAML too); nil where it is not one.
    public init?(yaml bytes: [UInt8]) {
        var budget = YAMLToJSON.aliasBudget
        let documents = bytes.withUnsafeBytes { YAMLToJSON.convert($0, budget: &budget) }
        guard documents.error == nil, let json = documents.documents.first?.json else { return nil }
        guard let document = json.withUnsafeBytes({ try? JSONDocument(parsing: $0) }) else { return nil }
        self.init(document.root)
    }

    /// - Complexity: O(*n*) values; a level of nesting costs a level of stack, which the document bounds.
    public init(_ value: JSONValue) {
        switch value.kind {
        case .null: self = .null
        case .boolean: self = .boolean(value.boolean ?? false)
        case .integer:
            self = value.integer.map(JSONTree.integer) ?? .number(value.number ?? 0)
        case .number: self = .number(value.number ?? 0)
        case .string: self = .string(value.string ?? "")
        case .array: self = .array(value.elements.map(JSONTree.init))
        case .object:
            var tree = JSONTree.object([])
            for (key, member) in value.members { tree[key] = JSONTree(member) }
            self = tree
        }
    }

    /// The member of that name; nil for every other kind. Setting nil removes it; setting on another kind makes an object.
    public subscript(key: String) -> JSONTree? {
        get { self.members.first { $0.key == key }?.value }
        set {
            var members = self.members
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key, value))
            case (nil, nil): return
            }
            self = .object(members)
        }
    }

    /// What stands below keys, one after the other.
    public subscript(path path: [String]) -> JSONTree? {
        get { path.reduce(Optional(self)) { $0?[$1] } }
        set {
            guard let first = path.first else { return }
            if path.count == 1 {
                self[first] = newValue
            } else if self[first] != nil || newValue != nil {
                var child = self[first] ?? .object([])
                child[path: Array(path.dropFirst())] = newValue
                self[first] = child
            }
        }
    }

    public var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }

    public var elements: [JSONTree] {
        if case .array(let elements) = self { elements } else { [] }
    }

    public var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    public var integer: Int64? {
        if case .integer(let integer) = self { integer } else { nil }
    }

    /// RFC 7386: null removes, objects merge, everything else replaces.
    public mutating func merge(_ patch: JSONTree) {
        guard case .object(let members) = patch else { return self = patch }
        if case .object = self {} else { self = .object([]) }
        for member in members {
            guard member.value != .null else {
                self[member.key] = nil
                continue
            }
            var child = self[member.key] ?? .null
            child.merge(member.value)
            self[member.key] = child
        }
    }
}
