/// Carries HTTP exchanges with one server: libcurl in the product, the API server itself in tests that need no socket.
///
/// A transport knows where its server is and how to reach it (address, TLS, proxy). What is asked, with which
/// credentials, and what to do about a refusal is its caller's business.
public protocol HTTPTransport: Sendable {
    /// Sends a request and returns when the head of the answer is here; its body follows as it is read.
    ///
    /// Any status is an answer, not an error. Cancelling the task that waits here or reads the body ends the exchange
    /// on the wire. The request may have taken effect although this throws: only the caller knows whether it may be repeated.
    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse
}

/// One request to the server a transport belongs to.
public struct HTTPRequest: Sendable, Equatable {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    public var method: String
    /// Path and query, percent-encoded, from the first slash: `/api/v1/pods?limit=500`.
    public var target: String
    public var headers: HTTPHeaders
    public var body: [UInt8]
    public var limits: HTTPTimeLimits

    public init(
        method: String = "GET", target: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [],
        limits: HTTPTimeLimits = HTTPTimeLimits()
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.limits = limits
    }
}

/// How long an exchange may take. Nil means without a limit.
public struct HTTPTimeLimits: Sendable, Equatable {
    /// Until a connection is there, name look-up and TLS included.
    public var connect: Duration?
    /// Without a single byte from the server, before or inside the answer.
    public var idle: Duration?
    /// From the call of `send` to the last byte of the body.
    public var total: Duration?

    public init(connect: Duration? = .seconds(10), idle: Duration? = .seconds(60), total: Duration? = nil) {
        self.connect = connect
        self.idle = idle
        self.total = total
    }
}

/// The head of an answer, and its body still to be read.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: HTTPHeaders
    public var body: HTTPBody

    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: HTTPBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Header fields in the order they were sent. Names are compared without regard to ASCII case.
public struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    public struct Field: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    public private(set) var fields: [Field] = []

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        self.fields = elements.map(Field.init(name:value:))
    }

    public mutating func add(_ name: String, _ value: String) { self.fields.append(Field(name: name, value: value)) }

    /// The first field of that name; setting one replaces all of that name.
    public subscript(name: String) -> String? {
        get { self.fields.first { Self.isSame($0.name, name) }?.value }
        set {
            self.fields.removeAll { Self.isSame($0.name, name) }
            if let newValue { self.add(name, newValue) }
        }
    }

    private static func isSame(_ lhs: String, _ rhs: String) -> Bool {
        lhs.utf8.count == rhs.utf8.count
            && zip(lhs.utf8, rhs.utf8).allSatisfy { Self.lowercased($0) == Self.lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
