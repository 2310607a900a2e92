import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Testing

@Suite("The fake API server without a socket", .timeLimit(.minutes(5)))
struct InProcessTransportTests {
    let transport = InProcessTransport(FakeAPIServer(now: { 0 }))

    func create(_ name: String) async throws {
        let body = Array(#"{"metadata":{"name":"\#(name)"}}"#.utf8)
        let answer = try await self.transport.send(
            HTTPRequest(
                method: "POST", target: "/api/v1/nodes", headers: ["Content-Type": "application/json"], body: body))
        #expect(answer.status == 201)
    }

    @Test("a watch waits for a write and streams it")
    func streams() async throws {
        let version = self.transport.withServer { $0.resourceVersion }
        let answer = try await self.transport.send(
            HTTPRequest(target: "/api/v1/nodes?watch=1&resourceVersion=\(version)"))
        let first = Task { () -> String in
            var chunks = answer.body.makeAsyncIterator()
            return String(decoding: try await chunks.next() ?? [], as: UTF8.self)
        }
        try await self.create("n1")
        let line = try await first.value
        #expect(line.hasSuffix("\n"))
        #expect(JSONTree(parsing: line)?[path: ["object", "metadata", "name"]] == "n1")
    }

    @Test("cancelling the reader ends the watch, and nothing of it stays")
    func cancels() async throws {
        let reader = Task { () -> HTTPTransportError? in
            do throws(HTTPTransportError) {
                let answer = try await self.transport.send(HTTPRequest(target: "/api/v1/pods?watch=1"))
                _ = try await answer.body.collect(upTo: 1_000)
                return nil
            } catch { return error }
        }
        while self.transport.openWatchCount == 0 { await Task.yield() }
        reader.cancel()
        #expect(await reader.value == HTTPTransportError(.cancelled))
        #expect(self.transport.openWatchCount == 0)
    }
}
