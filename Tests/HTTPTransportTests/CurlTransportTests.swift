import Foundation
import HTTPTransport
import Testing

@Suite("HTTP by libcurl, against a server on the loopback interface")
struct CurlTransportTests {
    private struct Echo: Decodable {
        let method: String
        let path: String
        let body: String
        let headers: [String: String]
        let peer: Int
    }

    private let server: LoopbackServer
    private let transport: CurlTransport

    init() throws {
        self.server = try LoopbackServer()
        self.transport = try CurlTransport(
            configuration: CurlConfiguration(server: "http://127.0.0.1:\(self.server.port)/", proxy: .none))
    }

    private func echo(_ request: HTTPRequest) async throws -> Echo {
        let response = try await self.transport.send(request)
        return try JSONDecoder().decode(Echo.self, from: Data(try await response.body.collect(upTo: 1 << 20)))
    }

    @Test(
        "method, path, body and headers arrive as they were given, and nothing is added",
        arguments: ["POST", "PUT", "PATCH"])
    func request(method: String) async throws {
        let echo = try await self.echo(
            HTTPRequest(
                method: method, target: "/a/b?c=%20d", headers: ["Content-Type": "application/merge-patch+json"],
                body: Array("{\"x\":1}".utf8)))
        #expect(echo.method == method)
        #expect(echo.path == "/a/b?c=%20d")
        #expect(echo.body == "{\"x\":1}")
        #expect(echo.headers["content-type"] == "application/merge-patch+json")
        #expect(echo.headers["expect"] == nil)
    }

    @Test("a DELETE without and with a body")
    func delete() async throws {
        #expect(try await self.echo(HTTPRequest(method: "DELETE", target: "/x")).body == "")
        let body = Array("{}".utf8)
        #expect(try await self.echo(HTTPRequest(method: "DELETE", target: "/x", body: body)).body == "{}")
    }

    @Test("status and headers of the answer, of which one may stand twice")
    func head() async throws {
        let refused = try await self.transport.send(HTTPRequest(target: "/refused"))
        #expect(refused.status == 429)
        #expect(refused.headers["retry-after"] == "7")
        let echo = try await self.transport.send(HTTPRequest(target: "/"))
        #expect(echo.headers.fields.filter { $0.name == "X-Twice" }.map(\.value) == ["a", "b"])
    }

    @Test("the connection is kept from one request to the next")
    func keepAlive() async throws {
        // On a machine that stands still for two minutes between the two, a connection may be too old to be kept.
        for _ in 0..<3 {
            let first = try await self.echo(HTTPRequest(target: "/1"))
            let second = try await self.echo(HTTPRequest(target: "/2"))
            if first.peer == second.peer { return }
        }
        Issue.record("three times a new connection")
    }

    @Test("redirects are answers")
    func redirect() async throws {
        #expect(try await self.transport.send(HTTPRequest(target: "/moved")).status == 302)
    }

    @Test("a body arrives piece by piece, before its end")
    func stream() async throws {
        // However long this task has to wait for its turn among the others.
        let patient = HTTPTimeLimits(idle: nil)
        let response = try await self.transport.send(HTTPRequest(target: "/stream", limits: patient))
        var iterator = response.body.makeAsyncIterator()
        #expect(try await iterator.next() == Array("line 0\n".utf8))
        // The server goes on only now.
        _ = try await self.transport.send(HTTPRequest(target: "/go"))
        var rest: [UInt8] = []
        while let chunk = try await iterator.next() { rest += chunk }
        #expect(rest == Array("line 1\nline 2\n".utf8))
    }

