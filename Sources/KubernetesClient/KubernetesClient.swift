public import HTTPTransport
public import KubernetesAPI

/// What a client may be told besides its transport.
public struct KubernetesClientOptions: Sendable {
    /// Owner of the fields that server-side apply and patches write.
    public var fieldManager = "berth"
    public var userAgent = "berth"
    /// Objects per page of a list.
    public var pageSize = 500
    /// Longer answers are refused.
    public var answerLimit = 256 << 20
    /// Longer events of a watch are let pass, and their objects read by themselves; etcd itself takes objects of 1.5 MiB by default.
    public var eventLimit = 16 << 20
    /// Repeats of one call that the server put off (429 and 5xx with Retry-After); a longer wait than the limit is not waited for.
    public var retryLimit = 5
    public var longestRetryAfter: Duration = .seconds(32)

    public init() {}
}

/// Calls of the Kubernetes API. Values come and go as JSON; what they mean is the caller's business.
///
/// Every call is one request, repeated only where the server itself asked for that: the answer was 429 or 5xx and said
/// when to come again. A lost answer is never followed by a second try: whether that is safe depends on what was asked.
public struct KubernetesClient: Sendable {
    public let options: KubernetesClientOptions
    let transport: any HTTPTransport
    let credentials: any CredentialSource
    let pause: Pause
    /// Parts of objects that were received, for those that come after.
    let shared = SharedValues()
    /// Asked before every attempt of a write; nil for a client that anybody may write with.
    private var fence: LeadershipFence?

    public init(
        transport: any HTTPTransport, credentials: any CredentialSource = AnonymousCredentials(),
        options: KubernetesClientOptions = KubernetesClientOptions(), pause: Pause = Pause()
    ) {
        self.transport = transport
        self.credentials = credentials
        self.options = options
        self.pause = pause
    }

    /// The same client for whoever may write only while the fence is open: it is asked immediately before each attempt of each write,
    /// the first and those that the server asked for. An attempt whose connection is not there before the fence closes is given up. What
    /// has left by then may still take effect.
    ///
    /// A write that is not begun fails with `fenced`; one that is not repeated, with the server's last answer.
    public func fenced(by fence: LeadershipFence) -> KubernetesClient {
        var client = self
        client.fence = fence
        return client
    }

    /// The same client over another transport, made of its own: one that looks on, for example.
    public func sending(through wrap: (any HTTPTransport) -> any HTTPTransport) -> KubernetesClient {
        var client = KubernetesClient(
            transport: wrap(self.transport), credentials: self.credentials, options: self.options, pause: self.pause)
        client.fence = self.fence
        return client
    }

    // MARK: Requests

    /// One call with a JSON answer.
    ///
    /// - Parameter target: Path and query.
    public func send(
        _ method: String, _ target: String, body: JSONTree? = nil, contentType: String = "application/json"
    ) async throws(KubernetesError) -> JSONDocument {
        let request = HTTPRequest(
            method: method, target: target,
            headers: body == nil ? HTTPHeaders() : ["Content-Type": contentType], body: body?.bytes ?? [],
            limits: HTTPTimeLimits(total: .seconds(60)))
        let response = try await self.open(request)
        let bytes = try await self.collect(response)
        guard let document = bytes.withUnsafeBytes({ try? JSONDocument(parsing: $0) }) else {
            throw .unreadable("\(method) \(target): \(bytes.count) bytes that are no JSON")
        }
        return document
    }

    /// The head of a successful answer, its body still to be read.
    func open(_ request: HTTPRequest) async throws(KubernetesError) -> HTTPResponse {
        var request = request
        request.headers["Accept"] = "application/json"
        request.headers["User-Agent"] = self.options.userAgent
        var renewed = false
        var retries = 0
        var refusal: APIStatus?
        while true {
            request.headers["Authorization"] = try await self.credentials.authorization()
            let response = try await self.answer(to: try self.admitted(request, after: refusal))
            if (200..<300).contains(response.status) { return response }
            let body = try await self.collect(response)
            let status = APIStatus(code: response.status, headers: response.headers, body: body)
            refusal = status
            if status.code == 401, !renewed {
                // The token may have been replaced since it was read.
                renewed = true
                if await self.credentials.renew() { continue }
            }
            guard retries < self.options.retryLimit, let wait = self.retryDelay(status) else { throw .refused(status) }
            retries += 1
            do { try await self.pause.sleep(wait) } catch { throw .transport(HTTPTransportError(.cancelled)) }
        }
    }

