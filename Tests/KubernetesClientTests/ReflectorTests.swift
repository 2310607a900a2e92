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
    }

    private let state = Mutex(State())

    func take(_ change: ReflectorChange) {
        self.state.withLock { state in
            switch change {
            case .replaced(let objects):
                state.names = Set(objects.map(\.key.name))
                state.replacements += 1
            case .upserted(let object): state.names?.insert(object.key.name)
            case .removed(let object): state.names?.remove(object.key.name)
            case .failed: state.failures += 1
            case .unreadable: break
            }
        }
    }

    var failures: Int { self.state.withLock { $0.failures } }
    var replacements: Int { self.state.withLock { $0.replacements } }

    /// Waits until the mirror shows just these names; false after two seconds.
    func shows(_ names: Set<String>) async throws -> Bool {
        for _ in 0..<400 {
            if self.state.withLock({ $0.names == names }) { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }
}

@Suite("The reflector: list, watch, and every way they fail")
struct ReflectorTests {
    private func follow(
        _ world: World, _ body: (Mirror) async throws -> Void
    ) async throws {
        let mirror = Mirror()
        let reflector = Reflector(world.client, .pods)
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
}

@Suite("Lease election")
struct LeaseElectionTests {
    private final class Log: Sendable {
        private let changes = Mutex<[LeaseElection.Change]>([])
        func add(_ change: LeaseElection.Change) { self.changes.withLock { $0.append(change) } }
        var all: [LeaseElection.Change] { self.changes.withLock { $0 } }

        func waits(for count: Int) async throws -> Bool {
            for _ in 0..<4000 {
                if self.all.count >= count { return true }
                try await Task.sleep(for: .milliseconds(5))
            }
            return false
        }
    }

    private func election(_ world: World, _ identity: String, lease: Duration = .seconds(15)) -> LeaseElection {
        var configuration = LeaseElection.Configuration(namespace: "default", name: "berth", identity: identity)
        configuration.leaseDuration = lease
        configuration.renewDeadline = .milliseconds(500)
        configuration.retryPeriod = .milliseconds(10)
        return LeaseElection(world.client, configuration) { "2026-11-26T10:00:00.000000Z" }
    }

    @Test("the first gets the lease, the second waits, and gets it when the first gives it back")
    func handOver() async throws {
        let world = World()
        let (first, second) = (Log(), Log())
        let one = Task { await self.election(world, "one").run { first.add($0) } }
        #expect(try await first.waits(for: 1))
        let two = Task { await self.election(world, "two").run { second.add($0) } }
        try await Task.sleep(for: .milliseconds(50))
        #expect(second.all.isEmpty)
        one.cancel()
        #expect(try await second.waits(for: 1))
        #expect(first.all == [.gained])
        two.cancel()
        await two.value
        let lease = try await world.client.get(
            ResourcePath(
                apiVersion: "coordination.k8s.io/v1", plural: "leases", namespace: "default", name: "berth"))
        #expect(lease.root["spec"]?["holderIdentity"]?.string == "")
        #expect(lease.root["spec"]?["leaseTransitions"]?.integer == 1)
    }

    @Test("whoever cannot renew in time stops leading, and leads again when the server is back")
    func lost() async throws {
        let world = World()
        let log = Log()
        let running = Task { await self.election(world, "one").run { log.add($0) } }
        #expect(try await log.waits(for: 1))
        world.transport.cutOff(true)
        try #require(try await log.waits(for: 2))
        world.transport.cutOff(false)
        try #require(try await log.waits(for: 3))
        guard case .lost = log.all[1] else {
            Issue.record("\(log.all)")
            return
        }
        #expect(log.all[2] == .gained)
        running.cancel()
        await running.value
    }

    @Test("a renewal that hangs closes the fence in time, and leadership is lost")
    func hangingRenewal() async throws {
        let world = World()
        let log = Log()
        let election = self.election(world, "one")
        let running = Task { await election.run { log.add($0) } }
        #expect(try await log.waits(for: 1))
        // They never answer: only the clock can close the fence.
        for _ in 0..<50 { world.transport.add(.hang, to: "PUT", "/leases/") }
        while election.fence.isOpen { try await Task.sleep(for: .milliseconds(2)) }
        try #require(try await log.waits(for: 2))
        guard case .lost = log.all[1] else {
            Issue.record("\(log.all)")
            return
        }
        running.cancel()
        await running.value
    }

    @Test("what is under way is ended before the lease is given back")
    func finishesFirst() async throws {
        let world = World()
        let log = Log()
        let holder = Mutex<String?>(nil)
        let election = self.election(world, "one")
        let path = ResourcePath(
            apiVersion: "coordination.k8s.io/v1", plural: "leases", namespace: "default", name: "berth")
        let running = Task {
            await election.run {
                log.add($0)
            } finish: {
                let lease = try? await Task.detached { try await world.client.get(path) }.value
                holder.withLock { $0 = lease?.root["spec"]?["holderIdentity"]?.string }
            }
        }
        #expect(try await log.waits(for: 1))
        running.cancel()
        await running.value
        #expect(holder.withLock { $0 } == "one")
        #expect(try await world.client.get(path).root["spec"]?["holderIdentity"]?.string == "")
        #expect(!election.fence.isOpen)
    }

    @Test("giving the lease back is tried only as long as it would run", .timeLimit(.minutes(1)))
    func hangingReturn() async throws {
        let world = World()
        let log = Log()
        let running = Task { await self.election(world, "one", lease: .seconds(1)).run { log.add($0) } }
        #expect(try await log.waits(for: 1))
        for _ in 0..<50 { world.transport.add(.hang, to: "PUT", "/leases/") }
        running.cancel()
        await running.value
    }

    @Test("a write that somebody else overtook is no success")
    func race() async throws {
        let world = World()
        let log = Log()
        world.transport.add(.answer(409), to: "POST", "/leases")
        let running = Task { await self.election(world, "one").run { log.add($0) } }
        #expect(try await log.waits(for: 1))
        #expect(world.transport.requests.count { $0.contains("POST") } == 2)
        running.cancel()
        await running.value
    }
}
