import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
public import ServiceLifecycle

/// Where a server listens and what it puts up with.
public struct HTTPServerConfiguration: Sendable {
    /// PEM text.
    public struct TLS: Sendable {
        public var certificateChain: [UInt8]
        public var key: [UInt8]
        /// Set: clients must show a certificate of one of these authorities.
        public var clientAuthorities: [UInt8]?
        /// Whether clients without a certificate are let in, too, where there are authorities.
        public var admitsAnonymousClients: Bool

        public init(
            certificateChain: [UInt8], key: [UInt8], clientAuthorities: [UInt8]? = nil,
            admitsAnonymousClients: Bool = false
        ) {
            self.certificateChain = certificateChain
            self.key = key
            self.clientAuthorities = clientAuthorities
            self.admitsAnonymousClients = admitsAnonymousClients
        }
    }

    public var host: String
    /// 0 takes a free one.
    public var port: Int
    public var tls: TLS?
    /// Larger bodies are answered with 413.
    public var bodyLimit = 32 << 20
    public var headerLimit = 64 << 10
    public var connectionLimit = 512
    /// A client that sends or takes nothing for so long is cut off.
    public var idleSeconds: Int64 = 60

    public init(host: String, port: Int, tls: TLS? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }
}

/// An HTTP/1.1 server as a service: it runs until shutdown, and then finishes what is under way.
public struct HTTPServer: Service {
    public typealias Handler = @Sendable (ServedRequest) async -> ServedAnswer

    private let configuration: HTTPServerConfiguration
    private let handler: Handler
    private let onReady: @Sendable (Int) -> Void

    /// - Parameter onReady: Told the port once connections are taken.
    public init(
        _ configuration: HTTPServerConfiguration, onReady: @escaping @Sendable (Int) -> Void = { _ in },
        handler: @escaping Handler
    ) {
        self.configuration = configuration
        self.handler = handler
        self.onReady = onReady
    }

    public func run() async throws {
        var logger = Logger(label: "http")
        logger.logLevel = .critical
        let application = Application(
            responder: Responder(
                handler: self.handler, bodyLimit: self.configuration.bodyLimit,
                readsCertificates: self.configuration.tls?.clientAuthorities != nil),
            server: try self.channels(),
            configuration: ApplicationConfiguration(
                address: .hostname(self.configuration.host, port: self.configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(self.configuration.connectionLimit)),
            onServerRunning: { channel in self.onReady(channel.localAddress?.port ?? 0) }, logger: logger)
        try await application.run()
    }

    private func channels() throws -> HTTPServerBuilder {
        let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: self.configuration.headerLimit, maxHeaderListSize: self.configuration.headerLimit)
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                idleTimeout: .seconds(self.configuration.idleSeconds), httpDecoderConfiguration: decoder))
        guard let tls = self.configuration.tls else { return plain }
        var options = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(tls.certificateChain).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: tls.key, format: .pem)))
        if let authorities = tls.clientAuthorities {
            options.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorities))
            // Clients are told apart by who signed their certificate, not by a host name.
            options.certificateVerification =
                tls.admitsAnonymousClients ? .optionalVerification : .noHostnameVerification
        }
        return try .tls(plain, tlsConfiguration: options)
    }
}

/// Knows the connection that its request came by.
private struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.channel = source.channel
    }
}

private struct Responder: HTTPResponder {
    typealias Context = ConnectionContext

    let handler: HTTPServer.Handler
    let bodyLimit: Int
    let readsCertificates: Bool

    func respond(to request: Request, context: Context) async throws -> Response {
        let body: [UInt8]
        do {
            let buffer = try await request.body.collect(upTo: self.bodyLimit)
            body = Array(buffer.readableBytesView)
        } catch {
            return Response(status: .contentTooLarge)
        }
        var served = ServedRequest(
            method: request.method.rawValue, target: request.head.path ?? "/",
            headers: request.headers.map { ($0.name.rawName, $0.value) }, body: body)
        if self.readsCertificates {
            served.clientCertificate = try await context.channel.nioSSL_peerCertificate().get()?.toDERBytes()
        }
        let answer = await self.handler(served)
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
        }
        return Response(
            status: .init(code: answer.status), headers: headers, body: Self.body(answer.body))
    }

    private static func body(_ body: ServedAnswer.Body) -> ResponseBody {
        switch body {
        case .bytes(let bytes): ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stream(let next):
            ResponseBody { writer in
                while let chunk = try await next() { try await writer.write(ByteBuffer(bytes: chunk)) }
                try await writer.finish(nil)
            }
        }
    }
}
