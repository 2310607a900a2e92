import HTTPServing
import HTTPTransport
import Logging
import ServiceLifecycle
import Synchronization

/// A server on a free port of 127.0.0.1 for the time of a test.
enum Serving {
    /// Runs `body` against it, then shuts it down gracefully and waits for its end.
    static func run(
        _ change: (inout HTTPServerConfiguration) -> Void = { _ in }, handler: @escaping HTTPServer.Handler,
        body:
            @escaping (_ transport: CurlTransport, _ shutDown: @escaping @Sendable () async -> Void) async throws ->
            Void
    ) async throws {
        try await self.run(
            change, handler: handler,
            onReady: { port, shutDown in
                let transport = try CurlTransport(
                    configuration: CurlConfiguration(server: "http://127.0.0.1:\(port)", proxy: .none))
                try await body(transport, shutDown)
            })
    }

    /// The same for a body that makes its own connections.
    static func run(
        _ change: (inout HTTPServerConfiguration) -> Void = { _ in }, handler: @escaping HTTPServer.Handler,
        onPort body: @escaping (_ port: Int) async throws -> Void
    ) async throws {
        try await self.run(change, handler: handler, onReady: { port, _ in try await body(port) })
    }

    private static func run(
        _ change: (inout HTTPServerConfiguration) -> Void, handler: @escaping HTTPServer.Handler,
        onReady body: (_ port: Int, _ shutDown: @escaping @Sendable () async -> Void) async throws -> Void
    ) async throws {
        var configuration = HTTPServerConfiguration(host: "127.0.0.1", port: 0)
        change(&configuration)
        let (ports, sender) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(configuration, onReady: { sender.yield($0) }, handler: handler)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let group = ServiceGroup(configuration: .init(services: [server], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { sender.finish() }
                try await group.run()
            }
            var iterator = ports.makeAsyncIterator()
            let port = await iterator.next() ?? 0
            do {
                try await body(port) { await group.triggerGracefulShutdown() }
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

/// Holds callers until it is opened.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = self.state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiters = self.state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
