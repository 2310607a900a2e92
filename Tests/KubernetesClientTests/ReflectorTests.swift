import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Synchronization
import Testing

@testable import KubernetesClient

/// What a reflector's changes add up to, and a way to wait for it.
private final class Mirror: Sendable {
    private struct State {
        var names: Set<String>?
        var failures = 0
        var replacements = 0
        var checks: [Set<String>] = []
        var unreadable = 0
    }

    private let state = Mutex(State())

    func take(_ change: ReflectorChange) {
        self.state.withLock { state in
            switch change {
            case .replaced(let list):
                state.names = Set(list.objects.map(\.key.name))
                state.replacements += 1
            case .checked(let list): state.checks.append(Set(list.objects.map(\.key.name)))
            case .upserted(let object): state.names?.insert(object.key.name)
            case .removed(let object): state.names?.remove(object.key.name)
            case .failed: state.failures += 1
            case .unreadable: state.unreadable += 1
            }
        }
    }

    var failures: Int { self.state.withLock { $0.failures } }
    var replacements: Int { self.state.withLock { $0.replacements } }

    var unreadable: Int { self.state.withLock { $0.unreadable } }
    var checks: [Set<String>] { self.state.withLock { $0.checks } }

    /// Waits until the mirror shows just these names; false where that takes longer than any machine needs.
    func shows(_ names: Set<String>) async throws -> Bool {
        try await eventually { self.state.withLock { $0.names == names } }
    }
}

@Suite("The reflector: list, watch, and every way they fail")
struct ReflectorTests {
    private func follow(
        _ world: World, checkInterval: Duration = .seconds(1800), _ body: (Mirror) async throws -> Void
    ) async throws {
        let mirror = Mirror()
        let reflector = Reflector(world.client, .pods, checkInterval: checkInterval)
        let running = Task { await reflector.run { mirror.take($0) } }
        try await body(mirror)
        running.cancel()
        await running.value
        #expect(world.transport.server.openWatchCount == 0)
    }

    @Test("shows what is there, then what comes, changes and goes")
    func follows() async throws {
        let world = World()
        try await world.makePods("a", "b")
        try await self.follow(world) { mirror in
            #expect(try await mirror.shows(["a", "b"]))
            try await world.makePods("c")
            #expect(try await mirror.shows(["a", "b", "c"]))
            try await world.client.delete(.pod("default", "a"))
            #expect(try await mirror.shows(["b", "c"]))
            #expect(mirror.replacements == 1)
        }
    }

    @Test("a server without streaming lists is asked page by page")
    func fallback() async throws {
        let world = World(pageSize: 1)
        try await world.makePods("a", "b")
        world.transport.add(.answer(422), to: "GET", "sendInitialEvents")
        try await self.follow(world) { mirror in
            #expect(try await mirror.shows(["a", "b"]))
            #expect(world.transport.requests.contains { $0.contains("limit=1&continue=") })
            try await world.makePods("c")
            #expect(try await mirror.shows(["a", "b", "c"]))
        }
    }

    @Test(
        "refused, unreachable and lost connections: nothing is lost, waits grow",
        arguments: [
            .answer(429, headers: ["Retry-After": "1"]), .answer(500), .answer(503),
            .lost(HTTPTransportError(.connectFailed)),
            .lost(HTTPTransportError(.connectionLost)), .lost(HTTPTransportError(.timedOut)),
        ] as [FaultyTransport.Fault])
    func faults(fault: FaultyTransport.Fault) async throws {
        let world = World()
        try await world.makePods("a")
        for _ in 0..<3 { world.transport.add(fault, to: "GET", "/api/v1/pods") }
        try await self.follow(world) { mirror in
            #expect(try await mirror.shows(["a"]))
            // And between two watches.
            for _ in 0..<2 { world.transport.add(fault, to: "GET", "/api/v1/pods") }
            try await world.makePods("b")
            #expect(try await mirror.shows(["a", "b"]))
        }
        #expect(!world.waits.all.isEmpty)
    }

    @Test("a watch that ends in the middle of an event goes on from its last version, without a new list")
    func cut() async throws {
        let world = World()
        try await world.makePods("a")
        let half = #"{"type":"ADDED","object":{"kind":"Pod","#
        world.transport.add(.answer(422), to: "GET", "sendInitialEvents")
        world.transport.add(.answer(200, body: half), to: "GET", "watch=true&resourceVersion")
        try await self.follow(world) { mirror in
            #expect(try await mirror.shows(["a"]))
            try await world.makePods("b")
            #expect(try await mirror.shows(["a", "b"]))
            #expect(mirror.replacements == 1)
        }
    }

