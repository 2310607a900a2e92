import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Synchronization
import Testing

@testable import KubernetesClient

@Suite("Writes of a client that is fenced")
struct FenceTests {
    private let transport = FaultyTransport(InProcessTransport(FakeAPIServer(now: { 1_764_000_000 })))
    private let fence = LeadershipFence()

    /// Whoever waits finds the fence closed afterwards.
    private func client(closesWhileWaiting: Bool = false) -> KubernetesClient {
        let fence = self.fence
        let pause = Pause(sleep: { _ in if closesWhileWaiting { fence.close() } }, random: { 0 })
        return KubernetesClient(transport: self.transport, pause: pause).fenced(by: fence)
    }

    private func write(_ client: KubernetesClient) async throws(KubernetesError) {
        try await client.create(["metadata": ["name": "n1"]], in: .nodes)
    }

    @Test("a closed fence lets nothing out but reads")
    func closed() async throws {
        await #expect(throws: KubernetesError.fenced) { try await self.write(self.client()) }
        #expect(self.transport.requests.isEmpty)
        #expect(try await self.client().list(.nodes).objects.isEmpty)
    }

    @Test(
        "a fence that closes during the wait that the server asked for: no second request leaves",
        arguments: [429, 503])
    func closesDuringWait(code: Int) async throws {
        self.fence.keepOpen(until: .now + .seconds(3600))
        self.transport.add(.answer(code, headers: ["Retry-After": "5"]), to: "POST", "/nodes")
        do {
            try await self.write(self.client(closesWhileWaiting: true))
            Issue.record("was written")
        } catch {
            // What is known of the call is what the server said last.
            #expect(error.status?.code == code)
        }
        #expect(self.transport.requests.count == 1)
    }

    @Test("a fence that stays open lets the repeat out")
    func staysOpen() async throws {
        self.fence.keepOpen(until: .now + .seconds(3600))
        self.transport.add(.answer(429, headers: ["Retry-After": "5"]), to: "POST", "/nodes")
        try await self.write(self.client())
        #expect(self.transport.requests.count == 2)
    }

    @Test("a fence that closes while credentials are renewed: the request does not leave again")
    func closesDuringRenewal() async throws {
        final class Renewing: CredentialSource {
            let fence: LeadershipFence
            init(_ fence: LeadershipFence) { self.fence = fence }
            func authorization() async throws(KubernetesError) -> String? { "Bearer t" }
            func renew() async -> Bool {
                self.fence.close()
                return true
            }
        }
        self.fence.keepOpen(until: .now + .seconds(3600))
        let client = KubernetesClient(transport: self.transport, credentials: Renewing(self.fence))
        self.transport.add(.answer(401), to: "POST", "/nodes")
        do {
            try await self.write(client.fenced(by: self.fence))
            Issue.record("was written")
        } catch { #expect(error.status?.code == 401) }
        #expect(self.transport.requests.count == 1)
    }

    @Test("a write may look for a connection only as long as the fence is open")
    func connectLimit() async throws {
        final class Recorder: HTTPTransport {
            let limits = Mutex<[Duration?]>([])
            func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
                self.limits.withLock { $0.append(request.limits.connect) }
                throw HTTPTransportError(.connectFailed)
            }
        }
        let recorder = Recorder()
        let client = KubernetesClient(transport: recorder)
        self.fence.keepOpen(until: .now + .seconds(2))
        try? await self.write(client.fenced(by: self.fence))
        try? await self.write(client)
        let limits = recorder.limits.withLock { $0 }
        #expect(limits.count == 2)
        #expect(try #require(limits[0]) <= .seconds(2))
        #expect(limits[1] == HTTPTimeLimits().connect)
    }
}
