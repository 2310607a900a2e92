import HTTPTransport
import KubernetesAPI

/// The two calls of STS that give temporary credentials.
struct SecurityTokenService: Sendable {
    static let version = "2011-06-15"

    let environment: AWSEnvironment
    let region: String

    /// - Parameter signer: Nil for calls that carry their own proof.
    func assume(
        _ action: String, _ parameters: [(key: String, value: String)], signer: (any AWSCredentialSource)?
    ) async throws(AWSError) -> AWSCredentials {
        let server = self.environment.server(of: .sts, region: self.region)
        let transport: any HTTPTransport
        do throws(HTTPTransportError) { transport = try self.environment.connect(server) } catch {
            throw .unreachable(error)
        }
        let client = AWSServiceClient(
            transport: transport, host: AWSServiceClient.host(ofServer: server), service: .sts, region: self.region,
            credentials: signer, now: self.environment.now, limits: HTTPTimeLimits(total: .seconds(30)))
        let answer = try await client.send(AWSQuery(action, version: Self.version, parameters))
        guard let given = answer.first("Credentials"), let identifier = given.text("AccessKeyId"),
            let secret = given.text("SecretAccessKey"), let token = given.text("SessionToken"),
            let expires = given.text("Expiration").flatMap(RFC3339.seconds)
        else { throw .unreadable("sts \(action): found no complete credentials in the answer") }
        return AWSCredentials(
            accessKeyID: identifier, secretAccessKey: secret, sessionToken: token, expiresAtSeconds: expires)
    }
}

/// A role that a signed token in a file stands for: IAM roles for service accounts.
struct WebIdentity: TemporaryCredentials {
    let service: SecurityTokenService
    let tokenFile: String
    let roleARN: String
    let sessionName: String

    init(service: SecurityTokenService, tokenFile: String, roleARN: String, sessionName: String) {
        self.service = service
        self.tokenFile = tokenFile
        self.roleARN = roleARN
        self.sessionName = sessionName
    }

    /// Nil where the environment names no token file.
    init?(_ environment: AWSEnvironment, region: String) throws(AWSError) {
        guard let file = environment.variable("AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let role = environment.variable("AWS_ROLE_ARN") else {
            throw .noCredentials("found AWS_WEB_IDENTITY_TOKEN_FILE without AWS_ROLE_ARN")
        }
        self.init(
            service: SecurityTokenService(environment: environment, region: region), tokenFile: file, roleARN: role,
            sessionName: environment.variable("AWS_ROLE_SESSION_NAME") ?? "berth")
    }

    /// The file is read each time: kubelet replaces the token.
    func fetch() async throws(AWSError) -> AWSCredentials {
        guard let token = self.service.environment.text(ofFile: self.tokenFile) else {
            throw .noCredentials("web identity token \(self.tokenFile): not readable, or empty")
        }
        return try await self.service.assume(
            "AssumeRoleWithWebIdentity",
            [("RoleArn", self.roleARN), ("RoleSessionName", self.sessionName), ("WebIdentityToken", token)],
            signer: nil)
    }
}

/// A role that somebody else's credentials may take on.
struct AssumedRole: TemporaryCredentials {
    let service: SecurityTokenService
    let roleARN: String
    let sessionName: String
    let externalID: String?
    let durationSeconds: String?
    let source: any AWSCredentialSource

    func fetch() async throws(AWSError) -> AWSCredentials {
        var parameters = [(key: "RoleArn", value: self.roleARN), (key: "RoleSessionName", value: self.sessionName)]
        if let externalID { parameters.append(("ExternalId", externalID)) }
        if let durationSeconds { parameters.append(("DurationSeconds", durationSeconds)) }
        return try await self.service.assume("AssumeRole", parameters, signer: self.source)
    }
}
