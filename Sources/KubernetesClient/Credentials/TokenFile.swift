import FoundationEssentials
import Synchronization

/// A token in a file that somebody replaces now and then, as kubelet does: read again at least every 50 seconds, and at once after a
/// 401. While the file cannot be read the old token is kept.
public final class TokenFile: CredentialSource {
    private struct Cached {
        var token: String
        var readAt: ContinuousClock.Instant
    }

    private static let lifetime = Duration.seconds(50)

    private let path: String
    private let now: @Sendable () -> ContinuousClock.Instant
    private let cached = Mutex<Cached?>(nil)

    public init(path: String, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.path = path
        self.now = now
    }

    public func authorization() async throws(KubernetesError) -> String? {
        let now = self.now()
        let known = self.cached.withLock { $0 }
        if let known, now - known.readAt < Self.lifetime { return "Bearer \(known.token)" }
        guard let token = self.read() else {
            guard let known else { throw .credentials("token file \(self.path): not readable, or empty") }
            return "Bearer \(known.token)"
        }
        self.cached.withLock { $0 = Cached(token: token, readAt: now) }
        return "Bearer \(token)"
    }

    public func renew() async -> Bool {
        let old = self.cached.withLock { $0?.token }
        guard let token = self.read(), token != old else { return false }
        self.cached.withLock { $0 = Cached(token: token, readAt: self.now()) }
        return true
    }

    private func read() -> String? {
        guard let data = try? Data(contentsOf: URL(filePath: self.path)) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        let token = text.drop { $0.isWhitespace }.prefix { !$0.isWhitespace }
        return token.isEmpty ? nil : String(token)
    }
}
