import HTTPTransport

/// The machine we run on, asked by IMDSv2: a session token first, then the question with it.
struct InstanceMetadata: TemporaryCredentials {
    private static let credentialsPath = "/latest/meta-data/iam/security-credentials/"

    private let environment: AWSEnvironment
    private let server: String

    /// Nil where `AWS_EC2_METADATA_DISABLED` is `true`.
    init?(_ environment: AWSEnvironment) {
        if environment.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" { return nil }
        self.environment = environment
        let isSix = environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
        let address = environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        let server = address ?? (isSix ? "http://[fd00:ec2::254]" : "http://169.254.169.254")
        self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
    }

    func fetch() async throws(AWSError) -> AWSCredentials {
        let token = try await self.sessionToken()
        let roles: String
        do throws(AWSError) { roles = try await self.text(Self.credentialsPath, token: token) } catch {
            guard case .refused(_, _, status: 404) = error else { throw error }
            throw .noCredentials("the machine we run on has no role")
        }
        guard let role = roles.split(whereSeparator: \.isNewline).first else {
            throw .noCredentials("the machine we run on has no role")
        }
        let request = Self.request(Self.credentialsPath + AWSPercentEncoding.encode(String(role)), token: token)
        return try await MetadataAnswer.credentials(request, from: self.server, environment: self.environment)
    }

    func region() async throws(AWSError) -> String? {
        let text = try await self.text("/latest/meta-data/placement/region", token: try await self.sessionToken())
        return text.isEmpty ? nil : text
    }

    private func sessionToken() async throws(AWSError) -> String {
        let request = HTTPRequest(
            method: "PUT", target: "/latest/api/token", headers: ["x-aws-ec2-metadata-token-ttl-seconds": "300"],
            limits: Self.limits)
        return String(
            decoding: try await MetadataAnswer.bytes(request, from: self.server, environment: self.environment),
            as: UTF8.self)
    }

    private func text(_ path: String, token: String) async throws(AWSError) -> String {
        let request = Self.request(path, token: token)
        return String(
            decoding: try await MetadataAnswer.bytes(request, from: self.server, environment: self.environment),
            as: UTF8.self)
    }

    private static func request(_ path: String, token: String) -> HTTPRequest {
        HTTPRequest(target: path, headers: ["x-aws-ec2-metadata-token": token], limits: Self.limits)
    }

    /// Off EC2 nobody answers there: that should be known soon.
    private static let limits = HTTPTimeLimits(connect: .seconds(2), total: .seconds(5))
}
