public import HTTPTransport
public import KubernetesAPI

/// A Kubernetes API server as a value: a request in, an answer or a watch out. No thread, no socket, no clock of its own.
///
/// Equal requests in equal order, with equal clock readings and seed, give equal answers byte for byte.
/// `docs/fake-apiserver.md` lists what is copied; everything else is answered with 501.
public struct FakeAPIServer: Sendable {
    /// What a request leads to.
    public enum Reply: Sendable {
        case answer(status: Int, body: JSONTree)
        /// A stream was opened; read it with `events(for:)`.
        case watch(WatchSubscription)
    }

    var store: ObjectStore
    /// What is served. Definitions of further kinds add to it.
    private(set) var kinds = ResourceKind.all
    public let now: @Sendable () -> Int64
    private var uidState: UInt64

    /// - Parameters:
    ///   - seed: Where uids and generated names start from.
    ///   - historyLimit: At least so many past changes can be watched from, at most twice as many are kept.
    ///   - now: Seconds since 1970, asked for time stamps and watch time-outs.
    public init(seed: UInt64 = 1, historyLimit: Int = 100_000, now: @escaping @Sendable () -> Int64) {
        self.store = ObjectStore(historyLimit: historyLimit)
        self.now = now
        self.uidState = seed
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            _ = self.handle(
                HTTPRequest(
                    method: "POST", target: "/api/v1/namespaces",
                    body: Array(#"{"metadata":{"name":"\#(name)"}}"#.utf8)))
        }
    }

    /// The version of the newest write.
    public var resourceVersion: Int64 { self.store.version }

    /// Drops the history up to now: an older watch or continue token gets a 410.
    public mutating func compact() { self.store.compact() }

    /// Serves a further kind, as a CustomResourceDefinition with a status subresource makes a real server do.
    public mutating func define(group: String, version: String, plural: String, kind: String) {
        self.kinds.append(ResourceKind(group, version, plural, kind, namespaced: true, .statusAndGeneration))
    }

    /// The path of the collection that an object belongs to; nil for kinds that are not served.
    public func collection(of object: JSONTree) -> String? {
        let kind = self.kinds.first {
            $0.kind == object["kind"]?.string && $0.apiVersion == object["apiVersion"]?.string
        }
        guard let kind else { return nil }
        let namespace = object["metadata"]?["namespace"]?.string ?? "default"
        let prefix = kind.group.isEmpty ? "/api/\(kind.version)" : "/apis/\(kind.apiVersion)"
        return prefix + (kind.isNamespaced ? "/namespaces/\(namespace)" : "") + "/\(kind.plural)"
    }

    public mutating func handle(_ request: HTTPRequest) -> Reply {
        do throws(APIFailure) {
            if let answer = try self.discovery(request) { return answer }
            if let answer = try self.bindByCollection(request) { return answer }
            return try self.dispatch(request, RequestTarget(request.target, kinds: self.kinds))
        } catch {
            return .answer(status: Int(error.code), body: error.status)
        }
    }

    /// `POST …/bindings` names the pod in its body.
    private mutating func bindByCollection(_ request: HTTPRequest) throws(APIFailure) -> Reply? {
        let (parts, _) = RequestTarget.split(request.target)
        guard request.method == "POST", parts.count == 5, parts[0] == "api", parts[4] == "bindings" else { return nil }
        let binding = try Self.object(request)
        let name = binding["metadata"]?["name"]?.string ?? ""
        let target = try RequestTarget("/api/v1/namespaces/\(parts[3])/pods/\(name)/binding", kinds: self.kinds)
        return .answer(status: 201, body: try self.bind(target, name, binding))
    }

    private mutating func dispatch(_ request: HTTPRequest, _ target: RequestTarget) throws(APIFailure) -> Reply {
        if let dryRun = target.options["dryRun"], dryRun != "All" {
            throw .invalid(
                target.kind, "", field: "dryRun", reason: "FieldValueNotSupported",
                message: "Unsupported value: \"\(dryRun)\": supported values: \"All\"")
        }
        let accept = request.headers["Accept"] ?? ""
        let isMetadataOnly =
            accept.contains("as=PartialObjectMetadata") && request.method == "GET" && !target.isSet("watch")
        if isMetadataOnly {
            let whole: JSONTree
            if let name = target.name { whole = try self.existing(target, name) } else { whole = try self.list(target) }
            return .answer(status: 200, body: Self.metadataOnly(whole))
        }
        if accept.contains("as=") || accept.contains("protobuf"),
            !accept.contains("application/json,"), !accept.hasSuffix("application/json")
        {
            throw .notCopied("Accept: \(accept)")
        }
        switch (request.method, target.name, target.subresource) {
        case ("GET", nil, _):
            return target.isSet("watch")
                ? .watch(try self.watch(target)) : .answer(status: 200, body: try self.list(target))
        case ("GET", let name?, nil), ("GET", let name?, "status"):
            return .answer(status: 200, body: try self.existing(target, name))
        case ("POST", nil, _): return .answer(status: 201, body: try self.create(target, Self.object(request)))
        case ("POST", let name?, "binding") where target.kind.kind == "Pod":
            return .answer(status: 201, body: try self.bind(target, name, Self.object(request)))
        case ("POST", let name?, "eviction") where target.kind.kind == "Pod":
            return .answer(status: 201, body: try self.evict(target, name, request))
        case ("PUT", let name?, nil), ("PUT", let name?, "status"):
            return .answer(status: 200, body: try self.replace(target, name, Self.object(request)))
        case ("PATCH", let name?, nil), ("PATCH", let name?, "status"):
            return .answer(status: 200, body: try self.patch(target, name, request))
        case ("DELETE", let name?, nil): return .answer(status: 200, body: try self.delete(target, name, request))
        case ("DELETE", nil, _): return .answer(status: 200, body: try self.deleteCollection(target, request))
        case ("GET", let name?, "scale") where target.kind.isScalable:
            return .answer(status: 200, body: Self.scale(try self.existing(target, name)))
        case ("PUT", let name?, "scale") where target.kind.isScalable,
            ("PATCH", let name?, "scale") where target.kind.isScalable:
            return .answer(status: 200, body: try self.rescale(target, name, request))
        case (_, _, let subresource) where subresource.map(target.kind.subresources.contains) ?? true:
            throw .methodNotAllowed
        default: throw .notCopied("\(request.method) of \(target.subresource ?? target.kind.plural)")
        }
    }

    /// Of an object or a list: names, labels and the like, and nothing of what it is about.
    private static func metadataOnly(_ whole: JSONTree) -> JSONTree {
        guard case .array(let items)? = whole["items"] else {
            var part: JSONTree = ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"]
            part["metadata"] = whole["metadata"]
            return part
        }
        var list: JSONTree = ["kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"]
        list["metadata"] = whole["metadata"]
        list["items"] = .array(items.map(Self.metadataOnly))
        return list
    }

    static func object(_ request: HTTPRequest) throws(APIFailure) -> JSONTree {
        guard let tree = JSONTree(parsing: String(decoding: request.body, as: UTF8.self)), case .object = tree else {
            throw .badRequest("the body is not a JSON object")
        }
        return tree
    }

    func existing(_ target: RequestTarget, _ name: String) throws(APIFailure) -> JSONTree {
        guard let object = self.store.objects[target.key(name)] else { throw .notFound(target.kind, name) }
        return object
    }

    // MARK: Deterministic choices

    /// SplitMix64, so that a seed gives the same uids everywhere.
    mutating func nextRandom() -> UInt64 {
        self.uidState &+= 0x9e37_79b9_7f4a_7c15
        var value = self.uidState
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func makeUID() -> String {
        let digits = [self.nextRandom(), self.nextRandom()].map { value in
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        let characters = Array(digits)
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(characters[$0]) }.joined(separator: "-")
    }

    mutating func makeSuffix() -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<5).map { _ in alphabet[Int(self.nextRandom() % UInt64(alphabet.count))] })
    }

    var timestamp: JSONTree { .string(Self.timestamp(self.now())) }

    /// RFC 3339 in UTC, by the days-to-date arithmetic of the proleptic Gregorian calendar.
    static func timestamp(_ seconds: Int64) -> String {
        let days = seconds >= 0 ? seconds / 86_400 : -((86_399 - seconds) / 86_400)
        let second = seconds - days * 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func padded(_ value: Int64, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = [padded(year, 4), padded(month, 2), padded(dayOfYear - (153 * marchMonth + 2) / 5 + 1, 2)]
        let time = [second / 3_600, second / 60 % 60, second % 60].map { padded($0, 2) }
        return date.joined(separator: "-") + "T" + time.joined(separator: ":") + "Z"
    }
}
