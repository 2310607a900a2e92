import HTTPTransport
import KubernetesAPI

/// The endpoint that a container is given for its credentials: EKS Pod Identity, ECS.
struct ContainerCredentials: TemporaryCredentials {
    private let environment: AWSEnvironment
    private let server: String
    private let target: String

    /// Nil where the environment names no endpoint.
    ///
    /// - Throws: `noCredentials` for an endpoint that could be anybody's: over plain HTTP only the machine itself and AWS's own
    ///   link-local addresses are asked.
    init?(_ environment: AWSEnvironment) throws(AWSError) {
        self.environment = environment
        if let path = environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            guard path.hasPrefix("/") else {
                throw .noCredentials("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: found \(path), expected a path")
            }
            self.server = "http://169.254.170.2"
            self.target = path
            return
        }
        guard let address = environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") else { return nil }
        guard let scheme = address.firstRange(of: "://") else {
            throw .noCredentials("AWS_CONTAINER_CREDENTIALS_FULL_URI: found \(address), expected an address")
        }
        let rest = address[scheme.upperBound...]
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        self.server = String(address[..<end])
        self.target = end == rest.endIndex ? "/" : String(rest[end...])
        let isSecure = address.hasPrefix("https://")
        guard isSecure || (address.hasPrefix("http://") && Self.isOwn(String(rest[..<end]))) else {
            throw .noCredentials(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI: found \(address), expected https, or http to the machine itself")
        }
    }

    private static func isOwn(_ authority: String) -> Bool {
        let host: Substring =
            authority.hasPrefix("[")
            ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        let isLoopback = octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
        return isLoopback || ["localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains(host)
    }

    func fetch() async throws(AWSError) -> AWSCredentials {
        var headers = HTTPHeaders()
        headers["authorization"] = try self.authorization()
        let request = HTTPRequest(
            target: self.target, headers: headers, limits: HTTPTimeLimits(connect: .seconds(5), total: .seconds(15)))
        return try await MetadataAnswer.credentials(request, from: self.server, environment: self.environment)
    }

    /// The file goes first and is read each time: it is replaced.
    private func authorization() throws(AWSError) -> String? {
        if let path = self.environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            guard let token = self.environment.text(ofFile: path) else {
                throw .noCredentials("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE \(path): not readable, or empty")
            }
            return token
        }
        return self.environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    }
}

/// What the endpoints inside a machine answer.
enum MetadataAnswer {
    static func credentials(
        _ request: HTTPRequest, from server: String, environment: AWSEnvironment
    ) async throws(AWSError) -> AWSCredentials {
        let bytes = try await self.bytes(request, from: server, environment: environment)
        let document = bytes.withUnsafeBytes { try? JSONDocument(parsing: $0) }
        guard let value = document.map({ JSONTree($0.root) }) else {
            throw .unreadable("\(server): \(bytes.count) bytes that are no JSON")
        }
        if let code = value["Code"]?.string, code != "Success" {
            throw .refused(code: code, message: value["Message"]?.string ?? "", status: 200)
        }
        guard let identifier = value["AccessKeyId"]?.string, let secret = value["SecretAccessKey"]?.string,
            let expires = value["Expiration"]?.string.flatMap(RFC3339.seconds)
        else { throw .unreadable("\(server): found no complete credentials in the answer") }
        return AWSCredentials(
            accessKeyID: identifier, secretAccessKey: secret, sessionToken: value["Token"]?.string,
            expiresAtSeconds: expires)
    }

    static func bytes(
        _ request: HTTPRequest, from server: String, environment: AWSEnvironment
    ) async throws(AWSError) -> [UInt8] {
        let transport: any HTTPTransport
        do throws(HTTPTransportError) { transport = try environment.connect(server) } catch {
            throw .unreachable(error)
        }
        let (status, body, _) = try await AWSServiceClient.exchange(request, over: transport)
        guard status == 200 else {
            throw .refused(
                code: "HTTP", message: "\(request.method) \(server)\(request.target)", status: status)
        }
        return body
    }
}