    /// The request as it may leave now.
    ///
    /// - Parameter refusal: The last answer, where this is a repeat: after a 5xx nobody knows whether the call took effect, and the caller
    ///   must hear of that rather than of the fence.
    private func admitted(_ request: HTTPRequest, after refusal: APIStatus?) throws(KubernetesError) -> HTTPRequest {
        guard let fence = self.fence, request.method != "GET" else { return request }
        guard let left = fence.remaining else { throw refusal.map(KubernetesError.refused) ?? .fenced }
        var request = request
        request.limits.connect = min(left, request.limits.connect ?? left)
        return request
    }

    /// Nil where the server did not ask to come again, or only much later, and for a disruption budget that forbids an eviction: whether to wait for
    /// that is the caller's business.
    private func retryDelay(_ status: APIStatus) -> Duration? {
        guard status.code == 429 || status.code >= 500, let seconds = status.retryAfter, seconds > 0,
            !status.causes.contains(where: { $0.reason == "DisruptionBudget" })
        else { return nil }
        let wait = Duration.seconds(seconds)
        guard wait <= self.options.longestRetryAfter else { return nil }
        return wait + wait * (0.1 * self.pause.random())
    }

    private func answer(to request: HTTPRequest) async throws(KubernetesError) -> HTTPResponse {
        do throws(HTTPTransportError) { return try await self.transport.send(request) } catch {
            throw .transport(error)
        }
    }

    private func collect(_ response: HTTPResponse) async throws(KubernetesError) -> [UInt8] {
        do throws(HTTPTransportError) {
            return try await response.body.collect(upTo: self.options.answerLimit)
        } catch { throw .transport(error) }
    }

    // MARK: Objects

    public func get(_ path: ResourcePath) async throws(KubernetesError) -> JSONDocument {
        try await self.send("GET", path.target)
    }

    /// - Parameter path: The collection.
    @discardableResult
    public func create(_ object: JSONTree, in path: ResourcePath) async throws(KubernetesError) -> JSONDocument {
        try await self.send("POST", path.target + self.managed(), body: object)
    }

    @discardableResult
    public func replace(_ path: ResourcePath, by object: JSONTree) async throws(KubernetesError) -> JSONDocument {
        try await self.send("PUT", path.target + self.managed(), body: object)
    }

    /// - Parameter preconditions: Members of `preconditions`: `uid`, `resourceVersion`.
    @discardableResult
    public func delete(
        _ path: ResourcePath, preconditions: JSONTree? = nil
    ) async throws(KubernetesError) -> JSONDocument {
        var options: JSONTree = ["kind": "DeleteOptions", "apiVersion": "v1"]
        options["preconditions"] = preconditions
        return try await self.send("DELETE", path.target, body: options)
    }

    public enum PatchKind: String, Sendable {
        case merge = "application/merge-patch+json"
        case strategic = "application/strategic-merge-patch+json"
        case json = "application/json-patch+json"
        case apply = "application/apply-patch+yaml"
    }

    /// - Parameter isForced: Takes fields over from other managers; for `apply` only.
    @discardableResult
    public func patch(
        _ path: ResourcePath, _ kind: PatchKind, _ patch: JSONTree, isForced: Bool = false
    ) async throws(KubernetesError) -> JSONDocument {
        let force = kind == .apply && isForced ? "&force=true" : ""
        return try await self.send(
            "PATCH", path.target + self.managed() + force, body: patch, contentType: kind.rawValue)
    }

    private func managed() -> String { "?fieldManager=\(PercentEncoding.encode(self.options.fieldManager))" }
}
