/// A request as a handler sees it: read to its end.
public struct ServedRequest: Sendable {
    /// `GET`, `POST`, …
    public var method: String
    /// Path and query as they came, percent-encoded.
    public var target: String
    /// In the order they came; names as the client wrote them.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// The certificate that the client showed and an authority of the server's signed, in DER.
    public var clientCertificate: [UInt8]?

    public init(method: String, target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// Without the query.
    public var path: String { String(self.target.prefix { $0 != "?" }) }

    public func header(_ name: String) -> String? {
        self.headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// What a handler answers.
public struct ServedAnswer: Sendable {
    public enum Body: Sendable {
        case bytes([UInt8])
        /// Piece by piece until nil; the client holds it back.
        case stream(@Sendable () async throws -> [UInt8]?)
    }

    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: Body

    public init(status: Int = 200, headers: [(name: String, value: String)] = [], body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public static func text(_ text: String, status: Int = 200) -> ServedAnswer {
        .init(status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: .bytes(Array(text.utf8)))
    }

    public static func json(_ bytes: [UInt8], status: Int = 200) -> ServedAnswer {
        .init(status: status, headers: [("Content-Type", "application/json")], body: .bytes(bytes))
    }
}
