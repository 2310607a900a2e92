/// A collection of the API, or one object of it: where it is served.
public struct ResourcePath: Sendable, Hashable, CustomStringConvertible {
    /// `v1`, `apps/v1`.
    public var apiVersion: String
    /// As in the URL: `pods`.
    public var plural: String
    /// Nil for cluster-wide kinds, and for all namespaces together.
    public var namespace: String?
    public var name: String?
    /// `status`, `binding`.
    public var subresource: String?

    public init(
        apiVersion: String, plural: String, namespace: String? = nil, name: String? = nil, subresource: String? = nil
    ) {
        self.apiVersion = apiVersion
        self.plural = plural
        self.namespace = namespace
        self.name = name
        self.subresource = subresource
    }

    public static let pods = ResourcePath(apiVersion: "v1", plural: "pods")
    public static let nodes = ResourcePath(apiVersion: "v1", plural: "nodes")

    public static func pod(_ namespace: String, _ name: String) -> ResourcePath {
        ResourcePath(apiVersion: "v1", plural: "pods", namespace: namespace, name: name)
    }

    public static func node(_ name: String) -> ResourcePath {
        ResourcePath(apiVersion: "v1", plural: "nodes", name: name)
    }

    public func subresource(_ name: String) -> ResourcePath {
        var path = self
        path.subresource = name
        return path
    }

    /// Path without a query, each part percent-encoded.
    public var target: String {
        let root = self.apiVersion.contains("/") ? "/apis" : "/api"
        let namespace = self.namespace.map { ["namespaces", $0] } ?? []
        let parts = self.apiVersion.split(separator: "/").map(String.init) + namespace + [self.plural]
        let rest = [self.name, self.subresource].compactMap(\.self)
        return root + (parts + rest).map { "/" + PercentEncoding.encode($0) }.joined()
    }

    public var description: String { self.target }
}

/// A query in the order it was put together.
struct Query {
    private var pairs: [String] = []

    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        self.pairs.append("\(name)=\(PercentEncoding.encode(value))")
    }

    var text: String { self.pairs.isEmpty ? "" : "?" + self.pairs.joined(separator: "&") }
}

enum PercentEncoding {
    /// Everything but RFC 3986's unreserved characters is encoded.
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result.append("%")
                result.append(digits[Int(byte >> 4)])
                result.append(digits[Int(byte & 15)])
            }
        }
        return result
    }
}
