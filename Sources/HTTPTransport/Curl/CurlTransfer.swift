import Synchronization

/// One exchange, between the task that waits for it and the thread that drives it.
///
/// The thread only adds; the task only takes; both hold the lock for a few instructions. One task waits at a time.
final class CurlTransfer: Sendable {
    struct Head: Sendable {
        let status: Int
        let headers: HTTPHeaders
    }

    private enum Waiter {
        case head(CheckedContinuation<Result<Head, HTTPTransportError>, Never>)
        case body(CheckedContinuation<Result<[UInt8]?, HTTPTransportError>, Never>)
    }

    private struct State {
        var head: Head?
        var buffer: [UInt8] = []
        var isPaused = false
        /// Set once: the end, or why it came early.
        var end: Result<Void, HTTPTransportError>?
        var waiter: Waiter?
    }

    let request: HTTPRequest
    let configuration: CurlConfiguration
    private let loop: CurlLoop
    private let state = Mutex(State())

    init(request: HTTPRequest, configuration: CurlConfiguration, loop: CurlLoop) {
        self.request = request
        self.configuration = configuration
        self.loop = loop
    }

    // MARK: The waiting task

    func head() async throws(HTTPTransportError) -> Head {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.wait(.head(continuation))
            }
        } onCancel: {
            self.cancel()
        }
        return try result.get()
    }

    func nextChunk() async throws(HTTPTransportError) -> [UInt8]? {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.wait(.body(continuation))
            }
        } onCancel: {
            self.cancel()
        }
        return try result.get()
    }

    private func wait(_ waiter: Waiter) {
        let mustContinue = self.state.withLock { state in
            assert(state.waiter == nil, "two tasks read one body")
            state.waiter = waiter
            return Self.serve(&state)
        }
        if mustContinue { self.loop.post(.unpause(self)) }
    }

    func cancel() {
        let isLive = self.state.withLock { state in
            guard state.end == nil else { return false }
            state.end = .failure(HTTPTransportError(.cancelled))
            state.buffer = []
            _ = Self.serve(&state)
            return true
        }
        if isLive { self.loop.post(.cancel(self)) }
    }

    // MARK: The thread

    var isEnded: Bool { self.state.withLock { $0.end != nil } }
    var isPaused: Bool { self.state.withLock { $0.isPaused } }

    func received(_ head: Head) {
        self.state.withLock { state in
            state.head = head
            _ = Self.serve(&state)
        }
    }

    /// - Returns: Whether the bytes were taken; if not, they come again once the reader has caught up.
    func received(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        self.state.withLock { state in
            guard state.buffer.isEmpty || state.buffer.count + bytes.count <= self.configuration.bodyBufferBytes else {
                state.isPaused = true
                return false
            }
            state.buffer.append(contentsOf: bytes)
            _ = Self.serve(&state)
            return true
        }
    }

    func finished(_ result: Result<Void, HTTPTransportError>) {
        self.state.withLock { state in
            if state.end == nil { state.end = result }
            _ = Self.serve(&state)
        }
    }

    /// Answers the waiter if there is something for it.
    /// - Returns: Whether the exchange stands still for want of room that there is now.
    private static func serve(_ state: inout State) -> Bool {
        switch state.waiter {
        case nil: return false
        case .head(let continuation):
            if let head = state.head {
                continuation.resume(returning: .success(head))
            } else if case .failure(let error) = state.end {
                continuation.resume(returning: .failure(error))
            } else if state.end != nil {
                continuation.resume(returning: .failure(HTTPTransportError(.protocolViolation, "no head")))
            } else {
                return false
            }
        case .body(let continuation):
            if !state.buffer.isEmpty {
                let chunk = state.buffer
                state.buffer = []
                continuation.resume(returning: .success(chunk))
            } else if let end = state.end {
                continuation.resume(returning: end.map { nil })
            } else if state.isPaused {
                state.isPaused = false
                return true
            } else {
                return false
            }
        }
        state.waiter = nil
        guard state.isPaused, state.buffer.isEmpty, state.end == nil else { return false }
        state.isPaused = false
        return true
    }
}
