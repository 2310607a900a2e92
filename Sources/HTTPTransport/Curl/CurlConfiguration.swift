/// Where a `CurlTransport`'s server is and how to reach it.
public struct CurlConfiguration: Sendable, Equatable {
    public enum Proxy: Sendable, Equatable {
        /// `HTTPS_PROXY`, `NO_PROXY` and their like, read by libcurl.
        case environment
        case none
        /// `http://…`, `https://…` or `socks5://…`.
        case url(String)
    }

    /// Scheme, host, port and perhaps a path prefix, without a trailing slash: `https://10.0.0.1:6443`.
    public var server: String
    public var tls: CurlTLS
    public var proxy: Proxy
    /// How much of a body is held while nobody reads it, in bytes; beyond it the server is held back.
    public var bodyBufferBytes: Int

    public init(
        server: String, tls: CurlTLS = CurlTLS(), proxy: Proxy = .environment, bodyBufferBytes: Int = 1 << 20
    ) {
        self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
        self.tls = tls
        self.proxy = proxy
        self.bodyBufferBytes = bodyBufferBytes
    }
}

/// TLS material, all of it PEM text in memory.
public struct CurlTLS: Sendable, Equatable {
    /// The only authorities that are trusted; nil for those of the system.
    public var authorities: [UInt8]?
    public var clientCertificate: [UInt8]?
    public var clientKey: [UInt8]?
    /// The name the certificate must carry, where it is not the server's address.
    public var serverName: String?
    /// Trust any certificate with any name. Only for a user who asked for it in so many words.
    public var skipsVerification: Bool

    public init(
        authorities: [UInt8]? = nil, clientCertificate: [UInt8]? = nil, clientKey: [UInt8]? = nil,
        serverName: String? = nil, skipsVerification: Bool = false
    ) {
        self.authorities = authorities
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.serverName = serverName
        self.skipsVerification = skipsVerification
    }
}
