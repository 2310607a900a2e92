public import HTTPTransport
import KubernetesAPI
import Synchronization

/// The fake server with rules of faults in front of it, which callers can change: `POST /fake/faults` takes new rules
/// in place of the old, `POST /fake/compact` drops the history up to now, `GET /fake/permissions` lists what RBAC has
/// allowed to whom so far.
///
/// Requests below `/fake/` meet no fault and need no credentials.
public final class RuledFaultTransport: HTTPTransport {
    private let server: InProcessTransport
    private let rules: Mutex<FaultRules>

    public init(_ server: InProcessTransport, rules: FaultRules = FaultRules()) {
        self.server = server
        self.rules = Mutex(rules)
    }

    public func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        if request.method == "GET", request.target == "/fake/permissions" {
            return Self.reply(200, self.permissions.text)
        }
        if request.target.hasPrefix("/fake/") { return Self.answer(self.control(request)) }
        let fault = self.rules.withLock { $0.fault(method: request.method, target: request.target) }
        switch fault {
        case nil: return try await self.server.send(request)
        case .status(let code, let wait):
            var headers: HTTPHeaders = [:]
            if let wait { headers.add("Retry-After", String(wait)) }
            return Self.answer(
                APIFailure(code: Int64(code), reason: Self.reason(code), message: "injected fault"), headers)
        case .lostReply:
            _ = try await self.server.send(request)
            throw HTTPTransportError(.connectionLost)
        case .cut(let count):
            let whole = try await self.server.send(request)
            let cut = CutBody(whole.body, afterPieces: count)
            return HTTPResponse(
                status: whole.status, headers: whole.headers,
                body: HTTPBody { () async throws(HTTPTransportError) in try await cut.next() })
        case .delay(let milliseconds):
            do { try await Task.sleep(for: .milliseconds(milliseconds)) } catch { throw HTTPTransportError(.cancelled) }
            return try await self.server.send(request)
        }
    }

    private var permissions: JSONTree {
        let used = self.server.withServer { $0.usedPermissions }
        return .array(
            used.sorted().map { permission in
                [
                    "user": .string(permission.user), "verb": .string(permission.verb),
                    "apiGroup": .string(permission.group), "resource": .string(permission.resource),
                ]
            })
    }

    private func control(_ request: HTTPRequest) -> APIFailure {
        switch (request.method, request.target) {
        case ("POST", "/fake/compact"):
            self.server.withServer { $0.compact() }
            return APIFailure(code: 200, reason: "", message: "history compacted")
        case ("POST", "/fake/faults"):
            guard let tree = JSONTree(parsing: String(decoding: request.body, as: UTF8.self)) else {
                return .badRequest("the body is not JSON")
            }
            do throws(FaultRules.Invalid) {
                let rules = try FaultRules(tree)
                self.rules.withLock { $0 = rules }
                return APIFailure(code: 200, reason: "", message: "\(rules.rules.count) rules")
            } catch {
                return .badRequest(error.description)
            }
        default:
            return APIFailure(
                code: 404, reason: "NotFound",
                message: "POST /fake/faults, POST /fake/compact and GET /fake/permissions are known")
        }
    }

    private static func answer(_ failure: APIFailure, _ headers: HTTPHeaders = [:]) -> HTTPResponse {
        var status = failure.status
        if failure.code < 300 { status["status"] = "Success" }
        return Self.reply(Int(failure.code), status.text, headers)
    }

    private static func reply(_ code: Int, _ text: String, _ headers: HTTPHeaders = [:]) -> HTTPResponse {
        var headers = headers
        headers.add("Content-Type", "application/json")
        let piece = Mutex<[UInt8]?>(Array(text.utf8))
        return HTTPResponse(
            status: code, headers: headers,
            body: HTTPBody { () throws(HTTPTransportError) in
                piece.withLock { piece in
                    defer { piece = nil }
                    return piece
                }
            })
    }

    /// As the API names these codes; other codes have no reason.
    private static func reason(_ code: Int) -> String {
        switch code {
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "NotFound"
        case 409: "Conflict"
        case 410: "Expired"
        case 429: "TooManyRequests"
        case 500: "InternalError"
        case 503: "ServiceUnavailable"
        case 504: "Timeout"
        default: ""
        }
    }
}

/// A body that breaks: some whole pieces, half of the next, and the connection is gone.
private actor CutBody {
    private var iterator: HTTPBody.AsyncIterator
    private var wholeLeft: Int
    private var isCut = false

    init(_ body: HTTPBody, afterPieces: Int) {
        self.iterator = body.makeAsyncIterator()
        self.wholeLeft = afterPieces
    }

    func next() async throws(HTTPTransportError) -> [UInt8]? {
        if self.isCut { throw HTTPTransportError(.connectionLost) }
        var iterator = self.iterator
        defer { self.iterator = iterator }
        guard let piece = try await iterator.next(isolation: self) else { return nil }
        if self.wholeLeft > 0 {
            self.wholeLeft -= 1
            return piece
        }
        self.isCut = true
        return Array(piece.prefix(piece.count / 2))
    }
}
