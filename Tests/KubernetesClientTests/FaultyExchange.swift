import FakeKubernetesAPI
import HTTPTransport
import Synchronization
import Testing

/// What may happen to one exchange with an API server.
enum ExchangeFault: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case latency = "an answer that comes late"
    case droppedWatch = "an answer that ends after its first piece"
    case halfWritten = "an answer that breaks off inside a piece"
    case lostReply = "an effect whose answer is lost"
    case conflict = "409"
    case gone = "410"
    case tooManyRequests = "429 with Retry-After"
    case internalError = "500"
    case reset = "a connection that is reset"
    case slowReader = "a body that is read a few bytes at a time"

    var testDescription: String { self.rawValue }

    /// Whether the exchange does not come to its end.
    var breaksOff: Bool {
        switch self {
        case .latency, .slowReader: false
        case .droppedWatch, .halfWritten, .lostReply, .conflict, .gone, .tooManyRequests, .internalError, .reset: true
        }
    }
}

/// The fake server, with one fault for some of the requests, and an account of all that is under way.
final class MatrixTransport: HTTPTransport {
    private struct State {
        var passes = 0
        var strikes = 0
        var struck = 0
        var matched = 0
    }

    let server = InProcessTransport(FakeAPIServer(now: { 1_764_000_000 }))
    private let fault: ExchangeFault
    private let streamsLists: Bool
    private let matches: @Sendable (HTTPRequest) -> Bool
    private let state = Mutex(State())
    private let account = ExchangeAccount()

    init(
        _ fault: ExchangeFault, streamsLists: Bool = false, where matches: @escaping @Sendable (HTTPRequest) -> Bool
    ) {
        self.fault = fault
        self.streamsLists = streamsLists
        self.matches = matches
    }

    /// Of the requests that match, so many pass, and so many after them meet the fault.
    func arm(_ strikes: Int, after passes: Int = 0) {
        self.state.withLock {
            $0.passes = passes
            $0.strikes += strikes
        }
    }

    var struck: Int { self.state.withLock { $0.struck } }
    var matched: Int { self.state.withLock { $0.matched } }
    /// Requests without an answer, and bodies that somebody still holds.
    var underWay: Int { self.account.count }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        if !self.streamsLists, request.target.contains("sendInitialEvents") { return Self.refusal(422, "Invalid") }
        let token = ExchangeToken(self.account)
        let strikes =
            self.matches(request)
            && self.state.withLock { state in
                state.matched += 1
                if state.passes > 0 {
                    state.passes -= 1
                    return false
                }
                guard state.strikes > 0 else { return false }
                state.strikes -= 1
                state.struck += 1
                return true
            }
        let response = strikes ? try await self.struck(request) : try await self.server.send(request)
        return HTTPResponse(
            status: response.status, headers: response.headers,
            body: HTTPBody { () async throws(HTTPTransportError) in
                // Held as long as the body is.
                _ = token
                return try await Self.next(of: response.body)
            })
    }

    private static func next(of body: HTTPBody) async throws(HTTPTransportError) -> [UInt8]? {
        var iterator = body.makeAsyncIterator()
        return try await iterator.next()
    }

    private func struck(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        switch self.fault {
        case .conflict: return Self.refusal(409, "Conflict")
        case .gone: return Self.refusal(410, "Expired")
        case .internalError: return Self.refusal(500, "InternalError")
        case .tooManyRequests: return Self.refusal(429, "TooManyRequests", ["Retry-After": "1"])
        case .reset: throw HTTPTransportError(.connectionLost, "reset by peer")
        case .lostReply:
            _ = try await self.server.send(request)
            throw HTTPTransportError(.connectionLost)
        case .latency:
            do { try await Task.sleep(for: .milliseconds(20)) } catch { throw HTTPTransportError(.cancelled) }
            return try await self.server.send(request)
        case .droppedWatch, .halfWritten, .slowReader:
            var response = try await self.server.send(request)
            let isWatch = request.target.contains("watch=true")
            let body = FaultyBody(response.body, self.fault, endsCleanly: isWatch)
            response.body = HTTPBody { () async throws(HTTPTransportError) in try await body.next() }
            return response
        }
    }

    private static func refusal(_ code: Int, _ reason: String, _ headers: HTTPHeaders = [:]) -> HTTPResponse {
        let text = #"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"\#(reason)","code":\#(code)}"#
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
}

/// A body that breaks off, or that comes a few bytes at a time.
private actor FaultyBody {
    private let body: HTTPBody
    private let fault: ExchangeFault
    /// A watch may end at any time; any other answer that ends early is a lost connection.
    private let endsCleanly: Bool
    private var isFirst = true
    private var isOver = false
    private var rest: ArraySlice<UInt8> = []

    init(_ body: HTTPBody, _ fault: ExchangeFault, endsCleanly: Bool) {
        self.body = body
        self.fault = fault
        self.endsCleanly = endsCleanly
    }

    func next() async throws(HTTPTransportError) -> [UInt8]? {
        if self.isOver { return try self.end() }
        switch self.fault {
        case .slowReader: return try await self.fewBytes()
        case .droppedWatch where !self.isFirst || !self.endsCleanly, .halfWritten where !self.isFirst:
            self.isOver = true
            return try self.end()
        case .halfWritten:
            self.isFirst = false
            guard let piece = try await self.piece() else { return nil }
            return Array(piece.prefix(piece.count / 2))
        case .droppedWatch, .latency, .lostReply, .conflict, .gone, .tooManyRequests, .internalError, .reset:
            self.isFirst = false
            return try await self.piece()
        }
    }

    private func end() throws(HTTPTransportError) -> [UInt8]? {
        if self.endsCleanly, self.fault == .droppedWatch { return nil }
        throw HTTPTransportError(.connectionLost)
    }

    private func fewBytes() async throws(HTTPTransportError) -> [UInt8]? {
        if self.rest.isEmpty {
            guard let piece = try await self.piece() else { return nil }
            self.rest = piece[...]
        }
        await Task.yield()
        let bytes = self.rest.prefix(7)
        self.rest = self.rest.dropFirst(7)
        return Array(bytes)
    }

    private func piece() async throws(HTTPTransportError) -> [UInt8]? {
        var iterator = self.body.makeAsyncIterator()
        return try await iterator.next(isolation: self)
    }
}

private final class ExchangeAccount: Sendable {
    private let open = Mutex(0)
    var count: Int { self.open.withLock { $0 } }
    func add(_ change: Int) { self.open.withLock { $0 += change } }
}

/// Counts as long as somebody holds it.
private final class ExchangeToken: Sendable {
    private let account: ExchangeAccount

    init(_ account: ExchangeAccount) {
        self.account = account
        account.add(1)
    }

    deinit { self.account.add(-1) }
}
