public import HTTPTransport
import Synchronization

/// The fake server with faults that a test orders one by one. `RuledFaultTransport` makes them by rule and seed instead.
public final class FaultyTransport: HTTPTransport {
    public enum Fault: Sendable {
        case answer(Int, headers: HTTPHeaders = [:], body: String = "{}")
        case lost(HTTPTransportError)
        /// The request takes effect; the answer is lost.
        case lostReply
        /// Nothing comes back until the caller gives up.
        case hang
        /// Answered after so long.
        case slow(Duration)
    }

    public let server: InProcessTransport
    private let faults = Mutex<[(method: String, path: String, fault: Fault)]>([])
    private let isCutOff = Mutex(false)
    private let log = Mutex<[String]>([])

    public init(_ server: InProcessTransport) { self.server = server }

    /// The next request of this kind meets this fault.
    public func add(_ fault: Fault, to method: String, _ path: String) {
        self.faults.withLock { $0.append((method, path, fault)) }
    }

    /// Faults that no request has met yet.
    public var pendingFaults: Int { self.faults.withLock { $0.count } }

    /// From now on no request gets through, or all do again.
    public func cutOff(_ isCutOff: Bool) { self.isCutOff.withLock { $0 = isCutOff } }

    /// Method and target of every request, in order.
    public var requests: [String] { self.log.withLock { $0 } }

    public func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        self.log.withLock { $0.append("\(request.method) \(request.target)") }
        if self.isCutOff.withLock({ $0 }) { throw HTTPTransportError(.connectFailed) }
        let fault = self.faults.withLock { faults -> Fault? in
            let index = faults.firstIndex { $0.method == request.method && request.target.contains($0.path) }
            return index.map { faults.remove(at: $0).fault }
        }
        switch fault {
        case nil: return try await self.server.send(request)
        case .answer(let status, let headers, let body):
            let bytes = Mutex<[UInt8]?>(Array(body.utf8))
            return HTTPResponse(
                status: status, headers: headers,
                body: HTTPBody { () throws(HTTPTransportError) in
                    bytes.withLock { bytes in
                        defer { bytes = nil }
                        return bytes
                    }
                })
        case .lost(let error): throw error
        case .lostReply:
            _ = try await self.server.send(request)
            throw HTTPTransportError(.connectionLost)
        case .hang:
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
            throw HTTPTransportError(.cancelled)
        case .slow(let wait):
            // Also for a caller that is cancelled meanwhile: the request is on its way.
            await Task.detached { try? await Task.sleep(for: wait) }.value
            return try await self.server.send(request)
        }
    }
}