    @Test(
        "streams that are opened first and at once all begin, though none has ended: HTTP/1.1 without and with TLS",
        arguments: [false, true])
    func streamsAtOnce(isEncrypted: Bool) async throws {
        let folder = isEncrypted ? try TestCertificates.make() : nil
        defer { folder.map { try? FileManager.default.removeItem(at: $0) } }
        let server = try LoopbackServer(certificates: folder)
        let configuration = CurlConfiguration(
            server: "\(isEncrypted ? "https" : "http")://localhost:\(server.port)",
            tls: CurlTLS(skipsVerification: true), proxy: .none)
        let transport = try CurlTransport(configuration: configuration)
        let patient = HTTPTimeLimits(connect: .seconds(120), idle: .seconds(120))
        // All heads are awaited before any body is read: each stream stays open meanwhile.
        let open = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
            for _ in 0..<4 {
                group.addTask { try await transport.send(HTTPRequest(target: "/stream", limits: patient)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(open.map(\.status) == [200, 200, 200, 200])
    }

    @Test("a connection that ends inside the body is an error, after the bytes that came")
    func cut() async throws {
        let response = try await self.transport.send(HTTPRequest(target: "/cut"))
        var bytes = 0
        await #expect(throws: HTTPTransportError(.connectionLost)) {
            for try await chunk in response.body { bytes += chunk.count }
        }
        #expect(bytes == 21)
    }

    @Test("a slow reader holds the server back, and a limit on the body ends the exchange")
    func backPressure() async throws {
        let response = try await self.transport.send(HTTPRequest(target: "/endless"))
        try await Task.sleep(for: .milliseconds(200))
        var iterator = response.body.makeAsyncIterator()
        // What was held while nobody read: the configured buffer, not what a server can send in 200 ms.
        let held = try await iterator.next()?.count ?? 0
        #expect(held <= 1 << 20)
        let other = try await self.transport.send(HTTPRequest(target: "/endless"))
        await #expect(throws: HTTPTransportError(.bodyTooLarge)) { try await other.body.collect(upTo: 3 << 20) }
    }

    @Test("nobody listening, silence, garbage and cancellation are told apart")
    func failures() async throws {
        let nobody = try CurlTransport(configuration: CurlConfiguration(server: "http://127.0.0.1:9", proxy: .none))
        await #expect(throws: HTTPTransportError(.connectFailed)) { try await nobody.send(HTTPRequest(target: "/")) }
        let idle = HTTPTimeLimits(idle: .milliseconds(100))
        await #expect(throws: HTTPTransportError(.timedOut)) {
            try await self.transport.send(HTTPRequest(target: "/silent", limits: idle))
        }
        let total = HTTPTimeLimits(idle: nil, total: .milliseconds(100))
        await #expect(throws: HTTPTransportError(.timedOut)) {
            try await self.transport.send(HTTPRequest(target: "/silent", limits: total))
        }
        await #expect(throws: HTTPTransportError(.protocolViolation)) {
            try await self.transport.send(HTTPRequest(target: "/garbage"))
        }
        let transport = self.transport
        let waiting = Task { try await transport.send(HTTPRequest(target: "/silent")).status }
        try await Task.sleep(for: .milliseconds(50))
        waiting.cancel()
        await #expect(throws: HTTPTransportError(.cancelled)) { try await waiting.value }
    }

    @Test("a target or header that would break the request is refused before it is sent")
    func injection() async throws {
        let line = HTTPRequest(target: "/a b")
        await #expect(throws: HTTPTransportError(.protocolViolation)) { try await self.transport.send(line) }
        let header = HTTPRequest(target: "/", headers: ["X": "a\r\nY: b"])
        await #expect(throws: HTTPTransportError(.protocolViolation)) { try await self.transport.send(header) }
    }

    @Test("a proxy is asked in the server's place, for the server's address")
    func proxy() async throws {
        let transport = try CurlTransport(
            configuration: CurlConfiguration(
                server: "http://cluster.invalid:6443", proxy: .url("http://127.0.0.1:\(self.server.port)")))
        let response = try await transport.send(HTTPRequest(target: "/api/v1/nodes"))
        let echo = try JSONDecoder().decode(Echo.self, from: Data(try await response.body.collect(upTo: 1 << 20)))
        #expect(echo.path == "http://cluster.invalid:6443/api/v1/nodes")
        #expect(echo.headers["host"] == "cluster.invalid:6443")
    }

    @Test("many exchanges at once")
    func many() async throws {
        let transport = self.transport
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<50 {
                group.addTask { try await transport.send(HTTPRequest(target: "/\(index)")).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 50))
    }

    @Test("certificates: the authority, the name, the client's own, and who skips all that")
    func tls() async throws {
        let folder = try TestCertificates.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let pem = { (name: String) in Array(try Data(contentsOf: folder.appendingPathComponent(name))) }
        let server = try LoopbackServer(certificates: folder, needsClientCertificate: true)
        let status = { (host: String, tls: CurlTLS) async throws -> Int in
            let configuration = CurlConfiguration(server: "https://\(host):\(server.port)", tls: tls, proxy: .none)
            return try await CurlTransport(configuration: configuration).send(HTTPRequest(target: "/")).status
        }
        var tls = CurlTLS(
            authorities: try pem("ca.pem"), clientCertificate: try pem("client.pem"), clientKey: try pem("client.key"))
        #expect(try await status("localhost", tls) == 200)
        await #expect(throws: HTTPTransportError(.tlsFailed)) { try await status("127.0.0.1", tls) }
        tls.serverName = "localhost"
        #expect(try await status("127.0.0.1", tls) == 200)
        var unknown = tls
        unknown.authorities = nil
        await #expect(throws: HTTPTransportError(.tlsFailed)) { try await status("localhost", unknown) }
        unknown.skipsVerification = true
        #expect(try await status("127.0.0.1", unknown) == 200)
        var anonymous = tls
        anonymous.clientCertificate = nil
        anonymous.clientKey = nil
        await #expect(throws: HTTPTransportError.self) { try await status("localhost", anonymous) }
    }
}
