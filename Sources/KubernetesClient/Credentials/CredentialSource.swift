/// Who we are, as a header field. Client certificates are the transport's.
public protocol CredentialSource: Sendable {
    /// The value of `Authorization`; nil for none. Called before every request.
    func authorization() async throws(KubernetesError) -> String?

    /// Called after a 401: forgets what is cached.
    ///
    /// - Returns: Whether `authorization` may give something else now.
    func renew() async -> Bool
}

public struct AnonymousCredentials: CredentialSource {
    public init() {}

    public func authorization() async throws(KubernetesError) -> String? { nil }

    public func renew() async -> Bool { false }
}

/// A token that never changes.
public struct StaticToken: CredentialSource {
    private let token: String

    public init(_ token: String) { self.token = token }

    public func authorization() async throws(KubernetesError) -> String? { "Bearer \(self.token)" }

    public func renew() async -> Bool { false }
}
