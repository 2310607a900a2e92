import HTTPTransport
import KubernetesAPI

/// What somebody was allowed, for the question which permissions are needed and which are not.
public struct UsedPermission: Sendable, Hashable, Comparable {
    public let user: String
    public let verb: String
    public let group: String
    /// With its subresource: `pods/binding`.
    public let resource: String

    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.user, lhs.group, lhs.resource, lhs.verb) < (rhs.user, rhs.group, rhs.resource, rhs.verb)
    }
}

extension FakeAPIServer {
    private static let bearer = "Bearer "

    /// Who is behind the request. A request without any credentials is the administrator's, unless credentials are required.
    func user(of request: HTTPRequest) throws(APIFailure) -> RequestUser {
        let user = try self.authenticated(request)
        guard let other = request.headers["Impersonate-User"] else { return user }
        guard user.isAdministrator else { throw AccessRequest(request).forbidden(to: user) }
        let groups = [request.headers["Impersonate-Group"], "system:authenticated"].compactMap(\.self)
        return RequestUser(name: other, groups: groups)
    }

    private func authenticated(_ request: HTTPRequest) throws(APIFailure) -> RequestUser {
        let unauthorized = APIFailure(code: 401, reason: "Unauthorized", message: "Unauthorized")
        if self.trustsRemoteUserHeaders, let name = request.headers["X-Remote-User"] {
            let groups = request.headers.fields.filter { $0.name.lowercased() == "x-remote-group" }.map(\.value)
            return RequestUser(name: name, groups: groups + ["system:authenticated"])
        }
        guard let credentials = request.headers["Authorization"] else {
            if self.requiresCredentials { throw unauthorized }
            return .administrator
        }
        guard credentials.hasPrefix(Self.bearer) else { throw unauthorized }
        let token = String(credentials.dropFirst(Self.bearer.count))
        if token == self.administratorToken { return .administrator }
        guard let user = self.holder(of: token) else { throw unauthorized }
        return user
    }

    /// A token dies with its account.
    private func holder(of token: String) -> RequestUser? {
        guard let user = self.tokens[token] else { return nil }
        let isAlive = self.store.objects.contains { key, account in
            key.kind == .serviceAccounts && account["metadata"]?["uid"]?.string == user.uid
        }
        return isAlive ? user : nil
    }

    /// Refuses what the user may not, and notes what he was allowed.
    mutating func authorize(_ user: RequestUser, _ request: HTTPRequest) throws(APIFailure) {
        let access = AccessRequest(request)
        guard AccessRules(store: self.store).reason(user, access) != nil else { throw access.forbidden(to: user) }
        if !user.isAdministrator, access.resource != nil {
            self.usedPermissions.insert(
                UsedPermission(
                    user: user.name, verb: access.verb, group: access.group, resource: access.ruleResource))
        }
    }

    /// A token for a service account, as `kubectl create token` asks for it. For programs that start controllers.
    public mutating func issueToken(namespace: String, serviceAccount name: String) -> String? {
        let account = self.store.objects.first { key, _ in
            key.kind == .serviceAccounts && key.namespace == namespace && key.name == name
        }?.value
        guard let uid = account?["metadata"]?["uid"]?.string else { return nil }
        let token = "fake-\(self.makeUID())"
        self.tokens[token] = .serviceAccount(namespace, name, uid: uid)
        return token
    }

    // MARK: Reviews

