import ClusterImport
import KubernetesAPI
import SchedulingModel

/// Manifests in, pods and groups out, and what of them a test wants to look at.
struct GangWorld {
    let pods: [Pod]
    let resolution: GangResolution
    let findings: [Finding]

    static let topology = Topology(levels: [
        TopologyLevel(name: "zone", labelKey: "topology.kubernetes.io/zone"),
        TopologyLevel(name: "block", labelKey: "topology.k8s.aws/network-node-layer-2"),
        TopologyLevel(name: "rack", labelKey: "topology.k8s.aws/network-node-layer-3"),
    ])

    init(_ manifests: String) { self.init(ManifestReader.read(manifests, file: "world.yaml")) }

    init(_ contents: ManifestContents, order: (Int) -> Int = { $0 }) {
        let objects = contents.objects.indices.sorted { order($0) < order($1) }.map { contents.objects[$0] }
        var findings = contents.findings
        let read = objects.filter { $0.kind == "Pod" }.compactMap { $0.read(Pod.self, into: &findings) }
        let expanded = WorkloadExpansion.expand(objects, existingPods: read, findings: &findings)
        self.pods = read + expanded
        self.resolution = GangResolver(objects: objects, topology: Self.topology)
            .resolve(self.pods, findings: &findings)
        self.findings = findings
    }

    var podNames: [String] { self.pods.map { "\($0.metadata.namespace ?? "default")/\($0.metadata.name)" }.sorted() }

    func pod(_ name: String) -> Pod? { self.pods.first { $0.metadata.name == name } }

    /// One line per group, sorted by key: `ml/a: jobSet min 4 of 4, rack required, exclusive rack; pods p-0=0 p-1=1`.
    var groups: [String] {
        self.resolution.groups.sorted { $0.key < $1.key }.map { group in
            var line = "\(group.key): \(group.source.rawValue) min \(group.minMember)"
            if let desired = group.desiredMembers { line += " of \(desired)" }
            for constraint in group.topology {
                line +=
                    ", \(Self.topology.name(of: constraint.axis)) \(constraint.isRequired ? "required" : "preferred")"
            }
            if let axis = group.exclusiveAxis { line += ", exclusive \(Self.topology.name(of: axis))" }
            if let problem = group.problem { line += ", problem: \(problem)" }
            let members = self.resolution.memberships.filter { $0.value.group == group.key }
                .sorted { ($0.value.rank ?? -1, $0.key) < ($1.value.rank ?? -1, $1.key) }
                .map { " \($0.key.name)=\($0.value.rank.map(String.init) ?? "?")" }
            return members.isEmpty ? line : "\(line); pods\(members.joined())"
        }
    }

    /// GPUs asked for, by namespace and top-level group; pods of no group under their own name.
    var gpuCount: Int {
        self.pods.reduce(0) { sum, pod in
            sum
                + pod.spec.containers.reduce(0) { sum, container in
                    let gpus = container.resources.limits["nvidia.com/gpu"]?.thousandths(rounding: .up) ?? 0
                    return sum + Int(gpus) / 1000
                }
        }
    }
}

extension String {
    /// A pod with one GPU as YAML; each part is YAML in flow style.
    static func pod(
        _ name: String, labels: String = "{}", annotations: String = "{}", gpus: Int = 1, spec: String = "",
        owner: (kind: String, name: String)? = nil
    ) -> String {
        let owners =
            owner.map { "[{apiVersion: batch/v1, kind: \($0.kind), name: \($0.name), controller: true}]" } ?? "[]"
        let limits = gpus > 0 ? "{nvidia.com/gpu: \(gpus)}" : "{}"
        return """
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: \(name), namespace: ml, labels: \(labels), annotations: \(annotations), ownerReferences: \(owners)}
            spec: {\(spec)\(spec.isEmpty ? "" : ", ")containers: [{name: main, resources: {limits: \(limits)}}]}

            """
    }
}
