import ClusterImport
import KubernetesAPI
import SchedulingModel

/// Clusters from a few lines of YAML, for tests that name only what matters.
enum ManifestImport {
    static func cluster(_ texts: String..., configuration: BerthConfiguration = BerthConfiguration()) -> ImportedCluster
    {
        let contents = ManifestReader.read(texts.joined(separator: "\n---\n"), file: "test.yaml")
        var cluster = ClusterImporter(configuration: configuration).importCluster(contents.objects)
        cluster.findings += contents.findings
        return cluster
    }

    /// A node with room for everything, unless told otherwise.
    static func node(_ name: String = "n1", gpus: Int = 8, labels: String = "", rest: String = "") -> String {
        """
        apiVersion: v1
        kind: Node
        metadata: {name: \(name), labels: {\(labels)}}
        status: {allocatable: {cpu: "64", memory: 512Gi, pods: "110", nvidia.com/gpu: "\(gpus)"}}
        \(rest)
        """
    }

    /// - Parameters:
    ///   - limits: The only container's limits, in flow style.
    ///   - spec: Further fields of the spec, in flow style.
    static func pod(
        _ name: String = "p", limits: String = "", annotations: String = "", labels: String = "", spec: String = "",
        metadata: String = "", status: String = ""
    ) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), labels: {\(labels)}, annotations: {\(annotations)}\(metadata.isEmpty ? "" : ", \(metadata)")}
        spec: {containers: [{name: c, resources: {limits: {\(limits)}}}]\(spec.isEmpty ? "" : ", \(spec)")}
        status: {\(status)}
        """
    }

    /// The state of the only pod named `name` in a cluster of one node.
    static func state(_ pod: String, name: String = "p") -> PodState? {
        self.cluster(self.node(), pod).pod(name)
    }
}
