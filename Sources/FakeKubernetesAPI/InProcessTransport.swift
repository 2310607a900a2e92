public import HTTPTransport
import KubernetesAPI
import Synchronization

/// Carries exchanges to a `FakeAPIServer` in the same process. Watches stream as they do over a socket, one event a piece.
///
/// Time limits of a request are not applied. Whoever drives the server's clock calls `clockMoved()` after each step.
public final class InProcessTransport: HTTPTransport {
    private struct State {
        var server: FakeAPIServer
        var watches: [Int: WatchSubscription] = [:]
        /// Events read from the server and not yet taken by the reader.
        var unread: [Int: [JSONTree]] = [:]
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextID = 0
        var isClosing = false

        mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
            defer { self.waiters.removeAll() }
            return Array(self.waiters.values)
        }
    }

    private enum Next {
        case chunk([UInt8])
        case end
        case wait
    }

    private let state: Mutex<State>

    public init(_ server: FakeAPIServer) { self.state = Mutex(State(server: server)) }

    /// Reads or changes the server between exchanges, and tells the open watches.
    public func withServer<Result: Sendable>(_ body: @Sendable (inout FakeAPIServer) -> Result) -> Result {
        let (result, waiters) = self.state.withLock { state in
            (body(&state.server), state.takeWaiters())
        }
        for waiter in waiters { waiter.resume() }
        return result
    }

    /// Lets watches notice that their time is over.
    public func clockMoved() { self.withServer { _ in } }

    /// Ends every open watch, and from now on each new one at once, as a server does that shuts down.
    public func endWatches() {
        let waiters = self.state.withLock { state in
            state.isClosing = true
            state.watches = [:]
            state.unread = [:]
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
    }

    /// The watches whose body is still held by someone.
    public var openWatchCount: Int { self.state.withLock { $0.watches.count } }

    public func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        if Task.isCancelled { throw HTTPTransportError(.cancelled) }
        let (response, watchID) = self.withState { state -> (FakeAPIServer.Response, Int) in
            let response = state.server.respond(to: request)
            guard case .watch(let watch) = response.body else { return (response, 0) }
            state.nextID += 1
            if !state.isClosing { state.watches[state.nextID] = watch }
            return (response, state.nextID)
        }
        let body: HTTPBody
        switch response.body {
        case .watch: body = HTTPBody(nextChunk: WatchReader(transport: self, id: watchID).next)
        case .bytes(let bytes): body = HTTPBody(nextChunk: OnePiece(bytes).next)
        }
        return HTTPResponse(status: response.status, headers: response.headers, body: body)
    }

    private func withState<Result: Sendable>(_ body: @Sendable (inout State) -> Result) -> Result {
        let (result, waiters) = self.state.withLock { state in
            (body(&state), state.takeWaiters())
        }
        for waiter in waiters { waiter.resume() }
        return result
    }

    fileprivate func close(_ id: Int) {
        self.state.withLock { state in
            state.watches[id] = nil
            state.unread[id] = nil
        }
    }

    fileprivate func nextChunk(_ id: Int) async throws(HTTPTransportError) -> [UInt8]? {
        while true {
            if Task.isCancelled { throw HTTPTransportError(.cancelled) }
            switch self.state.withLock({ Self.read(id, &$0) }) {
            case .chunk(let bytes): return bytes
            case .end: return nil
            case .wait: await self.wait(id)
            }
        }
    }

    private static func read(_ id: Int, _ state: inout State) -> Next {
        guard var watch = state.watches[id] else { return .end }
        if state.unread[id, default: []].isEmpty {
            state.unread[id] = state.server.events(for: &watch).reversed()
            state.watches[id] = watch
        }
        if let event = state.unread[id]?.popLast() { return .chunk(watch.written(event)) }
        return watch.isEnded ? .end : .wait
    }

    /// Returns after a write, a clock step or a cancellation; at once when there is something to read.
    private func wait(_ id: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = self.state.withLock { state in
                    if Task.isCancelled || Self.hasNews(id, state) { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    /// Whether reading would give events or an end, without moving the watch on.
    private static func hasNews(_ id: Int, _ state: State) -> Bool {
        guard var watch = state.watches[id] else { return true }
        return !state.server.events(for: &watch).isEmpty || watch.isEnded
    }
}

/// Owns an open watch; the watch closes when the last body that refers to it is gone.
private final class WatchReader: Sendable {
    private let transport: InProcessTransport
    private let id: Int

    init(transport: InProcessTransport, id: Int) {
        self.transport = transport
        self.id = id
    }

    deinit { self.transport.close(self.id) }

    @Sendable func next() async throws(HTTPTransportError) -> [UInt8]? { try await self.transport.nextChunk(self.id) }
}

private final class OnePiece: Sendable {
    private let piece: Mutex<[UInt8]?>

    init(_ piece: [UInt8]) { self.piece = Mutex(piece) }

    @Sendable func next() async throws(HTTPTransportError) -> [UInt8]? {
        self.piece.withLock { piece in
            defer { piece = nil }
            return piece
        }
    }
}