    @Test("a compacted history leads to a fresh list, which also shows what went meanwhile")
    func compaction() async throws {
        let world = World()
        try await world.makePods("a", "b")
        world.transport.add(.answer(422), to: "GET", "sendInitialEvents")
        let gone = #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"# + "\n"
        world.transport.add(.answer(200, body: gone), to: "GET", "watch=true&resourceVersion")
        try await self.follow(world) { mirror in
            #expect(try await mirror.shows(["a", "b"]))
            try await world.client.delete(.pod("default", "a"))
            #expect(try await mirror.shows(["b"]))
            #expect(mirror.replacements == 2)
        }
    }

    @Test("the end of a watch is followed by a check at the version it came to; what a server kept back shows there")
    func check() async throws {
        let world = World(pageSize: 1)
        try await world.makePods("a", "b")
        world.transport.add(.answer(422), to: "GET", "sendInitialEvents")
        let mirror = Mirror()
        let found = Mutex<[ListDifference]>([])
        let known = Mutex<[ManifestObject.Key: ManifestObject]>([:])
        let reflector = Reflector(world.client, .pods, checkInterval: .zero)
        let running = Task {
            await reflector.run { change in
                mirror.take(change)
                switch change {
                case .replaced(let list):
                    known.withLock { $0 = Dictionary(uniqueKeysWithValues: list.objects.map { ($0.key, $0) }) }
                    await self.keepBackOnePod(world)
                case .checked(let list): found.withLock { $0 = list.differences(from: known.withLock { $0 }) }
                case .upserted, .removed, .failed, .unreadable: break
                }
            }
        }
        #expect(try await eventually { !mirror.checks.isEmpty })
        running.cancel()
        await running.value
        #expect(mirror.checks.first == ["a", "b", "c"])
        #expect(mirror.replacements == 1)
        let differences = found.withLock { $0 }
        #expect(differences.map(\.key.name) == ["c"])
        #expect(differences.first?.known == nil)
        // Every page of it, of which only the first may name the version.
        #expect(world.transport.requests.count { $0.contains("resourceVersionMatch=Exact") } == 1)
    }

    /// A pod is made, and the next watch says that nothing has happened.
    private func keepBackOnePod(_ world: World) async {
        try? await world.makePods("c")
        let version = try? await world.client.get(.pod("default", "c")).root["metadata"]?["resourceVersion"]?.string
        let metadata = #"{"resourceVersion":"\#(version ?? "")"}"#
        let bookmark =
            #"{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":\#(metadata)}}"# + "\n"
        world.transport.add(.answer(200, body: bookmark), to: "GET", "watch=true&resourceVersion")
    }

    @Test("a check of a version that the server has forgotten says nothing and is no failure")
    func forgottenCheck() async throws {
        let world = World()
        try await world.makePods("a")
        world.transport.add(.answer(422), to: "GET", "sendInitialEvents")
        world.transport.add(.answer(200, body: ""), to: "GET", "watch=true&resourceVersion")
        world.transport.add(.answer(410), to: "GET", "resourceVersionMatch=Exact")
        try await self.follow(world, checkInterval: .zero) { mirror in
            #expect(try await mirror.shows(["a"]))
            try await world.makePods("b")
            #expect(try await mirror.shows(["a", "b"]))
            #expect(mirror.checks.isEmpty)
            // That the watch ended at once.
            #expect(mirror.failures == 1)
        }
    }

    @Test(
        "an event that is too long or no JSON is said so, and a fresh list shows what it was about",
        arguments: [true, false])
    func unreadable(isLong: Bool) async throws {
        let world = World()
        try await world.makePods("a")
        world.transport.add(.answer(422), to: "GET", "sendInitialEvents")
        let event = isLong ? String(repeating: "x", count: 17 << 20) : "nonsense"
        world.transport.add(.answer(200, body: event + "\n"), to: "GET", "watch=true&resourceVersion")
        try await self.follow(world) { mirror in
            #expect(try await eventually { mirror.replacements == 2 })
            #expect(mirror.unreadable == 1)
            try await world.makePods("b")
            #expect(try await mirror.shows(["a", "b"]))
        }
    }
}
