public import HTTPTransport

/// Why a call of AWS brought no answer that can be used.
public enum AWSError: Error, Sendable, CustomStringConvertible {
    /// The service said no, with its own code: `UnauthorizedOperation`.
    case refused(code: String, message: String, status: Int)
    /// Nothing came back, or not all of it.
    case unreachable(HTTPTransportError)
    /// What came is not what the service's interface says.
    case unreadable(String)
    /// There is nobody to sign as, and asking again does not help: nothing is configured, or what is configured is wrong.
    case noCredentials(String)

    public var description: String {
        switch self {
        case .refused(let code, let message, let status): "\(code) (\(status)): \(message)"
        case .unreachable(let error): error.description
        case .unreadable(let detail): detail
        case .noCredentials(let detail): "no AWS credentials: \(detail)"
        }
    }

    /// What it means to whoever wanted machines.
    public var poolError: NodePoolError {
        switch self {
        case .refused(let code, _, let status):
            NodePoolError(Self.meaning(ofCode: code, status: status), self.description)
        case .unreachable, .unreadable: NodePoolError(.transient, self.description)
        case .noCredentials: NodePoolError(.denied, self.description)
        }
    }

    /// The service's own code; empty where it never answered.
    var code: String {
        if case .refused(let code, _, _) = self { code } else { "" }
    }

    /// Whether the credentials were good once: with fresh ones the same call may pass.
    var isExpiredCredentials: Bool {
        switch self.code {
        case "ExpiredToken", "ExpiredTokenException", "RequestExpired": true
        default: false
        }
    }

    /// Codes that stand in "Error codes for the Amazon EC2 API" and in the common errors of the other services. One that is
    /// not known here is judged by the status.
    static func meaning(ofCode code: String, status: Int) -> NodePoolError.Code {
        switch code {
        case "InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientReservedInstanceCapacity",
            "InsufficientCapacity", "InsufficientCapacityOnHost", "ReservationCapacityExceeded", "SpotMaxPriceTooLow",
            "UnfulfillableCapacity", "Unsupported", "InsufficientFreeAddressesInSubnet", "InsufficientAddressCapacity":
            .noCapacity
        case "MaxSpotInstanceCountExceeded", "VcpuLimitExceeded", "InstanceLimitExceeded", "LimitExceeded",
            "ResourceLimitExceeded", "ResourceLimitExceededException", "MaxSpotFleetRequestCountExceeded",
            "VolumeLimitExceeded", "MaxIOPSLimitExceeded", "NetworkInterfaceLimitExceeded":
            .quota
        case "RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException",
            "RequestThrottled", "RequestThrottledException", "TooManyRequestsException", "SlowDown",
            "EC2ThrottledException":
            .throttled
        case "UnauthorizedOperation", "AuthFailure", "OptInRequired", "SignatureDoesNotMatch", "ExpiredToken",
            "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired", "AccessDenied", "AccessDeniedException",
            "UnrecognizedClientException", "IncompleteSignature", "IncompleteSignatureException",
            "MissingAuthenticationToken", "MissingAuthenticationTokenException", "InvalidIdentityToken", "Blocked",
            "InvalidSignatureException", "NotAuthorized", "UnauthorizedException", "PendingVerification",
            "AuthMissingFailure":
            .denied
        case "InternalError", "InternalFailure", "InternalServerError", "ServiceUnavailable", "Unavailable",
            "ServerException", "ServerInternal", "RequestTimeout", "RequestTimeoutException", "IDPCommunicationError",
            // The first call with this client token is still being carried out.
            "IdempotentParameterInProgress", "ScalingActivityInProgress", "ResourceContention":
            .transient
        default:
            switch status {
            case 429: .throttled
            case 401, 403: .denied
            case 500...: .transient
            default: .invalid
            }
        }
    }
}
