public import KubernetesAPI

/// An event that is longer than the limit, as far as its beginning tells whose it is.
public struct OversizedEvent: Sendable, Equatable, CustomStringConvertible {
    /// So much of its line is kept. Servers write an object's name first; of kinds whose fields are in alphabetical order it stands behind the annotations
    /// and the managed fields.
    static let keptLength = 1 << 20

    public let byteCount: Int
    /// `ADDED`, `MODIFIED` or `DELETED`; nil where the beginning does not say.
    public private(set) var type: String?
    public private(set) var namespace = ""
    public private(set) var name: String?
    public private(set) var uid = ""
    /// Empty where the beginning does not say.
    public private(set) var resourceVersion = ""

    init(beginning: [UInt8], byteCount: Int) {
        self.byteCount = byteCount
        var scanner = MemberScanner(beginning)
        while let member = scanner.next() {
            switch member.path {
            case ["type"]: self.type = member.text
            case ["object", "metadata", "name"]: self.name = member.text
            case ["object", "metadata", "namespace"]: self.namespace = member.text
            case ["object", "metadata", "uid"]: self.uid = member.text
            case ["object", "metadata", "resourceVersion"]: self.resourceVersion = member.text
            default: break
            }
        }
    }

    /// The object's, if the beginning tells.
    public var key: ManifestObject.Key? {
        self.name.map { ManifestObject.Key(namespace: self.namespace, name: $0) }
    }

    /// No more than who it was.
    var lastState: ManifestObject? {
        let metadata: JSONTree = [
            "name": .string(self.name ?? ""), "namespace": .string(self.namespace), "uid": .string(self.uid),
            "resourceVersion": .string(self.resourceVersion),
        ]
        let tree: JSONTree = ["metadata": metadata]
        guard let document = try? JSONDocument.parse(tree.text) else { return nil }
        return ManifestObject(apiVersion: "", kind: "", value: document.root, origin: ManifestOrigin(file: "watch"))
    }

    public var description: String {
        let name = self.name.map { self.namespace.isEmpty ? $0 : "\(self.namespace)/\($0)" }
        let whose = name.map { "of \($0)" } ?? "of an object whose name its beginning does not tell"
        return "an event of \(self.byteCount) bytes \(whose), beyond the limit"
    }
}

/// Finds the strings that are members of objects, as far as a JSON text goes. What is wrong with the text shows in what is found, no more.
struct MemberScanner {
    struct Member: Equatable {
        /// The keys on the way, outermost first.
        let path: [String]
        let text: String
    }

    /// Members deeper than this are passed over.
    private static let depthLimit = 3

    private let bytes: [UInt8]
    private var position = 0
    /// Of each open object or array: the key of the member that is being read, nil in an array or before the first key.
    private var keys: [String?] = []
    private var isObject: [Bool] = []
    private var expectsKey = false

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next member that is a string; nil at the end.
    mutating func next() -> Member? {
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            self.position += 1
            switch byte {
            case UInt8(ascii: "{"): self.open(isObject: true)
            case UInt8(ascii: "["): self.open(isObject: false)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): self.close()
            case UInt8(ascii: ","): self.expectsKey = self.isObject.last ?? false
            case UInt8(ascii: "\""):
                guard let text = self.string() else { return nil }
                if let member = self.take(text) { return member }
            default: break
            }
        }
        return nil
    }

    private mutating func open(isObject: Bool) {
        self.keys.append(nil)
        self.isObject.append(isObject)
        self.expectsKey = isObject
    }

    private mutating func close() {
        _ = self.keys.popLast()
        _ = self.isObject.popLast()
        self.expectsKey = false
    }

    /// Nil for a key, for what is no member of an object, and for what is too deep.
    private mutating func take(_ text: Range<Int>) -> Member? {
        guard let isObject = self.isObject.last, isObject, self.keys.count <= Self.depthLimit else {
            self.expectsKey = false
            return nil
        }
        if self.expectsKey {
            self.keys[self.keys.count - 1] = self.text(text)
            self.expectsKey = false
            return nil
        }
        let path = self.keys.compactMap(\.self)
        return path.count == self.keys.count ? Member(path: path, text: self.text(text)) : nil
    }

    /// From behind the quote to the end of the string, which is nil where the text ends before.
    private mutating func string() -> Range<Int>? {
        let start = self.position
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            self.position += 1
            if byte == UInt8(ascii: "\"") { return start..<(self.position - 1) }
            if byte == UInt8(ascii: "\\") { self.position += 1 }
        }
        return nil
    }

    /// With its escapes as they are where they mean nothing.
    private func text(_ range: Range<Int>) -> String {
        let bytes = self.bytes[range]
        let plain = String(decoding: bytes, as: UTF8.self)
        guard bytes.contains(UInt8(ascii: "\\")) else { return plain }
        return (try? JSONDocument.parse("\"\(plain)\""))?.root.string ?? plain
    }
}
