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
    var kinds = ResourceKind.all + ResourceKind.alwaysEmpty
    /// Whose fields the current request writes; nil where objects come as another server had them.
    var writer: FieldOwnership.Manager?
    /// The fields that the current request applies; nil while it is no apply.
    var appliedFields: Set<FieldPath>?
    /// What the current request's sender should know although it succeeds.
    var warnings: [String] = []
    /// Whether the current request's answer is wanted in protobuf.
    var answersProtobuf = false
    /// The schemas of the kinds that definitions brought.
    var customResources: [ResourceKind: CustomResource] = [:]
    public let now: @Sendable () -> Int64
    var uidState: UInt64
    /// Whether a request without credentials is refused instead of taken for the administrator's.
    public var requiresCredentials = false
    /// A bearer token that makes its holder the administrator.
    public var administratorToken: String?
    /// Whether `X-Remote-User` and `X-Remote-Group` say who asks: for a front that has checked it and lets nobody else write them.
    public var trustsRemoteUserHeaders = false
    var tokens: [String: RequestUser] = [:]
    /// What others than the administrator were allowed so far.
    public internal(set) var usedPermissions: Set<UsedPermission> = []

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
                    method: "POST", target: "/api/v1/namespaces?fieldManager=kube-apiserver",
                    body: Array(#"{"metadata":{"name":"\#(name)"}}"#.utf8)))
        }
        // What happened before a server was up cannot be watched.
        self.store.compact()
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
            let user = try self.user(of: request)
            try self.authorize(user, request)
            if let answer = try self.review(request, by: user) { return answer }
            if let answer = try self.discovery(request) { return answer }
            if let answer = try self.bindByCollection(request) { return answer }
            let target = try RequestTarget(request.target, kinds: self.kinds)
            try self.checkPatchOptions(request, target)
            self.writer = Self.manager(request, target)
            self.appliedFields = nil
            if let answer = try self.coreEvents(request, target) { return answer }
            return try self.dispatch(request, target)
        } catch {
            return .answer(
                status: Int(error.code), body: error == .pageNotFound ? .string(error.message) : error.status)
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

    mutating func dispatch(_ request: HTTPRequest, _ target: RequestTarget) throws(APIFailure) -> Reply {
        try self.checkOptions(request, target)
        let form = try self.negotiate(request, target.kind).form
        if request.method != "GET", request.method != "DELETE", ResourceKind.alwaysEmpty.contains(target.kind) {
            throw .notCopied("writing \(target.kind.plural)")
        }
        if request.method == "GET", target.subresource == nil {
            if target.name == nil, target.isSet("watch") {
                var watch = try self.watch(target, form)
                watch.isProtobuf = self.answersProtobuf
                return .watch(watch)
            }
            if case .table = form { try Self.checkTableOptions(target) }
            let whole: JSONTree
            if let name = target.name { whole = try self.existing(target, name) } else { whole = try self.list(target) }
            return .answer(status: 200, body: self.formed(whole, target, form))
        }
        if request.method == "POST" || request.method == "PUT" { try self.checkDuplicates(request, target) }
        switch (request.method, target.name, target.subresource) {
        case ("GET", let name?, "status") where target.kind.hasStatus:
            return .answer(status: 200, body: self.formed(try self.existing(target, name), target, form))
        case ("POST", nil, _) where target.kind.isNamespaced && target.namespace == nil,
            ("DELETE", nil, _) where target.kind.isNamespaced && target.namespace == nil,
            ("DELETE", nil, _) where target.kind.kind == "Namespace":
            throw .methodNotAllowed
        case (_, let name?, let subresource?)
        where target.kind == .pods && ["log", "exec", "attach", "portforward"].contains(subresource):
            return try self.onNode(target, name, subresource)
        case ("PUT", let name?, "finalize") where target.kind.kind == "Namespace":
            return .answer(status: 200, body: try self.finalize(target, name, Self.object(request)))
        case ("POST", nil, _): return .answer(status: 201, body: try self.create(target, Self.object(request)))
        case ("POST", let name?, "binding") where target.kind.kind == "Pod":
            return .answer(status: 201, body: try self.bind(target, name, Self.object(request)))
        case ("POST", let name?, "eviction") where target.kind.kind == "Pod":
            return .answer(status: 201, body: try self.evict(target, name, request))
        case ("PUT", let name?, nil), ("PUT", let name?, "status"):
            return .answer(status: 200, body: try self.replace(target, name, Self.object(request)))
        case ("PATCH", let name?, nil) where Self.isApply(request),
            ("PATCH", let name?, "status") where Self.isApply(request):
            let (status, body) = try self.apply(target, name, request)
            return .answer(status: status, body: body)
        case ("PATCH", let name?, nil), ("PATCH", let name?, "status"):
            return .answer(status: 200, body: try self.patch(target, name, request))
        case ("DELETE", let name?, nil): return .answer(status: 200, body: try self.delete(target, name, request))
        case ("DELETE", nil, _): return .answer(status: 200, body: try self.deleteCollection(target, request))
        case ("GET", let name?, "scale") where target.kind.isScalable:
            return .answer(status: 200, body: self.scale(try self.existing(target, name), target.kind))
        case ("PUT", let name?, "scale") where target.kind.isScalable,
            ("PATCH", let name?, "scale") where target.kind.isScalable:
            return .answer(status: 200, body: try self.rescale(target, name, request))
        case (_, _, let subresource) where subresource.map(target.kind.subresources.contains) ?? true:
            throw .methodNotAllowed
        case (_, _, let subresource?) where !target.kind.uncopiedSubresources.contains(subresource):
            throw .resourceNotFound
        default: throw .notCopied("\(request.method) of \(target.subresource ?? target.kind.plural)")
        }
    }

    /// Options that every request can have.
    func checkOptions(_ request: HTTPRequest, _ target: RequestTarget) throws(APIFailure) {
        if let dryRun = target.options["dryRun"], dryRun != "All" {
            throw .invalid(
                group: "meta.k8s.io", kind: Self.optionsKind(request.method), "",
                [.notSupported("dryRun", dryRun, ["All"])])
        }
        if let validation = target.options["fieldValidation"], !["", "Ignore", "Strict", "Warn"].contains(validation) {
            throw .invalid(
                group: "meta.k8s.io", kind: Self.optionsKind(request.method), "",
                [.notSupported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"])])
        }
        if request.method == "GET", target.name != nil, target.subresource == nil,
            let asked = target.options["resourceVersion"].flatMap(Int64.init), asked > self.store.version
        {
            throw Self.fromTheFuture(asked, self.store.version)
        }
    }

    private static func optionsKind(_ method: String) -> String {
        switch method {
        case "POST": "CreateOptions"
        case "PUT": "UpdateOptions"
        case "PATCH": "PatchOptions"
        default: "DeleteOptions"
        }
    }

    /// What only a kubelet could answer; of a pod on no node it is known what comes of it.
    private func onNode(_ target: RequestTarget, _ name: String, _ subresource: String) throws(APIFailure) -> Reply {
        let pod = try self.existing(target, name)
        let lists = ["containers", "initContainers", "ephemeralContainers"]
        let containers = lists.flatMap { pod[path: ["spec", $0]]?.elements ?? [] }
        if let container = target.options["container"], !container.isEmpty, subresource != "portforward",
            !containers.contains(where: { $0["name"]?.string == container })
        {
            throw .badRequest("container \(container) is not valid for pod \(name)")
        }
        guard pod[path: ["spec", "nodeName"]]?.string ?? "" == "" else { throw .notCopied("\(subresource) of a pod") }
        if subresource == "log" { return .answer(status: 204, body: .null) }
        throw .badRequest("pod \(name) does not have a host assigned")
    }

    /// Takes an object as another server had it: with its priority and version, and without validation.
    public mutating func restore(_ object: JSONTree) -> Reply {
        do throws(APIFailure) {
            guard let path = self.collection(of: object) else { throw .resourceNotFound }
            let target = try RequestTarget(path, kinds: self.kinds)
            self.writer = nil
            return .answer(status: 201, body: try self.create(target, object, isRestored: true))
        } catch {
            return .answer(status: Int(error.code), body: error.status)
        }
    }

    static func object(_ request: HTTPRequest) throws(APIFailure) -> JSONTree {
        guard request.body.count <= 3 << 20 else {
            throw .init(
                code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is 3145728")
        }
        if request.headers["Content-Type"]?.hasPrefix(KubernetesProtobuf.mediaType) ?? false {
            guard let object = KubernetesProtobuf.decoded(request.body) else {
                throw .notCopied("bodies in protobuf of this kind")
            }
            return object
        }
        let isYAML = request.headers["Content-Type"]?.hasPrefix("application/yaml") ?? false
        let json = JSONTree(parsing: String(decoding: request.body, as: UTF8.self))
        switch isYAML ? json ?? JSONTree(yaml: request.body) : json {
        case .object(let members)?: return .object(members)
        case .null?: return [:]
        default: throw .badRequest("the body is not a JSON object")
        }
    }

    func existing(_ target: RequestTarget, _ name: String) throws(APIFailure) -> JSONTree {
        guard let object = self.store.objects[target.key(name)] else { throw .notFound(target.kind, name) }
        return object
    }
}
