import HTTPTransport
import KubernetesAPI

extension FakeAPIServer {
    private static let verbs: JSONTree = [
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
    ]

    /// The answer to a request that names no resource; nil for those that do.
    func discovery(_ request: HTTPRequest) throws(APIFailure) -> Reply? {
        let (parts, _) = RequestTarget.split(request.target)
        guard request.method == "GET", let root = parts.first else { return nil }
        switch (root, parts.count) {
        case ("version", 1): return .answer(status: 200, body: Self.version)
        case ("healthz", _), ("livez", _), ("readyz", _): return .answer(status: 200, body: "ok")
        case ("openapi", _): throw .notCopied("/openapi")
        case ("api", 1):
            return .answer(status: 200, body: ["kind": "APIVersions", "versions": ["v1"]])
        case ("apis", 1):
            let groups = self.groups.map { self.describe(group: $0) }
            return .answer(
                status: 200, body: ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups)])
        case ("apis", 2):
            var group = self.describe(group: parts[1])
            guard group["versions"]?.elements.isEmpty == false else { return nil }
            group["kind"] = "APIGroup"
            group["apiVersion"] = "v1"
            return .answer(status: 200, body: group)
        case ("api", 2): return self.resources(group: "", version: parts[1])
        case ("apis", 3): return self.resources(group: parts[1], version: parts[2])
        default: return nil
        }
    }

    private static let version: JSONTree = [
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": "v1.36.2", "gitCommit": "$Format:%H$", "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "go1.26.6", "compiler": "gc", "platform": "linux/amd64",
    ]

    /// Named groups in the order they were defined.
    private var groups: [String] {
        var seen: Set<String> = []
        return self.kinds.map(\.group).filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    private func describe(group: String) -> JSONTree {
        var seen: Set<String> = []
        let versions = self.kinds.filter { $0.group == group }.map(\.version).filter { seen.insert($0).inserted }
            .map { version -> JSONTree in
                ["groupVersion": .string("\(group)/\(version)"), "version": .string(version)]
            }
        var tree: JSONTree = ["name": .string(group), "versions": .array(versions)]
        tree["preferredVersion"] = versions.first
        return tree
    }

    private func resources(group: String, version: String) -> Reply? {
        let kinds = self.kinds.filter { $0.group == group && $0.version == version }.sorted { $0.plural < $1.plural }
        guard let first = kinds.first else { return nil }
        let resources = kinds.flatMap(self.describe)
        return .answer(
            status: 200,
            body: [
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(first.apiVersion),
                "resources": .array(resources),
            ])
    }

    /// A kind and its subresources.
    private func describe(_ kind: ResourceKind) -> [JSONTree] {
        var main: JSONTree = [
            "name": .string(kind.plural), "singularName": .string(kind.kind.lowercased()),
            "namespaced": .boolean(kind.isNamespaced), "kind": .string(kind.kind),
            "verbs": kind.isCustom ? Self.customVerbs : Self.verbs,
        ]
        if let names = self.customResources[kind]?.shortNames, !names.isEmpty { main["shortNames"] = .array(names) }
        var resources = [main]
        if kind.hasStatus {
            resources.append([
                "name": .string("\(kind.plural)/status"), "singularName": "",
                "namespaced": .boolean(kind.isNamespaced), "kind": .string(kind.kind),
                "verbs": ["get", "patch", "update"],
            ])
        }
        if kind.isScalable {
            resources.append([
                "name": .string("\(kind.plural)/scale"), "singularName": "",
                "namespaced": .boolean(kind.isNamespaced), "group": "autoscaling", "version": "v1", "kind": "Scale",
                "verbs": ["get", "patch", "update"],
            ])
        }
        return resources
    }

    private static let customVerbs: JSONTree = [
        "delete", "deletecollection", "get", "list", "patch", "create", "update", "watch",
    ]
}
