import HTTPTransport
import KubernetesAPI

/// Who makes a request.
struct RequestUser: Sendable, Hashable {
    var name: String
    var uid = ""
    var groups: [String] = []

    static let administrator = RequestUser(name: "admin", groups: ["system:masters", "system:authenticated"])

    var isAdministrator: Bool { self.groups.contains("system:masters") }

    static func serviceAccount(_ namespace: String, _ name: String, uid: String) -> RequestUser {
        RequestUser(
            name: "system:serviceaccount:\(namespace):\(name)", uid: uid,
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"])
    }

    var tree: JSONTree {
        var tree: JSONTree = ["username": .string(self.name), "groups": .array(self.groups.map(JSONTree.string))]
        if !self.uid.isEmpty {
            tree["uid"] = .string(self.uid)
            tree["extra"] = ["authentication.kubernetes.io/credential-id": [.string("JTI=\(self.uid)")]]
        }
        return tree
    }
}

/// What a request asks to be allowed.
struct AccessRequest: Sendable, Hashable {
    var verb: String
    /// Nil for a path that is no resource.
    var resource: String?
    var group = ""
    var subresource = ""
    var namespace = ""
    var name = ""
    var path = ""

    /// From the path alone: also of resources that nobody serves.
    init(_ request: HTTPRequest) {
        let (parts, options) = RequestTarget.split(request.target)
        self.path = "/" + parts.joined(separator: "/")
        self.verb = request.method.lowercased()
        var rest = parts[...]
        guard let root = rest.popFirst(), root == "api" || root == "apis" else { return }
        if root == "apis" { self.group = rest.popFirst() ?? "" }
        guard rest.popFirst() != nil else { return }
        let isOldWatch = rest.count > 1 && rest.first == "watch"
        if isOldWatch { rest = rest.dropFirst() }
        guard let first = rest.first else { return }
        if first == "namespaces", rest.count > 2, !["status", "finalize"].contains(rest[rest.startIndex + 2]) {
            self.namespace = rest[rest.startIndex + 1]
            rest = rest.dropFirst(2)
        }
        self.resource = rest.popFirst()
        self.name = rest.popFirst() ?? ""
        self.subresource = rest.popFirst() ?? ""
        if self.resource == "namespaces" { self.namespace = self.name }
        let verb = Self.verb(request.method, isNamed: !self.name.isEmpty, options)
        self.verb = isOldWatch && request.method == "GET" ? "watch" : verb
    }

    /// From the attributes of an access review.
    init(review: JSONTree) {
        self.verb = review["verb"]?.string ?? ""
        self.path = review["path"]?.string ?? ""
        guard self.path.isEmpty else { return }
        self.resource = review["resource"]?.string
        self.group = review["group"]?.string ?? ""
        self.subresource = review["subresource"]?.string ?? ""
        self.namespace = review["namespace"]?.string ?? ""
        self.name = review["name"]?.string ?? ""
    }

    private static func verb(_ method: String, isNamed: Bool, _ options: [String: String]) -> String {
        switch method {
        case "POST": return "create"
        case "PUT": return "update"
        case "PATCH": return "patch"
        case "DELETE": return isNamed ? "delete" : "deletecollection"
        default:
            if let watch = options["watch"], watch != "false", watch != "0" { return "watch" }
            return isNamed ? "get" : "list"
        }
    }

    /// As rules name it: `pods/binding`.
    var ruleResource: String { (self.resource ?? "") + (self.subresource.isEmpty ? "" : "/\(self.subresource)") }

    func forbidden(to user: RequestUser) -> APIFailure {
        guard let resource else {
            return APIFailure(
                code: 403, reason: "Forbidden",
                message: "forbidden: User \"\(user.name)\" cannot \(self.verb) path \"\(self.path)\"", details: [:])
        }
        let title = self.group.isEmpty ? resource : "\(resource).\(self.group)"
        let place = self.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(self.namespace)\""
        let named = self.name.isEmpty ? "" : " \"\(self.name)\""
        return APIFailure(
            code: 403, reason: "Forbidden",
            message: "\(title)\(named) is forbidden: User \"\(user.name)\" cannot \(self.verb) resource "
                + "\"\(self.ruleResource)\" in API group \"\(self.group)\" \(place)",
            details: APIFailure.details(self.name, self.group, resource))
    }
}

/// Role-based access control over the roles and bindings in a store.
struct AccessRules {
    let store: ObjectStore

    /// Open to everybody who is somebody.
    private static let openPaths = ["/api", "/apis", "/version", "/healthz", "/livez", "/readyz", "/openapi"]

