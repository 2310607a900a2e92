import FoundationEssentials
public import HTTPTransport

/// What this process has around it that leads to AWS: variables, files, the network and the time.
///
/// Everything that reads the outside goes through here, so that tests hand in an outside of their own.
public struct AWSEnvironment: Sendable {
    public var variables: [String: String]
    /// Nil where there is no such file, or it cannot be read.
    public var readFile: @Sendable (_ path: String) -> [UInt8]?
    /// Whoever speaks to a server: scheme, host and port, `https://sts.us-east-1.amazonaws.com`.
    public var connect: @Sendable (_ server: String) throws(HTTPTransportError) -> any HTTPTransport
    /// Seconds since 1970.
    public var now: @Sendable () -> Int64

    public init(
        variables: [String: String], readFile: @escaping @Sendable (String) -> [UInt8]?,
        connect: @escaping @Sendable (String) throws(HTTPTransportError) -> any HTTPTransport,
        now: @escaping @Sendable () -> Int64
    ) {
        self.variables = variables
        self.readFile = readFile
        self.connect = connect
        self.now = now
    }

    /// The real one.
    public static var process: AWSEnvironment {
        AWSEnvironment(
            variables: ProcessInfo.processInfo.environment,
            readFile: { path in (try? Data(contentsOf: URL(filePath: path))).map(Array.init) },
            connect: { server throws(HTTPTransportError) in
                try CurlTransport(configuration: CurlConfiguration(server: server))
            },
            now: { Int64(Date().timeIntervalSince1970) })
    }

    /// A variable that is set to something.
    func variable(_ name: String) -> String? { self.variables[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A file's text without white space at its ends; nil where it is not there or empty.
    func text(ofFile path: String) -> String? {
        guard let bytes = self.readFile(path) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).drop { $0.isWhitespace }
        let end = text.lastIndex { !$0.isWhitespace }
        return end.map { String(text[...$0]) }
    }

    /// Where a service is asked: `AWS_ENDPOINT_URL_…` and `AWS_ENDPOINT_URL` go before AWS's own addresses.
    func server(of service: AWSService, region: String) -> String {
        self.variable("AWS_ENDPOINT_URL_\(service.variableSuffix)") ?? self.variable("AWS_ENDPOINT_URL")
            ?? "https://\(service.rawValue).\(region).\(region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com")"
    }
}

/// The services that Berth calls; the raw value is the first label of the address and the name in signatures.
public enum AWSService: String, Sendable, CaseIterable {
    case ec2, sts, sqs, autoscaling, eks

    /// As in `AWS_ENDPOINT_URL_AUTO_SCALING`.
    var variableSuffix: String {
        switch self {
        case .ec2: "EC2"
        case .sts: "STS"
        case .sqs: "SQS"
        case .autoscaling: "AUTO_SCALING"
        case .eks: "EKS"
        }
    }
}
