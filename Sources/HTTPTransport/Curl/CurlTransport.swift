/// HTTP by libcurl: one thread drives all exchanges, HTTP/2 over TLS where the server speaks it.
///
/// Connections are kept and shared. Redirects are answers like any other and not followed: no API server sends them, and
/// credentials must not travel. Letting the transport go ends its exchanges with `closed`.
public final class CurlTransport: HTTPTransport {
    private let loop: CurlLoop
    private let configuration: CurlConfiguration

    /// - Throws: `connectFailed` when libcurl or the thread cannot be had.
    public init(configuration: CurlConfiguration) throws(HTTPTransportError) {
        self.configuration = configuration
        self.loop = try CurlLoop.start()
    }

    deinit { self.loop.post(.shutDown) }

    public func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        try Self.check(request)
        let transfer = CurlTransfer(request: request, configuration: self.configuration, loop: self.loop)
        let lifetime = CurlTransferLifetime(transfer)
        self.loop.post(.start(transfer))
        let head = try await transfer.head()
        return HTTPResponse(
            status: head.status, headers: head.headers,
            body: HTTPBody { () async throws(HTTPTransportError) in try await lifetime.transfer.nextChunk() })
    }

    /// No text of a caller may end a line of the request and begin another.
    private static func check(_ request: HTTPRequest) throws(HTTPTransportError) {
        guard request.target.utf8.first == UInt8(ascii: "/"), request.target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else {
            throw HTTPTransportError(
                .protocolViolation, "target: found \(request.target.debugDescription), expected a percent-encoded path")
        }
        for field in request.headers.fields {
            let isPlain = (field.name + field.value).utf8.allSatisfy { $0 != 0 && $0 != 10 && $0 != 13 }
            guard isPlain, !field.name.isEmpty else {
                throw HTTPTransportError(
                    .protocolViolation, "header \(field.name.debugDescription): found a line break or NUL")
            }
        }
    }
}

/// Ends the exchange when the body is let go.
private final class CurlTransferLifetime: Sendable {
    let transfer: CurlTransfer

    init(_ transfer: CurlTransfer) { self.transfer = transfer }

    deinit { self.transfer.cancel() }
}
