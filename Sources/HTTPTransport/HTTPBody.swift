/// The body of an answer, in pieces as they arrive. It can be read once, by one task.
///
/// The server is held back while nobody reads. A body that is let go unread, or whose reader is cancelled, ends the exchange.
public struct HTTPBody: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = HTTPTransportError

    private let nextChunk: @Sendable () async throws(HTTPTransportError) -> [UInt8]?

    /// - Parameter nextChunk: The next piece, never empty; nil at the end, and on every call after it.
    public init(nextChunk: @escaping @Sendable () async throws(HTTPTransportError) -> [UInt8]?) {
        self.nextChunk = nextChunk
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let nextChunk: @Sendable () async throws(HTTPTransportError) -> [UInt8]?

        public mutating func next() async throws(HTTPTransportError) -> [UInt8]? { try await self.nextChunk() }

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HTTPTransportError) -> [UInt8]? { try await self.nextChunk() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(nextChunk: self.nextChunk) }

    /// Reads to the end.
    ///
    /// - Throws: `bodyTooLarge` when more than `limit` bytes come; the exchange is ended then.
    public func collect(upTo limit: Int) async throws(HTTPTransportError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await self.nextChunk() {
            guard bytes.count + chunk.count <= limit else {
                throw HTTPTransportError(.bodyTooLarge, "more than \(limit) bytes")
            }
            bytes += chunk
        }
        return bytes
    }
}

/// Why an exchange did not come to its end. Equal by code.
public struct HTTPTransportError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// No connection: refused, unreachable, or the name is not known. The server has seen nothing.
        case connectFailed
        /// TLS said no: certificate, host name, or the server refused ours. The server has seen no request.
        case tlsFailed
        /// One of the request's time limits ran out.
        case timedOut
        /// The connection ended before the answer did.
        case connectionLost
        /// More bytes than the caller is willing to read.
        case bodyTooLarge
        /// What came is not HTTP, or breaks its rules.
        case protocolViolation
        case cancelled
        /// The transport has been shut down.
        case closed
    }

    public let code: Code
    /// What happened, for people; never looked at by code.
    public let detail: String

    public init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.code == rhs.code }

    /// Whether the server is sure to have seen nothing of the request, so that it may be sent again whatever it asks.
    public var isBeforeRequest: Bool {
        switch self.code {
        case .connectFailed, .tlsFailed, .closed: true
        case .timedOut, .connectionLost, .bodyTooLarge, .protocolViolation, .cancelled: false
        }
    }

    public var description: String {
        self.detail.isEmpty ? self.code.rawValue : "\(self.code.rawValue): \(self.detail)"
    }
}
