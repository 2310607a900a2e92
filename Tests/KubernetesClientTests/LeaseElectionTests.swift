import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Synchronization
import Testing

@testable import KubernetesClient

@Suite("Lease election")
struct LeaseElectionTests {
    private final class Log: Sendable {
        private let changes = Mutex<[LeaseElection.Change]>([])
        private let obstacles = Mutex<[String]>([])

        func add(_ change: LeaseElection.Change) {
            if case .unavailable(let why) = change { return self.obstacles.withLock { $0.append(why) } }
            self.changes.withLock { $0.append(change) }
        }

        /// Who leads, without what stood in the way.
        var all: [LeaseElection.Change] { self.changes.withLock { $0 } }
        var unavailable: [String] { self.obstacles.withLock { $0 } }

        func waits(for count: Int) async throws -> Bool { try await eventually { self.all.count >= count } }
    }

    private static let path = ResourcePath(
        apiVersion: "coordination.k8s.io/v1", plural: "leases", namespace: "default", name: "berth")

    /// - Parameter renewDeadline: Longer than any machine stands still; short only where a test is about leadership that is lost.
    private func election(
        _ world: World, _ identity: String, lease: Duration = .seconds(3600), renewDeadline: Duration = .seconds(1800)
    ) -> LeaseElection {
        var configuration = LeaseElection.Configuration(namespace: "default", name: "berth", identity: identity)
        configuration.leaseDuration = lease
        configuration.renewDeadline = renewDeadline
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
        await one.value
        #expect(first.all == [.gained])
        two.cancel()
        await two.value
        let lease = try await world.client.get(Self.path)
        #expect(lease.root["spec"]?["holderIdentity"]?.string == "")
        #expect(lease.root["spec"]?["leaseTransitions"]?.integer == 1)
    }

    @Test("a lease that can never be taken is told once, with the server's words")
    func unavailable() async throws {
        let world = World()
        var configuration = LeaseElection.Configuration(namespace: "missing", name: "berth", identity: "one")
        configuration.retryPeriod = .milliseconds(10)
        let election = LeaseElection(world.client, configuration) { "2026-11-26T10:00:00.000000Z" }
        let log = Log()
        let running = Task { await election.run { log.add($0) } }
        #expect(try await eventually { world.transport.requests.count >= 6 })
        running.cancel()
        await running.value
        #expect(log.all.isEmpty)
        #expect(log.unavailable.count == 1)
        #expect(log.unavailable.first?.contains("\"missing\" not found") ?? false)
    }

    @Test("an end that comes in the middle of a renewal is no loss, and the lease is given back")
    func cancelledRenewal() async throws {
        let world = World()
        let log = Log()
        let running = Task { await self.election(world, "one").run { log.add($0) } }
        #expect(try await log.waits(for: 1))
        world.transport.add(.hang, to: "PUT", "/leases/")
        // The renewal that hangs is the last request that is made.
        var seen = 0
        repeat {
            seen = world.transport.requests.count
            try await Task.sleep(for: .milliseconds(100))
        } while world.transport.requests.count != seen || world.transport.pendingFaults > 0
        running.cancel()
        await running.value
        #expect(log.all == [.gained])
        #expect(try await world.client.get(Self.path).root["spec"]?["holderIdentity"]?.string == "")
    }

    @Test("a lease whose acquisition was answered too late to be known is given back too")
    func lostAcquisition() async throws {
        let world = World()
        let log = Log()
        let client = KubernetesClient(
            transport: world.transport, pause: Pause(sleep: { _ in try await Task.sleep(for: .seconds(3600)) }))
        let election = LeaseElection(
            client, LeaseElection.Configuration(namespace: "default", name: "berth", identity: "one")
        ) { "2026-11-26T10:00:00.000000Z" }
        world.transport.add(.lostReply, to: "POST", "/leases")
        let running = Task { await election.run { log.add($0) } }
        #expect(
            try await eventually {
                (try? await world.client.get(Self.path).root["spec"]?["holderIdentity"]?.string) == "one"
            })
        running.cancel()
        await running.value
        #expect(log.all.isEmpty)
        #expect(try await world.client.get(Self.path).root["spec"]?["holderIdentity"]?.string == "")
    }

    @Test("whoever cannot renew in time stops leading, and leads again when the server is back")
    func lost() async throws {
        let world = World()
        let log = Log()
        let running = Task { await self.election(world, "one", renewDeadline: .milliseconds(500)).run { log.add($0) } }
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

    /// Writes of the lease never answer from some moment on.
    private final class HangingTransport: HTTPTransport {
        let below: FaultyTransport
        let hangs = Mutex(false)

        init(_ below: FaultyTransport) { self.below = below }

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            guard request.method == "PUT", self.hangs.withLock({ $0 }) else {
                return try await self.below.send(request)
            }
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
            throw HTTPTransportError(.cancelled)
        }
    }

    @Test("a renewal that hangs closes the fence by the clock alone, and leadership is lost")
    func hangingRenewal() async throws {
        let world = World()
        let log = Log()
        let transport = HangingTransport(world.transport)
        var configuration = LeaseElection.Configuration(namespace: "default", name: "berth", identity: "one")
        configuration.renewDeadline = .milliseconds(500)
        configuration.retryPeriod = .milliseconds(10)
        let election = LeaseElection(KubernetesClient(transport: transport), configuration) {
            "2026-11-26T10:00:00.000000Z"
        }
        let running = Task { await election.run { log.add($0) } }
        #expect(try await log.waits(for: 1))
        transport.hangs.withLock { $0 = true }
        #expect(try await eventually { !election.fence.isOpen })
        #expect(
            try await eventually {
                if case .lost = log.all.last { true } else { false }
            })
        #expect(!election.fence.isOpen)
        running.cancel()
        await running.value
    }

    @Test("what is under way is ended before the lease is given back")
    func finishesFirst() async throws {
        let world = World()
        let log = Log()
        let holder = Mutex<String?>(nil)
        let election = self.election(world, "one")
        let path = Self.path
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

    @Test("giving the lease back is tried only as long as it would run", .timeLimit(.minutes(10)))
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
