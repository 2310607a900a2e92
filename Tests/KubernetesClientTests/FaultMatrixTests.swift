import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Synchronization
import Testing

@testable import KubernetesClient

/// Every fault against everything the client does: no lost event, no duplicate effect, nothing left behind, bounded retries.
@Suite("The fault matrix", .serialized)
struct FaultMatrixTests {
    /// Each fault strikes so often in a row.
    private static let strikes = 3

    private static func client(_ transport: MatrixTransport) -> KubernetesClient {
        var options = KubernetesClientOptions()
        options.pageSize = 2
        return KubernetesClient(
            transport: transport, options: options,
            pause: Pause(sleep: { _ in try await Task.sleep(for: .milliseconds(1)) }, random: { 0.5 }))
    }

    private static func makePod(_ client: KubernetesClient, _ name: String) async throws {
        try await client.create(
            ["metadata": ["name": .string(name)], "spec": ["containers": [["name": "main", "image": "i"]]]],
            in: ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default"))
    }

    /// Past every fault: names and versions of the pods, and the version of them all.
    private static func world(_ transport: MatrixTransport) async throws -> (pods: [String: String], version: String) {
        let list = try await KubernetesClient(transport: transport.server).list(.pods)
        let pairs = list.objects.map { ($0.key.name, $0.resourceVersion) }
        return (Dictionary(uniqueKeysWithValues: pairs), list.resourceVersion)
    }

    // MARK: List and watch

    /// What a reflector told, and what it adds up to.
    private final class Account: Sendable {
        struct State {
            var pods: [String: String] = [:]
            var lists = 0
            var failures = 0
            /// Names and versions of changes since the last list.
            var told: [String] = []
        }

        private let state = Mutex(State())
        var now: State { self.state.withLock { $0 } }

        func take(_ change: ReflectorChange) {
            self.state.withLock { state in
                switch change {
                case .replaced(let list), .checked(let list):
                    state.lists += 1
                    state.told = []
                    let pairs = list.objects.map { ($0.key.name, $0.resourceVersion) }
                    state.pods = Dictionary(uniqueKeysWithValues: pairs)
                case .upserted(let object):
                    state.told.append("\(object.key.name)@\(object.resourceVersion)")
                    state.pods[object.key.name] = object.resourceVersion
                case .removed(let object):
                    state.told.append("\(object.key.name)@\(object.resourceVersion)")
                    state.pods[object.key.name] = nil
                case .failed, .unreadable: state.failures += 1
                }
            }
        }
    }

    /// Runs a reflector while `body` looks on; afterwards nothing is left of it.
    private func follow(_ transport: MatrixTransport, _ body: (Account) async throws -> Void) async throws {
        let account = Account()
        let reflector = Reflector(Self.client(transport), .pods)
        let running = Task { await reflector.run { account.take($0) } }
        do { try await body(account) } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        await running.value
        #expect(transport.underWay == 0)
        #expect(transport.server.openWatchCount == 0)
    }

    private func expectSame(_ transport: MatrixTransport, _ account: Account) async throws {
        let world = try await Self.world(transport).pods
        #expect(try await eventually { account.now.pods == world })
    }

    @Test("a list shows everything", arguments: ExchangeFault.allCases, [false, true])
    func list(fault: ExchangeFault, streams: Bool) async throws {
        let transport = MatrixTransport(fault, streamsLists: streams) { request in
            streams ? request.target.contains("sendInitialEvents") : request.target.contains("limit=")
        }
        for index in 0..<10 { try await Self.makePod(Self.client(transport), "p\(index)") }
        // In the middle of the pages, where there are pages.
        transport.arm(Self.strikes, after: streams ? 0 : 1)
        try await self.follow(transport) { account in
            #expect(try await eventually { account.now.lists > 0 })
            try await self.expectSame(transport, account)
            #expect(account.now.lists == 1)
        }
        #expect(transport.struck == (streams && !fault.breaksOff ? 1 : Self.strikes))
        // A list begins anew at most once for each fault, and has five pages.
        #expect(transport.matched <= (Self.strikes + 1) * 5)
    }

    @Test("a watch tells every change once", arguments: ExchangeFault.allCases)
    func watch(fault: ExchangeFault) async throws {
        let transport = MatrixTransport(fault) {
            $0.target.contains("watch=true") && !$0.target.contains("sendInitialEvents")
        }
        let client = Self.client(transport)
        for name in ["a", "b"] { try await Self.makePod(client, name) }
        transport.arm(Self.strikes)
        try await self.follow(transport) { account in
            #expect(try await eventually { account.now.lists > 0 })
            var writes = 0
            // Until the fault has struck often enough, and a little longer.
            var left = 5
            while left > 0 {
                try await Self.makePod(client, "p\(writes)")
                try await client.patch(
                    .pod("default", "b"), .merge, ["metadata": ["labels": ["n": .string("\(writes)")]]])
                if writes == 4 { try await client.delete(.pod("default", "a")) }
                writes += 1
                if transport.struck == (fault.breaksOff ? Self.strikes : 1) { left -= 1 }
                try await Task.sleep(for: .milliseconds(2))
            }
            try await self.expectSame(transport, account)
            let now = account.now
            #expect(Set(now.told).count == now.told.count)
            if now.lists == 1 { #expect(now.told.count == 2 * writes + 2) }
            // Whoever goes is marked first: two changes. A server that forgot, or that refuses the watch as such, is asked for a list; no other fault costs one.
            #expect(now.lists == 1 || [.gone, .conflict].contains(fault))
            #expect(now.lists <= 1 + Self.strikes)
        }
        #expect(transport.matched <= 2 * (Self.strikes + 1))
    }

    // MARK: Writes

    /// Calls as a careful caller does: after an error that may have had an effect it looks first.
    ///
    /// - Returns: How many calls it took.
    private func carefully(
        _ transport: MatrixTransport, isDone: () async throws -> Bool, _ call: () async throws(KubernetesError) -> Void
    ) async throws -> Int {
        let before = try #require(Int(try await Self.world(transport).version))
        for calls in 1...10 {
            let writesBefore = try #require(Int(try await Self.world(transport).version))
            let requestsBefore = transport.matched
            var error: KubernetesError?
            do throws(KubernetesError) { try await call() } catch let caught { error = caught }
            let writes = try #require(Int(try await Self.world(transport).version)) - writesBefore
            #expect(writes <= 1)
            #expect(transport.matched - requestsBefore <= 1 + KubernetesClientOptions().retryLimit)
            if error == nil { #expect(writes == 1) }
            if error?.isCertainlyUndone ?? false { #expect(writes == 0) }
            if try await isDone() {
                #expect(try #require(Int(try await Self.world(transport).version)) - before == 1)
                #expect(transport.underWay == 0)
                return calls
            }
        }
        Issue.record("ten calls, and nothing is done")
        return 10
    }

    @Test("a patch takes effect once", arguments: ExchangeFault.allCases)
    func patch(fault: ExchangeFault) async throws {
        let transport = MatrixTransport(fault) { $0.method == "PATCH" }
        let client = Self.client(transport)
        try await Self.makePod(client, "p")
        transport.arm(Self.strikes)
        let patch: JSONTree = [["op": "add", "path": "/metadata/labels", "value": ["done": "yes"]]]
        let calls = try await self.carefully(transport) {
            try await client.get(.pod("default", "p")).root["metadata"]?["labels"]?["done"]?.string == "yes"
        } _: { () async throws(KubernetesError) in
            try await client.patch(.pod("default", "p"), .json, patch)
        }
        #expect(calls <= 1 + Self.strikes)
    }

    @Test("a pod is bound once, and to the node", arguments: ExchangeFault.allCases)
    func bind(fault: ExchangeFault) async throws {
        let transport = MatrixTransport(fault) { $0.target.hasSuffix("/binding") }
        let client = Self.client(transport)
        try await Self.makePod(client, "p")
        let uid = try #require(try await client.get(.pod("default", "p")).root["metadata"]?["uid"]?.string)
        transport.arm(Self.strikes)
        let calls = try await self.carefully(transport) {
            try await client.get(.pod("default", "p")).root["spec"]?["nodeName"]?.string == "n1"
        } _: { () async throws(KubernetesError) in
            try await client.bind("default", "p", uid: uid, to: "n1")
        }
        #expect(calls <= 1 + Self.strikes)
    }

    // MARK: Lease

    @Test(
        "one leads, through faults at the start and during renewals, and gives the lease back",
        arguments: ExchangeFault.allCases)
    func lease(fault: ExchangeFault) async throws {
        let transport = MatrixTransport(fault) { $0.target.contains("/leases") }
        let leaders = Mutex<[String]>([])
        let losses = Mutex(0)
        let election: @Sendable (String) -> LeaseElection = { identity in
            var configuration = LeaseElection.Configuration(namespace: "default", name: "berth", identity: identity)
            configuration.leaseDuration = .seconds(3600)
            configuration.renewDeadline = .seconds(1800)
            return LeaseElection(Self.client(transport), configuration) { "2026-11-26T10:00:00.000000Z" }
        }
        let run: @Sendable (String) async -> Void = { identity in
            await election(identity).run { change in
                switch change {
                case .gained: leaders.withLock { $0.append(identity) }
                case .lost:
                    leaders.withLock { names in names.removeAll { $0 == identity } }
                    losses.withLock { $0 += 1 }
                case .unavailable: break
                }
            } finish: {
                leaders.withLock { names in names.removeAll { $0 == identity } }
            }
        }
        transport.arm(Self.strikes)
        let one = Task { await run("one") }
        #expect(try await eventually { transport.struck == Self.strikes && leaders.withLock { $0 } == ["one"] })
        let two = Task { await run("two") }
        transport.arm(Self.strikes)
        #expect(try await eventually { transport.struck == 2 * Self.strikes })
        let seen = transport.matched
        #expect(try await eventually { transport.matched >= seen + 10 })
        #expect(leaders.withLock { $0 } == ["one"])
        #expect(losses.withLock { $0 } == 0)
        one.cancel()
        await one.value
        #expect(try await eventually { leaders.withLock { $0 } == ["two"] })
        two.cancel()
        await two.value
        #expect(transport.underWay == 0)
        let path = ResourcePath(
            apiVersion: "coordination.k8s.io/v1", plural: "leases", namespace: "default", name: "berth")
        let lease = try await KubernetesClient(transport: transport.server).get(path).root
        #expect(lease["spec"]?["holderIdentity"]?.string == "")
        #expect(lease["spec"]?["leaseTransitions"]?.integer == 1)
    }
}
