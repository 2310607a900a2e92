public import HTTPTransport
import KubernetesAPI

/// Why a call did not give what it was made for.
public enum KubernetesError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No answer. The call may have taken effect, unless `isCertainlyUndone`.
    case transport(HTTPTransportError)
    /// The server said no.
    case refused(APIStatus)
    /// An answer that cannot be read.
    case unreadable(String)
    /// No credentials, with the reason.
    case credentials(String)
    /// A write that was not begun, since another replica may lead.
    case fenced

    /// Whether the same call may be made again without the danger that its effect happens twice.
    public var isCertainlyUndone: Bool {
        switch self {
        case .transport(let error): error.isBeforeRequest
        // A server that fails does not say how far it had come.
        case .refused(let status): status.code < 500
        case .credentials, .fenced: true
        case .unreadable: false
        }
    }

    /// Whether the same call may succeed later although nothing about it changes.
    public var isTemporary: Bool {
        switch self {
        case .transport(let error): error.code != .tlsFailed && error.code != .cancelled
        case .refused(let status): status.code == 429 || status.code >= 500
        case .unreadable, .credentials, .fenced: false
        }
    }

    public var status: APIStatus? {
        if case .refused(let status) = self { status } else { nil }
    }

    public var description: String {
        switch self {
        case .transport(let error): "\(error)"
        case .refused(let status): "\(status)"
        case .unreadable(let what): "unreadable answer: \(what)"
        case .credentials(let why): "no credentials: \(why)"
        case .fenced: "not sent: another replica may lead"
        }
    }
}

/// The server's own words on a refusal: a `Status` object.
public struct APIStatus: Sendable, Equatable, CustomStringConvertible {
    public struct Cause: Sendable, Equatable {
        public var reason: String
        public var field: String
        public var message: String
    }

    /// The HTTP status.
    public var code: Int
    /// `Conflict`, `AlreadyExists`, `Expired`; empty where the server gave none.
    public var reason: String
    public var message: String
    /// Seconds to wait, from the header or the details.
    public var retryAfter: Int64?
    public var causes: [Cause]

    public init(code: Int, reason: String = "", message: String = "", retryAfter: Int64? = nil, causes: [Cause] = []) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfter = retryAfter
        self.causes = causes
    }

    /// Of a response that is no success; a body that is no `Status` becomes the message.
    init(code: Int, headers: HTTPHeaders, body: [UInt8]) {
        let header = headers["Retry-After"].flatMap(Int64.init)
        guard let document = body.withUnsafeBytes({ try? JSONDocument(parsing: $0) }),
            document.root["kind"]?.string == "Status"
        else {
            let text = String(decoding: body.prefix(512), as: UTF8.self)
            self.init(code: code, message: text, retryAfter: header)
            return
        }
        self.init(document.root, code: code)
        self.retryAfter = header ?? self.retryAfter
    }

    init(_ value: JSONValue, code: Int? = nil) {
        let details = value["details"]
        let causes = details?["causes"].map { $0.elements.map(Cause.init) } ?? []
        self.init(
            code: code ?? value["code"]?.integer.map { Int(clamping: $0) } ?? 500,
            reason: value["reason"]?.string ?? "", message: value["message"]?.string ?? "",
            retryAfter: details?["retryAfterSeconds"]?.integer, causes: causes)
    }

    /// The version that a list or watch asked for is gone: only a fresh list helps.
    public var isExpired: Bool { self.code == 410 }

    public var description: String {
        let head = self.reason.isEmpty ? "HTTP \(self.code)" : "\(self.reason) (HTTP \(self.code))"
        return self.message.isEmpty ? head : "\(head): \(self.message)"
    }
}

extension APIStatus.Cause {
    fileprivate init(_ value: JSONValue) {
        self.reason = value["reason"]?.string ?? ""
        self.field = value["field"]?.string ?? ""
        self.message = value["message"]?.string ?? ""
    }
}
