import FakeKubernetesAPI
import HTTPServing
import HTTPTransport
import KubernetesAPI
import Testing

@testable import FakeAPIServerCommand

@Suite("Fault rules of the fake API server, over a socket", .timeLimit(.minutes(5)))
struct FaultsOverASocketTests {
    private static let limits = HTTPTimeLimits(total: .seconds(20))
    private static let pods = "/api/v1/namespaces/default/pods"

    private static func run(
        _ rules: JSONTree, body: @escaping (CurlTransport, InProcessTransport) async throws -> Void
    ) async throws {
        let server = InProcessTransport(FakeAPIServer(now: { 1_764_000_000 }))
        let faulty = RuledFaultTransport(server)
        try await Serving.run(
            handler: { await FakeAPIServerCommand.answer($0, faulty, asksForCredentials: false) }
        ) { transport, _ in
            let answer = try await transport.send(
                HTTPRequest(method: "POST", target: "/fake/faults", body: rules.bytes, limits: Self.limits))
            #expect(answer.status == 200)
            try await body(transport, server)
            server.endWatches()
        }
    }

    private static func create(_ name: String) -> HTTPRequest {
        let pod: JSONTree = [
            "metadata": ["name": .string(name)], "spec": ["containers": [["name": "main", "image": "i"]]],
        ]
        return HTTPRequest(
            method: "POST", target: Self.pods, headers: ["Content-Type": "application/json"], body: pod.bytes,
            limits: Self.limits)
    }

    @Test("a refusal has its code and Retry-After, and nothing happened")
    func refusal() async throws {
        let rule: JSONTree = ["method": "POST", "fault": "status", "code": 429, "retryAfterSeconds": 7, "times": 1]
        try await Self.run(["rules": [rule]]) { transport, server in
            let refused = try await transport.send(Self.create("a"))
            #expect(refused.status == 429)
            #expect(refused.headers["Retry-After"] == "7")
            #expect(server.withServer { $0.objects(kind: "Pod").isEmpty })
            let again = try await transport.send(Self.create("a"))
            #expect(again.status == 201)
        }
    }

    @Test("a lost reply took effect, and the client sees the connection break")
    func lostReply() async throws {
        try await Self.run(["rules": [["method": "POST", "fault": "lostReply", "times": 1]]]) { transport, server in
            await #expect(throws: HTTPTransportError.self) {
                let response = try await transport.send(Self.create("a"))
                _ = try await response.body.collect(upTo: 1 << 20)
            }
            #expect(server.withServer { $0.objects(kind: "Pod").count } == 1)
            let again = try await transport.send(Self.create("a"))
            #expect(again.status == 409)
        }
    }

    @Test("a watch is cut in the middle of an event, after the whole ones")
    func cut() async throws {
        let rule: JSONTree = ["path": "watch=", "fault": "cut", "afterPieces": 1]
        try await Self.run(["rules": [rule]]) { transport, _ in
            for name in ["a", "b"] { _ = try await transport.send(Self.create(name)) }
            let watch = try await transport.send(
                HTTPRequest(target: Self.pods + "?watch=1", limits: Self.limits))
            var received: [UInt8] = []
            await #expect(throws: HTTPTransportError.self) {
                for try await piece in watch.body { received += piece }
            }
            let lines = String(decoding: received, as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.first.flatMap { JSONTree(parsing: String($0)) }?["type"] == "ADDED")
            #expect(lines.last.flatMap { JSONTree(parsing: String($0)) } == nil)
        }
    }
}
