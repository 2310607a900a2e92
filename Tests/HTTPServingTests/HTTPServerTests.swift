import HTTPServing
import HTTPTransport
import Testing

@Suite("The HTTP server", .timeLimit(.minutes(1)))
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
}
