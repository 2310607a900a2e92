import HTTPTransport

/// Who we are at AWS, and in which region: what every part that calls AWS is made from.
public struct AWSAccount: Sendable {
    public var region: String
    public var credentials: any AWSCredentialSource
    public var environment: AWSEnvironment

    public init(region: String, credentials: any AWSCredentialSource, environment: AWSEnvironment) {
        self.region = region
        self.credentials = credentials
        self.environment = environment
    }

    /// What the environment says: region from `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile, or the machine we run on;
    /// credentials as `AWSCredentialChain` finds them.
    public static func find(in environment: AWSEnvironment = .process) async throws(AWSError) -> AWSAccount {
        let profiles = AWSProfiles(environment)
        let metadata = InstanceMetadata(environment)
        var region = environment.variable("AWS_REGION") ?? environment.variable("AWS_DEFAULT_REGION")
        region = region ?? profiles.value("region", in: profiles.chosenName)
        if region == nil, let metadata { region = try await metadata.region() }
        guard let region else {
            throw .noCredentials(
                "found no region in AWS_REGION, AWS_DEFAULT_REGION or the profile \(profiles.chosenName)")
        }
        return AWSAccount(
            region: region, credentials: try AWSCredentialChain.find(in: environment, region: region),
            environment: environment)
    }

    func client(_ service: AWSService) throws(AWSError) -> AWSServiceClient {
        let server = self.environment.server(of: service, region: self.region)
        do throws(HTTPTransportError) {
            return AWSServiceClient(
                transport: try self.environment.connect(server), host: AWSServiceClient.host(ofServer: server),
                service: service, region: self.region, credentials: self.credentials, now: self.environment.now)
        } catch { throw .unreachable(error) }
    }
}