    /// Reviews are answered and not kept; nil for any other request.
    mutating func review(_ request: HTTPRequest, by user: RequestUser) throws(APIFailure) -> Reply? {
        let (parts, _) = RequestTarget.split(request.target)
        guard request.method == "POST" else { return nil }
        if parts.count == 7, parts[0] == "api", parts[4] == "serviceaccounts", parts[6] == "token" {
            let sent = try Self.object(request)
            var token = try self.tokenRequest(parts[3], parts[5], sent)
            token[path: ["metadata", "managedFields"]] = self.owners(ofReview: sent, request, subresource: "token")
            return .answer(status: 201, body: token)
        }
        guard parts.count == 4, parts[0] == "apis", parts[2] == "v1",
            ["authorization.k8s.io", "authentication.k8s.io"].contains(parts[1])
        else { return nil }
        var review = try Self.object(request)
        review["metadata"] = [:]
        let owners = self.owners(ofReview: review, request)
        switch parts[3] {
        case "selfsubjectreviews":
            review["metadata"] = ["creationTimestamp": self.timestamp]
            review["status"] = ["userInfo": user.tree]
        case "selfsubjectaccessreviews": review["status"] = try self.decision(review["spec"] ?? [:], on: user)
        case "subjectaccessreviews":
            let named = RequestUser(
                name: review[path: ["spec", "user"]]?.string ?? "",
                groups: review[path: ["spec", "groups"]]?.elements.compactMap(\.string) ?? [])
            review["status"] = try self.decision(review["spec"] ?? [:], on: named)
        case "tokenreviews":
            let holder = review[path: ["spec", "token"]]?.string.flatMap(self.holder)
            review["status"] =
                holder.map { user in
                    [
                        "authenticated": .boolean(true), "user": user.tree,
                        "audiences": ["https://kubernetes.default.svc"],
                    ]
                } ?? ["user": [:], "error": "[invalid bearer token]"]
        case "selfsubjectrulesreviews":
            review["status"] = AccessRules(store: self.store)
                .summary(user, in: review[path: ["spec", "namespace"]]?.string ?? "")
            review["spec"] = [:]
            return .answer(status: 201, body: review)
        default: throw .notCopied(parts[3])
        }
        review[path: ["metadata", "managedFields"]] = owners
        return .answer(status: 201, body: review)
    }

    private func owners(ofReview sent: JSONTree, _ request: HTTPRequest, subresource: String = "") -> JSONTree? {
        let (_, options) = RequestTarget.split(request.target)
        let manager = FieldOwnership.Manager(
            name: Self.managerName(request, options), isApplier: false, subresource: subresource,
            apiVersion: sent["apiVersion"]?.string ?? "")
        var ownership = FieldOwnership()
        let new: JSONTree = ["spec": sent["spec"] ?? [:]]
        ownership.note(
            FieldComparison(old: ["spec": [:]], new: new, .builtIn(field: "")), by: manager, at: self.timestamp)
        return ownership.entries
    }

    private func decision(_ spec: JSONTree, on user: RequestUser) throws(APIFailure) -> JSONTree {
        let asked = [spec["resourceAttributes"], spec["nonResourceAttributes"]].compactMap(\.self)
        guard asked.count == 1 else {
            var failure = APIFailure.invalid(
                group: "authorization.k8s.io", kind: "", "",
                [
                    .invalid(
                        "spec.resourceAttributes",
                        "exactly one of nonResourceAttributes or resourceAttributes must be specified")
                ])
            failure.details?["kind"] = nil
            throw failure
        }
        guard let reason = AccessRules(store: self.store).reason(user, AccessRequest(review: asked[0])) else {
            return ["allowed": .boolean(false)]
        }
        return reason.isEmpty
            ? ["allowed": .boolean(true)] : ["allowed": .boolean(true), "reason": .string(reason)]
    }

    private mutating func tokenRequest(
        _ namespace: String, _ name: String, _ sent: JSONTree
    ) throws(APIFailure) -> JSONTree {
        let key = ObjectStore.Key(kind: .serviceAccounts, namespace: namespace, name: name)
        guard let account = self.store.objects[key] else { throw .notFound(.serviceAccounts, name) }
        let seconds = sent[path: ["spec", "expirationSeconds"]]?.integer ?? 3600
        guard seconds >= 600 else {
            throw .invalid(
                group: "authentication.k8s.io", kind: "TokenRequest", "",
                [.invalid("spec.expirationSeconds", "\(seconds): may not specify a duration less than 10 minutes")])
        }
        let token = self.issueToken(namespace: namespace, serviceAccount: name) ?? ""
        return [
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "uid": account["metadata"]?["uid"] ?? .null,
                "creationTimestamp": self.timestamp,
            ],
            "spec": [
                "audiences": ["https://kubernetes.default.svc"], "expirationSeconds": .integer(seconds),
                "boundObjectRef": .null,
            ],
            "status": [
                "token": .string(token), "expirationTimestamp": .string(Self.timestamp(self.now() + seconds)),
            ],
        ]
    }
}
