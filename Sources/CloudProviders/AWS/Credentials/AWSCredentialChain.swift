/// Finds who we are, in the order in which AWS's own tools look.
///
/// 1. Keys in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`;
/// 2. a web identity in `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN` (IAM roles for service accounts);
/// 3. the profile `AWS_PROFILE`, else `default`, of the shared config and credentials files;
/// 4. the container's endpoint in `AWS_CONTAINER_CREDENTIALS_FULL_URI` or `…_RELATIVE_URI` (EKS Pod Identity, ECS);
/// 5. the role of the machine we run on, by IMDSv2.
///
/// The first that is configured counts. If it then fails, that is an error: we never act as somebody else than was meant.
///
/// - SeeAlso: "Standardized credential providers" in the AWS SDKs and Tools Reference Guide.
public enum AWSCredentialChain {
    public static func find(
        in environment: AWSEnvironment, region: String
    ) throws(AWSError) -> any AWSCredentialSource {
        if let keys = try Self.keys(in: environment) { return StaticAWSCredentials(keys) }
        if let source = try WebIdentity(environment, region: region) { return source.cached(environment) }
        let profiles = AWSProfiles(environment)
        if let source = try profiles.source(region: region) { return source }
        if let source = try ContainerCredentials(environment) { return source.cached(environment) }
        if let source = InstanceMetadata(environment) { return source.cached(environment) }
        throw .noCredentials(
            "found none in the environment, the profile \(profiles.chosenName) or a container's endpoint, "
                + "and AWS_EC2_METADATA_DISABLED is set")
    }

    /// The keys of the environment itself; nil where it has none.
    static func keys(in environment: AWSEnvironment) throws(AWSError) -> AWSCredentials? {
        let identifier = environment.variable("AWS_ACCESS_KEY_ID")
        let secret = environment.variable("AWS_SECRET_ACCESS_KEY")
        if identifier == nil, secret == nil { return nil }
        guard let identifier, let secret else {
            throw .noCredentials("found one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, expected both or none")
        }
        return AWSCredentials(
            accessKeyID: identifier, secretAccessKey: secret,
            sessionToken: environment.variable("AWS_SESSION_TOKEN"))
    }
}

/// A source that is asked anew for each set of temporary credentials.
protocol TemporaryCredentials: Sendable {
    func fetch() async throws(AWSError) -> AWSCredentials
}

extension TemporaryCredentials {
    func cached(_ environment: AWSEnvironment) -> any AWSCredentialSource {
        AWSCredentialCache(now: environment.now) { () async throws(AWSError) in try await self.fetch() }
    }
}
