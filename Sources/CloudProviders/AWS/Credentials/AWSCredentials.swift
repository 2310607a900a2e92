/// Who signs. Never printed.
public struct AWSCredentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    let accessKeyID: String
    let secretAccessKey: String
    let sessionToken: String?
    /// Seconds since 1970; nil for keys that do not run out.
    let expiresAtSeconds: Int64?

    public init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiresAtSeconds: Int64? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiresAtSeconds = expiresAtSeconds
    }

    public var description: String { "AWS credentials \(self.accessKeyID)" }
    public var debugDescription: String { self.description }
}

/// Where credentials come from.
public protocol AWSCredentialSource: Sendable {
    /// Credentials that hold now. Called before every request.
    func credentials() async throws(AWSError) -> AWSCredentials

    /// Called when AWS said that the last ones have run out: what is cached is not used again.
    func forget() async
}

/// Keys that never change.
public struct StaticAWSCredentials: AWSCredentialSource {
    private let value: AWSCredentials

    public init(_ value: AWSCredentials) { self.value = value }

    public func credentials() async throws(AWSError) -> AWSCredentials { self.value }

    public func forget() async {}
}

/// Keeps what a source of temporary credentials gave until five minutes before it runs out.
///
/// Callers that come while new ones are fetched wait for the same answer. Where fetching fails, the old ones are used to their end.
actor AWSCredentialCache: AWSCredentialSource {
    private static let refreshLeadSeconds: Int64 = 300
    /// From a refresh that failed, while the old ones still hold, to the next try.
    private static let retrySeconds: Int64 = 30

    private let fetch: @Sendable () async throws(AWSError) -> AWSCredentials
    private let now: @Sendable () -> Int64
    private var cached: AWSCredentials?
    private var noRefreshBefore = Int64.min
    private var fetching: Task<Result<AWSCredentials, AWSError>, Never>?

    init(
        now: @escaping @Sendable () -> Int64, fetch: @escaping @Sendable () async throws(AWSError) -> AWSCredentials
    ) {
        self.now = now
        self.fetch = fetch
    }

    func credentials() async throws(AWSError) -> AWSCredentials {
        let now = self.now()
        if let cached, self.isFresh(cached, now) { return cached }
        switch await self.refreshed() {
        case .success(let fresh): return fresh
        case .failure(let error):
            guard let cached, cached.expiresAtSeconds.map({ now < $0 }) ?? true else { throw error }
            self.noRefreshBefore = now + Self.retrySeconds
            return cached
        }
    }

    func forget() async { self.cached = nil }

    private func isFresh(_ credentials: AWSCredentials, _ now: Int64) -> Bool {
        guard let end = credentials.expiresAtSeconds else { return true }
        return now < end - Self.refreshLeadSeconds || (now < end && now < self.noRefreshBefore)
    }

    private func refreshed() async -> Result<AWSCredentials, AWSError> {
        if let fetching { return await fetching.value }
        let fetch = self.fetch
        let task = Task { () -> Result<AWSCredentials, AWSError> in
            do throws(AWSError) { return .success(try await fetch()) } catch { return .failure(error) }
        }
        self.fetching = task
        let result = await task.value
        self.fetching = nil
        if case .success(let fresh) = result { self.cached = fresh }
        return result
    }
}
