import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Synchronization
import Testing

@testable import KubernetesClient

/// A client on a fresh fake server that never really waits.
struct World {
    let transport = FaultyTransport(InProcessTransport(FakeAPIServer(now: { 1_764_000_000 })))
    let client: KubernetesClient
    let waits = WaitLog()

    final class WaitLog: Sendable {
        private let log = Mutex<[Duration]>([])
        var all: [Duration] { self.log.withLock { $0 } }
        func add(_ wait: Duration) { self.log.withLock { $0.append(wait) } }
    }

    init(pageSize: Int = 500, eventLimit: Int = 16 << 20) {
        var options = KubernetesClientOptions()
        options.pageSize = pageSize
        options.eventLimit = eventLimit
        let waits = self.waits
        let pause = Pause(
            sleep: { wait in
                waits.add(wait)
                try await Task.sleep(for: .milliseconds(1))
            }, random: { 0.5 })
        self.client = KubernetesClient(transport: self.transport, options: options, pause: pause)
    }

    func makePods(_ names: String...) async throws {
        for name in names {
            try await self.client.create(
                ["metadata": ["name": .string(name)], "spec": ["containers": [["name": "main", "image": "i"]]]],
                in: ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default"))
        }
    }
}

/// Waits until something is so; false where that takes longer than the slowest machine needs.
func eventually(_ isSo: () async throws -> Bool) async throws -> Bool {
    let patience = ContinuousClock.now + .seconds(120)
    while ContinuousClock.now < patience {
        if try await isSo() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return false
}

@Suite("Calls of the Kubernetes API")
struct KubernetesClientTests {
    @Test("paths of core and named groups, encoded")
    func paths() {
        #expect(ResourcePath.pod("ml", "a").subresource("binding").target == "/api/v1/namespaces/ml/pods/a/binding")
        let job = ResourcePath(apiVersion: "batch/v1", plural: "jobs", namespace: "a b")
        #expect(job.target == "/apis/batch/v1/namespaces/a%20b/jobs")
    }

    @Test("a list is read page by page, and begins anew when a page comes too late")
    func pages() async throws {
        let world = World(pageSize: 2)
        try await world.makePods("a", "b", "c", "d", "e")
        #expect(try await world.client.list(.pods).objects.map(\.key.name) == ["a", "b", "c", "d", "e"])
        let expired = #"{"kind":"Status","code":410,"reason":"Expired","message":"too old"}"#
        world.transport.add(.answer(410, body: expired), to: "GET", "continue=")
        #expect(try await world.client.list(.pods).objects.count == 5)
    }

    @Test("an answer that asks to come again is followed; one without a time, or with a long one, is an error")
    func retryAfter() async throws {
        let world = World()
        world.transport.add(.answer(429, headers: ["Retry-After": "3"]), to: "GET", "/nodes")
        world.transport.add(.answer(503, headers: ["Retry-After": "1"]), to: "GET", "/nodes")
        _ = try await world.client.list(.nodes)
        #expect(world.waits.all == [.milliseconds(3150), .milliseconds(1050)])
        for headers in [[:], ["Retry-After": "600"]] as [HTTPHeaders] {
            world.transport.add(.answer(429, headers: headers), to: "GET", "/nodes")
            await #expect(throws: KubernetesError.self) { try await world.client.list(.nodes) }
        }
        #expect(world.waits.all.count == 2)
    }

    @Test("a lost answer is an error and not a second try; a refusal tells code, reason and causes")
    func noSecondTry() async throws {
        let world = World()
        try await world.makePods("a")
        let pod = try await world.client.get(.pod("default", "a")).root
        let uid = try #require(pod["metadata"]?["uid"]?.string)
        world.transport.add(.lostReply, to: "POST", "/binding")
        await #expect(throws: KubernetesError.transport(HTTPTransportError(.connectionLost))) {
            try await world.client.bind("default", "a", uid: uid, to: "n1")
        }
        #expect(world.transport.requests.count { $0.contains("binding") } == 1)
        do {
            try await world.client.bind("default", "a", uid: uid, to: "n1")
            Issue.record("bound twice")
        } catch {
            #expect(error.status?.code == 409)
            #expect(error.status?.reason == "Conflict")
        }
        #expect(try await world.client.get(.pod("default", "a")).root["spec"]?["nodeName"]?.string == "n1")
    }

    @Test("a token file is read again after a 401, once")
    func renewal() async throws {
        final class Box: CredentialSource {
            let renewals = Mutex(0)
            func authorization() async throws(KubernetesError) -> String? { "Bearer t" }
            func renew() async -> Bool {
                self.renewals.withLock { $0 += 1 }
                return true
            }
        }
        let world = World()
        world.transport.server.withServer { $0.administratorToken = "t" }
        let box = Box()
        let client = KubernetesClient(transport: world.transport, credentials: box)
        world.transport.add(.answer(401), to: "GET", "/nodes")
        _ = try await client.list(.nodes)
        #expect(box.renewals.withLock { $0 } == 1)
        world.transport.add(.answer(401), to: "GET", "/nodes")
        world.transport.add(.answer(401), to: "GET", "/nodes")
        await #expect(throws: KubernetesError.self) { try await client.list(.nodes) }
    }
}

@Suite("Cutting a watch into events")
struct WatchFramingTests {
    private let bytes = Array(
        """
        {"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","resourceVersion":"5"}}}
        {"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7"}}}
        nonsense
        {"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}

        """.utf8)

    private func summary(_ events: [WatchEvent]) -> [String] {
        events.map { event in
            switch event {
            case .added(let object): "added \(object.key.name)@\(object.resourceVersion)"
            case .bookmark(let version, let ends): "bookmark \(version) \(ends)"
            case .error(let status): "error \(status.code)"
            case .tooLong(let event): "too long \(event.type ?? "?") \(event.name ?? "?")@\(event.resourceVersion)"
            case .unreadable: "unreadable"
            case .modified, .deleted: "other"
            }
        }
    }

    @Test("wherever the pieces end, the events are the same", arguments: [1, 2, 7, 64, 10_000])
    func pieces(size: Int) {
        var framing = WatchFraming(lineLimit: 1000)
        var events: [WatchEvent] = []
        for start in stride(from: 0, to: self.bytes.count, by: size) {
            events += framing.take(Array(self.bytes[start..<min(start + size, self.bytes.count)]))
        }
        #expect(self.summary(events) == ["added a@5", "bookmark 7 false", "unreadable", "error 410"])
        #expect(framing.isEmpty)
    }

    @Test(
        "an event beyond the limit is let pass and said whose it is; those behind it come", arguments: [1, 7, 10_000])
    func limit(size: Int) {
        var framing = WatchFraming(lineLimit: 100)
        var events: [WatchEvent] = []
        for start in stride(from: 0, to: self.bytes.count, by: size) {
            events += framing.take(Array(self.bytes[start..<min(start + size, self.bytes.count)]))
        }
        #expect(
            self.summary(events) == ["too long ADDED a@5", "bookmark 7 false", "unreadable", "error 410"])
        #expect(framing.isEmpty)
    }

    @Test("of an endless event no more than its beginning is kept")
    func endless() {
        var framing = WatchFraming(lineLimit: 4 << 20)
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 0..<64 { #expect(framing.take(piece).isEmpty) }
        let events = framing.take(Array("\n".utf8))
        guard case .tooLong(let event) = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(event.byteCount == 64 << 20)
        #expect(event.key == nil)
    }
}
