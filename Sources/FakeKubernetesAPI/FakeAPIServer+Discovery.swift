import HTTPTransport
import KubernetesAPI

extension FakeAPIServer {
    /// The answer to a request that names no resource; nil for those that do.
    func discovery(_ request: HTTPRequest) throws(APIFailure) -> Reply? {
        let (parts, _) = RequestTarget.split(request.target)
        guard request.method == "GET" else { return nil }
        guard let root = parts.first else {
            return .answer(status: 200, body: ["paths": .array(self.paths.map(JSONTree.string))])
        }
        let choice = MediaNegotiation(accept: request.headers["Accept"], isDiscovery: true)
        let isAggregated = choice?.isAggregatedDiscovery ?? false
        switch (root, parts.count) {
        case ("version", 1): return .answer(status: 200, body: Self.version)
        case ("healthz", _), ("livez", _), ("readyz", _):
            let check = parts.dropFirst().joined(separator: "/")
            guard check.isEmpty || HealthChecks.names(of: root).contains(check) else { throw .pageNotFound }
            return .answer(status: 200, body: "ok")
        case ("openapi", _), ("metrics", _), ("flagz", 1), ("statusz", 1), ("openid", _), (".well-known", _):
            throw .notCopied("/\(root)")
        case ("api", 1) where isAggregated: return .answer(status: 200, body: self.aggregated([""]))
        case ("apis", 1) where isAggregated: return .answer(status: 200, body: self.aggregated(self.groups))
        case ("api", 1):
            return .answer(status: 200, body: ["kind": "APIVersions", "versions": ["v1"]])
        case ("apis", 1):
            let groups = self.groups.map { self.describe(group: $0) }
            return .answer(
                status: 200, body: ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups)])
        case ("apis", 2):
            guard self.groups.contains(parts[1]) else { return nil }
            var group: JSONTree = ["kind": "APIGroup", "apiVersion": "v1"]
            for member in self.describe(group: parts[1]).members { group[member.key] = member.value }
            return .answer(status: 200, body: group)
        case ("api", 2): return self.resources(group: "", version: parts[1])
        case ("apis", 3):
            if let list = self.resources(group: parts[1], version: parts[2]) { return list }
            throw self.groups.contains(parts[1]) ? .resourceNotFound : .pageNotFound
        default: return nil
        }
    }

    private static let version: JSONTree = [
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": "v1.36.2", "gitCommit": "$Format:%H$", "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "go1.26.6", "compiler": "gc", "platform": "linux/amd64",
    ]

    /// Where something is served that names no resource; what is not copied answers 501 there.
    private var paths: [String] {
        let groups = self.groups.flatMap { group in
            ["/apis/\(group)"] + self.versions(of: group).map { "/apis/\(group)/\($0)" }
        }
        let health = HealthChecks.probes.flatMap { probe in
            ["/\(probe)"] + HealthChecks.names(of: probe).map { "/\(probe)/\($0)" }
        }
        return (Self.plainPaths + groups + health).sorted()
    }

    private static let plainPaths = [
        "/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/", "/flagz", "/metrics",
        "/metrics/slis", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/statusz", "/version",
    ]

    /// Named groups: the built-in ones in the order in which a real server has them, then those of definitions by name.
    private var groups: [String] {
        let served = Set(self.listed.map(\.group) + DiscoveryResource.transientGroups)
        let builtIn = [
            "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io",
            "autoscaling", "batch", "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io",
            "storage.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io",
            "coordination.k8s.io", "node.k8s.io", "discovery.k8s.io", "resource.k8s.io", "flowcontrol.apiserver.k8s.io",
        ]
        return builtIn.filter(served.contains)
            + served.filter { !$0.isEmpty && !builtIn.contains($0) }.sorted()
    }

    /// What discovery tells of, copied or not.
    private var listed: [ResourceKind] { self.kinds + ResourceKind.uncopied }

    private func versions(of group: String) -> [String] {
        if DiscoveryResource.transientGroups.contains(group) { return ["v1"] }
        var seen: Set<String> = []
        return self.listed.filter { $0.group == group }.map(\.version).filter { seen.insert($0).inserted }
    }

    private func describe(group: String) -> JSONTree {
        let versions = self.versions(of: group).map { version -> JSONTree in
            ["groupVersion": .string("\(group)/\(version)"), "version": .string(version)]
        }
        var tree: JSONTree = ["name": .string(group), "versions": .array(versions)]
        tree["preferredVersion"] = versions.first
        return tree
    }

    /// Each resource of a version with its subresources, by name.
    private func families(_ group: String, _ version: String) -> [[DiscoveryResource]] {
        let kept = self.listed.filter { $0.group == group && $0.version == version }.map { kind in
            DiscoveryResource.all(of: kind, self.customResources[kind])
        }
        let transient = DiscoveryResource.transient(group, version).map { [$0] }
        return (kept + transient).sorted { $0[0].name < $1[0].name }
    }

    private func resources(group: String, version: String) -> Reply? {
        let families = self.families(group, version)
        guard !families.isEmpty else { return nil }
        var list: JSONTree = ["kind": "APIResourceList"]
        // The core group's list has never said its version.
        if !group.isEmpty { list["apiVersion"] = "v1" }
        list["groupVersion"] = .string(group.isEmpty ? version : "\(group)/\(version)")
        list["resources"] = .array(families.joined().map(\.entry))
        return .answer(status: 200, body: list)
    }

    /// Everything about some groups in one answer.
    private func aggregated(_ groups: [String]) -> JSONTree {
        let items = groups.map { group -> JSONTree in
            let versions = (group.isEmpty ? ["v1"] : self.versions(of: group)).map { version -> JSONTree in
                let resources = self.families(group, version).map { family in
                    family[0].aggregated(Array(family.dropFirst()))
                }
                return [
                    "version": .string(version), "resources": .array(resources), "freshness": "Current",
                ]
            }
            return [
                "metadata": group.isEmpty ? [:] : ["name": .string(group)], "versions": .array(versions),
            ]
        }
        return [
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:],
            "items": .array(items),
        ]
    }
}
