extension ManifestObject {
    /// What tells objects of one collection apart.
    public struct Key: Hashable, Comparable, Sendable {
        public let namespace: String
        public let name: String

        /// - Parameter namespace: Empty for cluster-wide objects.
        public init(namespace: String, name: String) {
            self.namespace = namespace
            self.name = name
        }

        public static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.namespace, lhs.name) < (rhs.namespace, rhs.name)
        }
    }

    public var key: Key {
        let metadata = self.value["metadata"]
        return Key(namespace: metadata?["namespace"]?.string ?? "", name: metadata?["name"]?.string ?? "")
    }

    public var uid: String { self.value["metadata"]?["uid"]?.string ?? "" }

    /// Empty for an object that does not come from a server.
    public var resourceVersion: String { self.value["metadata"]?["resourceVersion"]?.string ?? "" }

    /// The same object in a document of its own, without the parts that are large and that nobody here reads: who manages
    /// which field, what was last applied, and the images of a node.
    public func trimmed() -> ManifestObject {
        var writer = JSONWriter()
        Self.write(self.value, path: [], to: &writer)
        guard let document = writer.bytes.withUnsafeBytes({ try? JSONDocument(parsing: $0) }) else { return self }
        return ManifestObject(apiVersion: self.apiVersion, kind: self.kind, value: document.root, origin: self.origin)
    }

    private static let unread: Set<[String]> = [
        ["metadata", "managedFields"], ["status", "images"],
        ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"],
    ]
    /// Parts that are left out are at most so deep.
    private static let unreadDepth = 3

    private static func write(_ value: JSONValue, path: [String], to writer: inout JSONWriter) {
        guard value.isObject, path.count < Self.unreadDepth else { return value.write(to: &writer) }
        writer.write(UInt8(ascii: "{"))
        var isFirst = true
        for (key, member) in value.members {
            let below = path + [key]
            if Self.unread.contains(below) { continue }
            if !isFirst { writer.write(UInt8(ascii: ",")) }
            isFirst = false
            writer.write(string: key)
            writer.write(UInt8(ascii: ":"))
            Self.write(member, path: below, to: &writer)
        }
        writer.write(UInt8(ascii: "}"))
    }
}

extension JSONValue {
    /// The value as JSON text in UTF-8, white space and the escapes of strings aside as it was read.
    public var text: [UInt8] {
        var writer = JSONWriter()
        self.write(to: &writer)
        return writer.bytes
    }

    /// Writes the value as it is, white space and the escapes of strings aside.
    func write(to writer: inout JSONWriter) {
        switch self.kind {
        case .null: writer.write(raw: "null".utf8)
        case .boolean: writer.write(raw: (self.boolean == true ? "true" : "false").utf8)
        case .integer:
            writer.write(raw: (self.integer.map(String.init) ?? self.number.map { "\($0)" } ?? "0").utf8)
        case .number: writer.write(raw: (self.number.map { "\($0)" } ?? "0").utf8)
        case .string: writer.write(string: self.string ?? "")
        case .array:
            writer.write(UInt8(ascii: "["))
            for (index, element) in self.elements.enumerated() {
                if index > 0 { writer.write(UInt8(ascii: ",")) }
                element.write(to: &writer)
            }
            writer.write(UInt8(ascii: "]"))
        case .object:
            writer.write(UInt8(ascii: "{"))
            for (index, member) in self.members.enumerated() {
                if index > 0 { writer.write(UInt8(ascii: ",")) }
                writer.write(string: member.key)
                writer.write(UInt8(ascii: ":"))
                member.value.write(to: &writer)
            }
            writer.write(UInt8(ascii: "}"))
        }
    }
}
