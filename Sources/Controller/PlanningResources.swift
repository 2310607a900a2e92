import KubernetesAPI
public import KubernetesClient

/// The collections of a cluster that planning looks at, as far as the cluster serves them.
public struct PlanningResources: Sendable {
    /// In a fixed order. Nodes and pods come last, so that what they refer to is known when they are read.
    public let paths: [ResourcePath]

    /// Plurals by group. Those of the core group, priorities, storage and workloads every cluster has.
    private static let pluralsByGroup: [(group: String, plurals: Set<String>)] = [
        ("scheduling.k8s.io", ["priorityclasses", "podgroups", "workloads", "compositepodgroups"]),
        ("policy", ["poddisruptionbudgets"]),
        ("storage.k8s.io", ["storageclasses"]),
        ("apps", ["deployments", "replicasets", "statefulsets", "daemonsets"]),
        ("batch", ["jobs", "cronjobs"]),
        ("jobset.x-k8s.io", ["jobsets"]),
        ("leaderworkerset.x-k8s.io", ["leaderworkersets"]),
        ("kubeflow.org", ["pytorchjobs", "tfjobs", "xgboostjobs", "paddlejobs", "jaxjobs", "mpijobs"]),
        ("trainer.kubeflow.org", ["trainjobs"]),
        ("ray.io", ["rayclusters", "rayjobs", "rayservices"]),
        ("batch.volcano.sh", ["jobs"]),
        ("scheduling.x-k8s.io", ["podgroups"]),
        ("scheduling.volcano.sh", ["podgroups"]),
        ("scheduling.run.ai", ["podgroups"]),
        ("topology.volcano.sh", ["hypernodes"]),
    ]

    private static let core = ["namespaces", "persistentvolumes", "persistentvolumeclaims", "nodes", "pods"]

    /// Asks the server which of them it serves, in which version.
    public init(servedBy client: KubernetesClient) async throws(KubernetesError) {
        let groups = try await client.send("GET", "/apis").root["groups"].map { Array($0.elements) } ?? []
        var paths: [ResourcePath] = []
        for (group, plurals) in Self.pluralsByGroup {
            // A group's preferred version need not serve all of its kinds: scheduling.k8s.io/v1 has priorities and no
            // pod groups.
            var missing = plurals
            for version in Self.versions(of: group, groups) where !missing.isEmpty {
                let resources = try await client.send("GET", "/apis/\(version)").root["resources"]
                let names = resources.map { $0.elements.compactMap { $0["name"]?.string } } ?? []
                paths += names.filter(missing.contains).sorted().map { ResourcePath(apiVersion: version, plural: $0) }
                missing.subtract(names)
            }
        }
        self.paths = paths + Self.core.map { ResourcePath(apiVersion: "v1", plural: $0) }
    }

    /// `group/version`, the preferred one first.
    private static func versions(of group: String, _ groups: [JSONValue]) -> [String] {
        guard let found = groups.first(where: { $0["name"]?.string == group }) else { return [] }
        let preferred = found["preferredVersion"]?["groupVersion"]?.string
        let all = found["versions"].map { $0.elements.compactMap { $0["groupVersion"]?.string } } ?? []
        return [preferred].compactMap(\.self) + all.filter { $0 != preferred }
    }
}
