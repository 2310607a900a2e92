import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Testing

@Suite("Faults by rule", .timeLimit(.minutes(5)))
struct RuledFaultTransportTests {
    let server = InProcessTransport(FakeAPIServer(now: { 0 }))

    func transport(_ rules: String) throws -> RuledFaultTransport {
        RuledFaultTransport(self.server, rules: try FaultRules(#require(JSONTree(parsing: rules))))
    }

    func create(_ name: String, _ transport: some HTTPTransport) async throws(HTTPTransportError) -> HTTPResponse {
        try await transport.send(
            HTTPRequest(
                method: "POST", target: "/api/v1/nodes", headers: ["Content-Type": "application/json"],
                body: Array(#"{"metadata":{"name":"\#(name)"}}"#.utf8)))
    }

    func exists(_ name: String) async throws -> Bool {
        try await self.server.send(HTTPRequest(target: "/api/v1/nodes/\(name)")).status == 200
    }

    @Test("a status is answered as often as asked, and nothing happens meanwhile")
    func status() async throws {
        let transport = try self.transport(
            #"{"rules":[{"method":"POST","path":"/nodes","fault":"status","code":429,"retryAfterSeconds":2,"times":2}]}"#
        )
        for _ in 0..<2 {
            let refused = try await self.create("n1", transport)
            #expect(refused.status == 429)
            #expect(refused.headers["Retry-After"] == "2")
            let body = JSONTree(parsing: String(decoding: try await refused.body.collect(upTo: 10_000), as: UTF8.self))
            #expect(body?["reason"] == "TooManyRequests")
            #expect(try await !self.exists("n1"))
        }
        #expect(try await self.create("n1", transport).status == 201)
    }

    @Test("a lost reply comes after the write")
    func lostReply() async throws {
        let transport = try self.transport(#"{"rules":[{"method":"POST","fault":"lostReply"}]}"#)
        await #expect(throws: HTTPTransportError(.connectionLost)) { try await self.create("n1", transport) }
        #expect(try await self.exists("n1"))
    }

    @Test("a cut watch gives its whole events, half of one, and breaks")
    func cut() async throws {
        let transport = try self.transport(#"{"rules":[{"path":"watch=1","fault":"cut","afterPieces":1}]}"#)
        for name in ["n1", "n2"] { _ = try await self.create(name, transport) }
        let watch = try await transport.send(HTTPRequest(target: "/api/v1/nodes?watch=1"))
        var pieces = watch.body.makeAsyncIterator()
        let whole = String(decoding: try await pieces.next() ?? [], as: UTF8.self)
        #expect(JSONTree(parsing: whole)?["type"] == "ADDED")
        let half = String(decoding: try await pieces.next() ?? [], as: UTF8.self)
        #expect(half.hasPrefix("{") && JSONTree(parsing: half) == nil)
        await #expect(throws: HTTPTransportError(.connectionLost)) { _ = try await pieces.next() }
    }

    @Test("the same seed strikes the same requests, and about as many as asked")
    func seeded() async throws {
        func strikes(_ seed: Int) async throws -> [Int] {
            let transport = try self.transport(
                #"{"seed":\#(seed),"rules":[{"fault":"status","code":500,"percent":30}]}"#)
            var struck: [Int] = []
            for index in 0..<200
            where try await transport.send(HTTPRequest(target: "/api/v1/nodes")).status == 500 { struck.append(index) }
            return struck
        }
        let first = try await strikes(7)
        #expect(try await strikes(7) == first)
        #expect(try await strikes(8) != first)
        #expect((30...90).contains(first.count))
    }

    @Test("rules are changed and the history is compacted by request; bad rules leave the old ones")
    func control() async throws {
        let transport = try self.transport(#"{"rules":[{"fault":"status","code":503}]}"#)
        func post(_ path: String, _ body: String) async throws -> Int {
            try await transport.send(HTTPRequest(method: "POST", target: path, body: Array(body.utf8))).status
        }
        #expect(try await post("/fake/faults", #"{"rules":[{"fault":"fire"}]}"#) == 400)
        #expect(try await self.create("n1", transport).status == 503)
        #expect(try await post("/fake/faults", #"{"rules":[]}"#) == 200)
        #expect(try await self.create("n1", transport).status == 201)
        #expect(try await post("/fake/compact", "") == 200)
        let watch = try await transport.send(HTTPRequest(target: "/api/v1/nodes?watch=1&resourceVersion=1"))
        var pieces = watch.body.makeAsyncIterator()
        let event = JSONTree(parsing: String(decoding: try await pieces.next() ?? [], as: UTF8.self))
        #expect(event?["type"] == "ERROR" && event?[path: ["object", "code"]] == 410)
        #expect(try await post("/fake/other", "") == 404)
    }

    @Test(
        "rules that cannot be meant are refused",
        arguments: [
            #"{"rules":[{"fault":"status"}]}"#, #"{"rules":[{"fault":"status","code":200}]}"#,
            #"{"rules":[{"fault":"lostReply","code":500}]}"#, #"{"rules":[{"fault":"delay","milliseconds":-1}]}"#,
            #"{"rules":[{"fault":"cut","percent":101}]}"#, #"{"rules":{}}"#, #"{"rule":[]}"#, "[]",
        ])
    func refuses(rules: String) throws {
        #expect(throws: FaultRules.Invalid.self) { try self.transport(rules) }
    }
}
