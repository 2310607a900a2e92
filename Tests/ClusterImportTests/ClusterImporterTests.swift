import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Import of whole clusters")
struct ClusterImporterTests {
    @Test("kinds that planning has no use for are counted by name")
    func ignored() {
        let cluster = ManifestImport.cluster(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}",
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}}",
            "{apiVersion: example.com/v1, kind: Node, metadata: {name: a}}")
        #expect(cluster.ignoredKinds == ["ConfigMap": 2, "NetworkPolicy.networking.k8s.io": 1, "Node.example.com": 1])
        #expect(cluster.snapshot.nodes.isEmpty)
        #expect(cluster.findings.isEmpty)
    }

    @Test("a budget allows what its status says, and nothing while the status is behind it")
    func budgets() {
        func allowed(observed: Int) -> [Int] {
            ManifestImport.cluster(
                """
                {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web, namespace: ml, generation: 2},
                 spec: {selector: {matchLabels: {app: web}}},
                 status: {disruptionsAllowed: 3, observedGeneration: \(observed)}}
                """
            ).snapshot.budgets.map(\.disruptionsAllowed)
        }
        #expect(allowed(observed: 2) == [3])
        #expect(allowed(observed: 1) == [0])
    }

    @Test("the same object twice is one")
    func sameTwice() {
        let pod = ManifestImport.pod(limits: "nvidia.com/gpu: 1")
        let cluster = ManifestImport.cluster(ManifestImport.node(), pod, pod)
        #expect(cluster.snapshot.pods.count == 1)
        #expect(cluster.findings.isEmpty)
    }

    @Test(
        "of two objects of one name the higher resourceVersion counts, else the larger text, in either order",
        arguments: [
            (", resourceVersion: \"9\"", ", resourceVersion: \"10\"", Int64(1)), ("", "", 2),
        ])
    func duplicates(first: String, second: String, expected: Int64) {
        func pod(_ metadata: String, gpus: Int) -> String {
            ManifestImport.pod(limits: "nvidia.com/gpu: \(gpus)", metadata: "namespace: default\(metadata)")
        }
        let (two, one) = (pod(first, gpus: 2), pod(second, gpus: 1))
        for cluster in [ManifestImport.cluster(two, one), ManifestImport.cluster(one, two)] {
            #expect(cluster.pod("p")?.requests[.nvidiaGPU] == expected)
            #expect(cluster.findings.map(\.severity) == [.warning])
        }
    }

    @Test("a manifest that says nothing else than the live object is no second one, in either order")
    func manifestOfLiveObject() {
        let manifest = "{apiVersion: v1, kind: Namespace, metadata: {name: ml}}"
        let live = """
            {apiVersion: v1, kind: Namespace, metadata: {name: ml, uid: u, resourceVersion: "7",
             labels: {kubernetes.io/metadata.name: ml}}, status: {phase: Active}}
            """
        #expect(ManifestImport.cluster(manifest, live).findings.isEmpty)
        #expect(ManifestImport.cluster(live, manifest).findings.isEmpty)
        let other = "{apiVersion: v1, kind: Namespace, metadata: {name: ml, labels: {team: a}}}"
        #expect(ManifestImport.cluster(live, other).findings.map(\.severity) == [.warning])
    }

    @Test("a pod without a namespace and one in default are the same")
    func defaultNamespace() {
        let cluster = ManifestImport.cluster(
            ManifestImport.pod(limits: "cpu: 1"), ManifestImport.pod(limits: "cpu: 1", metadata: "namespace: default"))
        #expect(cluster.snapshot.pods.count == 1)
    }

    @Test("two nodes of one name never meet in the snapshot, whatever their namespace says")
    func nodesWithNamespace() {
        let cluster = ManifestImport.cluster(
            ManifestImport.node(), "{apiVersion: v1, kind: Node, metadata: {name: n1, namespace: x}}")
        #expect(cluster.snapshot.nodes.count == 1)
    }

    @Test("one bad object does not stop the others")
    func badObject() {
        let cluster = ManifestImport.cluster(
            "{apiVersion: v1, kind: Pod, metadata: {}, spec: {containers: []}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: 5}", "{apiVersion: v1, kind: Node, metadata: 7}",
            ManifestImport.pod())
        #expect(cluster.snapshot.pods.map(\.key.name) == ["p"])
        #expect(cluster.findings.count == 3)
    }

    @Test("findings are in the order of the file, whatever the order of the objects")
    func findingOrder() {
        let texts = ["a", "b", "c"].map { ManifestImport.pod($0, spec: "nodeName: nowhere") }
        let objects = ManifestReader.read(texts.joined(separator: "\n---\n"), file: "x").objects
        let findings = ClusterImporter().importCluster(objects).findings
        #expect(findings.map(\.object) == ["Pod a", "Pod b", "Pod c"])
        #expect(ClusterImporter().importCluster(objects.reversed()).findings == findings)
    }

    @Test("nothing in, nothing out")
    func empty() {
        let cluster = ClusterImporter().importCluster([])
        #expect(cluster.snapshot.nodes.isEmpty && cluster.snapshot.pods.isEmpty && cluster.findings.isEmpty)
    }
}