    /// Why the user may, for a person; nil where he may not.
    func reason(_ user: RequestUser, _ access: AccessRequest) -> String? {
        if user.isAdministrator { return "" }
        if access.resource == nil {
            let isOpen = Self.openPaths.contains { access.path == $0 || access.path.hasPrefix($0 + "/") }
            return isOpen && access.verb == "get"
                ? ""
                : self.bindings(user, in: "").first { rules, _ in
                    rules.contains { self.allows($0, path: access) }
                }?.why
        }
        if access.verb == "create", access.group == "authorization.k8s.io" || access.group == "authentication.k8s.io",
            access.resource?.hasPrefix("selfsubject") ?? false
        {
            return ""
        }
        let found = self.bindings(user, in: access.namespace).first { rules, _ in
            rules.contains { self.allows($0, access) }
        }
        return found?.why
    }

    /// All that the user may in a namespace: what a `SelfSubjectRulesReview` answers.
    func summary(_ user: RequestUser, in namespace: String) -> JSONTree {
        var rules = [Self.everybodysRules] + self.bindings(user, in: namespace).map(\.rules)
        if user.isAdministrator {
            let everything: JSONTree = ["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]
            rules.append([everything, ["verbs": ["*"], "nonResourceURLs": ["*"]]])
        }
        if user.groups.contains("system:serviceaccounts") { rules.append([Self.issuerRule]) }
        let all = rules.flatMap(\.self)
        return [
            "resourceRules": .array(all.filter { $0["nonResourceURLs"] == nil }),
            "nonResourceRules": .array(all.filter { $0["nonResourceURLs"] != nil }),
            "incomplete": .boolean(false),
        ]
    }

    /// Of the roles `system:basic-user`, `system:discovery` and `system:public-info-viewer`.
    private static let everybodysRules: [JSONTree] = [
        [
            "verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
            "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        ],
        ["verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]],
        [
            "verbs": ["get"],
            "nonResourceURLs": [
                "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz",
                "/version", "/version/",
            ],
        ],
        ["verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"]],
    ]

    /// Of the role `system:service-account-issuer-discovery`.
    private static let issuerRule: JSONTree = [
        "verbs": ["get"],
        "nonResourceURLs": [
            "/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks",
            "/openid/v1/jwks/",
        ],
    ]

    private func allows(_ rule: JSONTree, _ access: AccessRequest) -> Bool {
        func holds(_ field: String, _ wanted: String) -> Bool {
            (rule[field]?.elements ?? []).contains { $0 == "*" || $0.string == wanted }
        }
        let names = rule["resourceNames"]?.elements ?? []
        let resources = rule["resources"]?.elements.compactMap(\.string) ?? []
        let isResource = resources.contains { resource in
            resource == "*" || resource == access.ruleResource
                || (resource == "*/\(access.subresource)" && !access.subresource.isEmpty)
        }
        return holds("verbs", access.verb) && holds("apiGroups", access.group) && isResource
            && (names.isEmpty || names.contains { $0.string == access.name && !access.name.isEmpty })
    }

    private func allows(_ rule: JSONTree, path access: AccessRequest) -> Bool {
        let verbs = rule["verbs"]?.elements.compactMap(\.string) ?? []
        let paths = rule["nonResourceURLs"]?.elements.compactMap(\.string) ?? []
        return verbs.contains { $0 == "*" || $0 == access.verb }
            && paths.contains { path in
                path == "*" || path == access.path || (path.hasSuffix("*") && access.path.hasPrefix(path.dropLast()))
            }
    }

    /// The rules that bindings give the user, cluster-wide ones first, with what to say of each.
    private func bindings(_ user: RequestUser, in namespace: String) -> [(rules: [JSONTree], why: String)] {
        self.store.objects.sorted { $0.key < $1.key }.compactMap { key, binding in
            let isCluster = key.kind.kind == "ClusterRoleBinding"
            guard isCluster || (key.kind.kind == "RoleBinding" && key.namespace == namespace && !namespace.isEmpty),
                let subject = binding["subjects"]?.elements.first(where: { Self.isMeant($0, user) })
            else { return nil }
            let (kind, name) = (
                binding[path: ["roleRef", "kind"]]?.string, binding[path: ["roleRef", "name"]]?.string
            )
            let role = self.store.objects.first { other, _ in
                other.kind.kind == kind && other.name == name
                    && (kind == "ClusterRole" || other.namespace == key.namespace)
            }?.value
            guard let rules = role?["rules"]?.elements else { return nil }
            let title = isCluster ? key.name : "\(key.name)/\(key.namespace)"
            let holder = [subject["name"]?.string, subject["namespace"]?.string].compactMap(\.self)
            return (
                rules,
                "RBAC: allowed by \(key.kind.kind) \"\(title)\" of \(kind ?? "") \"\(name ?? "")\" to "
                    + "\(subject["kind"]?.string ?? "") \"\(holder.joined(separator: "/"))\""
            )
        }
    }

    private static func isMeant(_ subject: JSONTree, _ user: RequestUser) -> Bool {
        let name = subject["name"]?.string ?? ""
        switch subject["kind"]?.string {
        case "ServiceAccount":
            return user.name == "system:serviceaccount:\(subject["namespace"]?.string ?? ""):\(name)"
        case "User": return user.name == name
        case "Group": return user.groups.contains(name)
        default: return false
        }
    }
}
