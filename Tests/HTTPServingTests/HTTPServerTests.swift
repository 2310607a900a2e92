import HTTPServing
import HTTPTransport
import Testing

@Suite("The HTTP server", .timeLimit(.minutes(3)))
struct HTTPServerTests {
    private static let limits = HTTPTimeLimits(total: .seconds(20))

    private static func echo(_ request: ServedRequest) -> ServedAnswer { .text("\(request.body.count)") }

    private static func text(_ response: HTTPResponse) async throws -> String {
        String(decoding: try await response.body.collect(upTo: 1 << 20), as: UTF8.self)
    }

    @Test("a body up to the limit is read, a longer one is a 413")
    func bodyLimit() async throws {
        try await Serving.run({ $0.bodyLimit = 1000 }, handler: { Self.echo($0) }) { transport, _ in
            for (count, status) in [(1000, 200), (1001, 413), (3, 200)] {
                let response = try await transport.send(
                    HTTPRequest(
                        method: "POST", target: "/", body: Array(repeating: 65, count: count), limits: Self.limits))
                #expect(response.status == status)
                if status == 200 { #expect(try await Self.text(response) == "\(count)") }
            }
        }
    }

    @Test("a header over the limit never reaches the handler, and the next client is served")
    func headerLimit() async throws {
        try await Serving.run({ $0.headerLimit = 1000 }, handler: { Self.echo($0) }) { transport, _ in
            let long = HTTPRequest(
                target: "/", headers: ["X-Long": String(repeating: "x", count: 5000)], limits: Self.limits)
            let answer = try? await transport.send(long)
            #expect(answer.map { $0.status >= 400 } ?? true)
            let next = try await transport.send(HTTPRequest(target: "/", limits: Self.limits))
            #expect(next.status == 200)
        }
    }

    @Test("a call under way at shutdown is answered before the server ends")
    func shutdown() async throws {
        let (started, go) = (Gate(), Gate())
        try await Serving.run(handler: { _ in
            started.open()
            await go.wait()
            return .text("done")
        }) { transport, shutDown in
            async let answer = transport.send(HTTPRequest(target: "/", limits: Self.limits))
            await started.wait()
            await shutDown()
            go.open()
            let response = try await answer
            #expect(try await Self.text(response) == "done")
        }
    }

    // MARK: Limits

    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n"

    @Test("a client over the limit of connections waits until another one goes")
    func connectionLimit() async throws {
        try await Serving.run(
            { $0.connectionLimit = 1 }, handler: { Self.echo($0) },
            onPort: { port in
                try await offThePool {
                    let first = try RawConnection(port: port)
                    try first.send("\(Self.get)\r\n")
                    #expect(try first.receive(until: "\r\n\r\n0").hasPrefix("HTTP/1.1 200"))
                    let second = try RawConnection(port: port)
                    try second.send("\(Self.get)Connection: close\r\n\r\n")
                    #expect(!second.hasNews(within: 300))
                    first.close()
                    #expect(try second.receive(until: "\r\n\r\n0").hasPrefix("HTTP/1.1 200"))
                    second.close()
                }
            })
    }

    @Test("a client that stops in the middle of its request is cut off, and the others are served meanwhile")
    func slowClient() async throws {
        try await Serving.run(
            { $0.idleSeconds = 1 }, handler: { Self.echo($0) },
            onPort: { port in
                try await offThePool {
                    let slow = try RawConnection(port: port)
                    try slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
                    let other = try RawConnection(port: port)
                    try other.send("\(Self.get)Connection: close\r\n\r\n")
                    #expect(try other.receive(until: "\r\n\r\n0").hasPrefix("HTTP/1.1 200"))
                    // The connection ends; whether a refusal comes before it is the server's choice, a success is not.
                    #expect(!(try slow.receiveAll().hasPrefix("HTTP/1.1 200")))
                    slow.close()
                    other.close()
                }
            })
    }
}
