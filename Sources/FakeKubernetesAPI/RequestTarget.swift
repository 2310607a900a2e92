/// A request target taken apart: which resource, which object, which options.
struct RequestTarget: Sendable {
    var kind: ResourceKind
    var namespace: String?
    var name: String?
    var subresource: String?
    var options: [String: String]

    /// Path parts and options of a target.
    static func split(_ target: String) -> (parts: [String], options: [String: String]) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: "/").map { Self.decoded($0) }
        return (parts, Self.options(halves.count == 2 ? halves[1] : ""))
    }

    /// - Parameter kinds: The resources that are served.
    init(_ target: String, kinds: [ResourceKind]) throws(APIFailure) {
        var (parts, options) = Self.split(target)
        self.options = options
        if target.prefix(while: { $0 != "?" }).contains("//") { throw .resourceNotFound }
        let root = parts.isEmpty ? "" : parts.removeFirst()
        guard root == "api" || root == "apis" else { throw .pageNotFound }
        let prefixCount = root == "api" ? 1 : 2
        guard parts.count > prefixCount else { throw .pageNotFound }
        let group = root == "api" ? "" : parts[0]
        let version = parts[prefixCount - 1]
        parts.removeFirst(prefixCount)
        let isOldWatch = parts.count > 1 && parts[0] == "watch"
        if isOldWatch { parts.removeFirst() }
        if parts.count > 2, parts[0] == "namespaces", !["status", "finalize"].contains(parts[2]) {
            self.namespace = parts[1]
            parts.removeFirst(2)
        }
        guard let kind = kinds.first(where: { $0.isServed(as: parts[0], group, version) })
        else {
            if ResourceKind.uncopied.contains(where: { $0.isServed(as: parts[0], group, version) }) {
                throw .notCopied("resource \(parts[0]) of \(group.isEmpty ? "" : "\(group)/")\(version)")
            }
            throw (kinds + ResourceKind.uncopied).contains { $0.group == group } ? .resourceNotFound : .pageNotFound
        }
        guard parts.count <= 3, self.namespace == nil || kind.isNamespaced else { throw .resourceNotFound }
        self.kind = kind
        self.name = parts.count > 1 ? parts[1] : nil
        self.subresource = parts.count > 2 ? parts[2] : nil
        if kind.isNamespaced, self.name != nil, self.namespace == nil { throw .resourceNotFound }
        if self.name?.contains("/") ?? false { throw .resourceNotFound }
        if isOldWatch { self.watchNamed() }
    }

    /// The old form of a watch, `/watch/` before the resource: of all objects, or of the named one.
    private mutating func watchNamed() {
        self.options["watch"] = "true"
        guard let name else { return }
        let selectors = [self.options["fieldSelector"] ?? "", "metadata.name=\(name)"]
        self.options["fieldSelector"] = selectors.filter { !$0.isEmpty }.joined(separator: ",")
        self.name = nil
    }

    /// Everything is done but the write.
    var isDryRun: Bool { self.options["dryRun"] == "All" }

    func key(_ name: String) -> ObjectStore.Key {
        ObjectStore.Key(kind: self.kind, namespace: self.namespace ?? "", name: name)
    }

    /// As the real server reads flags: everything but `false` and `0` is true.
    func isSet(_ option: String) -> Bool { self.options[option].map { $0 != "false" && $0 != "0" } ?? false }

    private static func options(_ query: Substring) -> [String: String] {
        var options: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = Self.decoded(halves[0], plusIsSpace: true)
            if options[key] == nil {
                options[key] = halves.count == 2 ? Self.decoded(halves[1], plusIsSpace: true) : ""
            }
        }
        return options
    }

    private static func decoded(_ text: Substring, plusIsSpace: Bool = false) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
