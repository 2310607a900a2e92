import CloudProviders
import HTTPTransport
import Synchronization

/// Gives the answers it was told, in order, and keeps what it was asked.
actor ScriptedTransport: HTTPTransport {
    private var answers: [(status: Int, body: String)]
    private(set) var requests: [HTTPRequest] = []

    init(_ answers: [(status: Int, body: String)]) { self.answers = answers }

    /// The form of each request so far.
    var forms: [String] { self.requests.map { String(decoding: $0.body, as: UTF8.self) } }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        self.requests.append(request)
        guard !self.answers.isEmpty else { throw HTTPTransportError(.connectionLost, "no more answers") }
        let answer = self.answers.removeFirst()
        let piece = OnePiece(Array(answer.body.utf8))
        return HTTPResponse(
            status: answer.status, body: HTTPBody { () async throws(HTTPTransportError) in await piece.take() })
    }
}

private actor OnePiece {
    private var bytes: [UInt8]?

    init(_ bytes: [UInt8]) { self.bytes = bytes.isEmpty ? nil : bytes }

    func take() -> [UInt8]? {
        defer { self.bytes = nil }
        return self.bytes
    }
}

/// A world of variables, files and servers made up by a test, with a clock that the test moves.
final class ScriptedWorld: Sendable {
    private struct State {
        var now: Int64 = 1_440_938_160  // 2015-08-30T12:36:00Z
        var files: [String: String] = [:]
        var servers: [String] = []
    }

    let transport: ScriptedTransport
    private let state = Mutex(State())

    init(_ answers: [(status: Int, body: String)] = []) { self.transport = ScriptedTransport(answers) }

    var now: Int64 { self.state.withLock { $0.now } }
    /// Who was connected to, in order.
    var servers: [String] { self.state.withLock { $0.servers } }

    func pass(seconds: Int64) { self.state.withLock { $0.now += seconds } }

    func write(_ path: String, _ text: String) { self.state.withLock { $0.files[path] = text } }

    func environment(_ variables: [String: String] = [:]) -> AWSEnvironment {
        AWSEnvironment(
            variables: variables,
            readFile: { path in self.state.withLock { $0.files[path].map { Array($0.utf8) } } },
            connect: { server throws(HTTPTransportError) in
                self.state.withLock { $0.servers.append(server) }
                return self.transport
            },
            now: { self.now })
    }
}
