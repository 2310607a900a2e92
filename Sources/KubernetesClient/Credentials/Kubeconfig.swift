import FoundationEssentials
import KubernetesAPI

/// One entry of a kubeconfig, and the folder its relative paths start from.
struct KubeconfigEntry {
    let value: JSONTree
    let folder: String
}

/// Kubeconfig files merged as kubectl merges them: of every named entry, and of the current context, the first counts.
public struct Kubeconfig {
    private var clusters: [String: KubeconfigEntry] = [:]
    private var users: [String: KubeconfigEntry] = [:]
    private var contexts: [String: KubeconfigEntry] = [:]
    private(set) var currentContext = ""

    /// Files that a person means who names none: `$KUBECONFIG`, a list divided by colons, else `~/.kube/config`.
    public static func defaultPaths(environment: [String: String]) -> [String] {
        if let list = environment["KUBECONFIG"], !list.isEmpty {
            return list.split(separator: ":").map(String.init)
        }
        return environment["HOME"].map { ["\($0)/.kube/config"] } ?? []
    }

    /// - Throws: `credentials`, where a file is no kubeconfig, or none of several is there.
    public init(readingFrom paths: [String]) throws(KubernetesError) {
        var found = false
        for path in paths {
            guard let data = try? Data(contentsOf: URL(filePath: path)) else { continue }
            found = true
            try self.merge(Array(data), path: path)
        }
        guard found else {
            throw .credentials(
                "found no kubeconfig at \(paths.isEmpty ? "~/.kube/config" : paths.joined(separator: ", "))")
        }
    }

    init(_ text: String, path: String = "kubeconfig") throws(KubernetesError) {
        try self.merge(Array(text.utf8), path: path)
    }

    private mutating func merge(_ bytes: [UInt8], path: String) throws(KubernetesError) {
        guard let value = JSONTree(yaml: bytes), case .object = value else {
            throw .credentials("\(path): found no YAML object, expected a kubeconfig")
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        Self.add(value["clusters"], "cluster", folder, to: &self.clusters)
        Self.add(value["users"], "user", folder, to: &self.users)
        Self.add(value["contexts"], "context", folder, to: &self.contexts)
        if self.currentContext.isEmpty { self.currentContext = value["current-context"]?.string ?? "" }
    }

    private static func add(
        _ list: JSONTree?, _ key: String, _ folder: String, to entries: inout [String: KubeconfigEntry]
    ) {
        for entry in list?.elements ?? [] {
            guard let name = entry["name"]?.string, entries[name] == nil else { continue }
            entries[name] = KubeconfigEntry(value: entry[key] ?? [:], folder: folder)
        }
    }

    // MARK: A context

    struct Context {
        let name: String
        let cluster: KubeconfigEntry
        let user: KubeconfigEntry?
        let namespace: String?
    }

    /// - Parameter name: Nil for the current one.
    func context(_ name: String?) throws(KubernetesError) -> Context {
        let name = name ?? self.currentContext
        guard !name.isEmpty else {
            throw .credentials("the kubeconfig has no current-context; name one with --context")
        }
        guard let context = self.contexts[name]?.value else {
            let known = self.contexts.keys.sorted().joined(separator: ", ")
            throw .credentials("found no context \(name) in the kubeconfig, expected one of: \(known)")
        }
        let cluster = context["cluster"]?.string ?? ""
        guard let entry = self.clusters[cluster] else {
            throw .credentials("context \(name): found no cluster \"\(cluster)\" in the kubeconfig")
        }
        let user = context["user"]?.string ?? ""
        let userEntry = self.users[user]
        guard user.isEmpty || userEntry != nil else {
            throw .credentials("context \(name): found no user \"\(user)\" in the kubeconfig")
        }
        let namespace = context["namespace"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        return Context(name: name, cluster: entry, user: userEntry, namespace: namespace)
    }
}

extension KubeconfigEntry {
    func text(_ key: String) -> String? { self.value[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }

    func boolean(_ key: String) -> Bool { self.value[key] == .boolean(true) }

    /// A path of the file's, from its folder on.
    func path(_ key: String) -> String? { self.text(key).map { $0.hasPrefix("/") ? $0 : "\(self.folder)/\($0)" } }

    /// PEM text: `key-data` in base64, else the file that `key` names.
    func material(_ key: String) throws(KubernetesError) -> [UInt8]? {
        if let text = self.text("\(key)-data") {
            guard let data = Data(base64Encoded: text) else {
                throw .credentials("\(key)-data: found no base64 in the kubeconfig")
            }
            return Array(data)
        }
        guard let path = self.path(key) else { return nil }
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw .credentials("\(key): \(path) cannot be read")
        }
        return Array(data)
    }
}
