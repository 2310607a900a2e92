import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Nodes")
struct NodeImportTests {
    private func node(_ spec: String, conditions: String) -> NodeState? {
        ManifestImport.cluster(
            """
            apiVersion: v1
            kind: Node
            metadata: {name: n1}
            spec: {\(spec)}
            status: {allocatable: {pods: "10", cpu: 1500m, memory: 1Gi}, capacity: {cpu: "4"}, conditions: [\(conditions)]}
            """
        ).snapshot.nodes.first
    }

    @Test(
        "a node's state becomes a taint where nobody has written it down",
        arguments: [
            ("", "{type: Ready, status: \"True\"}", []),
            ("", "", []),
            ("", "{type: Ready, status: Unknown}", [Taint.notReady]),
            ("unschedulable: true", "{type: Ready, status: \"True\"}", [.unschedulable]),
            (
                "unschedulable: true, taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule}]", "",
                [.unschedulable]
            ),
            (
                "taints: [{key: node.kubernetes.io/unreachable, effect: NoExecute}]", "{type: Ready, status: Unknown}",
                [Taint(key: "node.kubernetes.io/unreachable", effect: .noExecute)]
            ),
            (
                "",
                "{type: VMEventScheduled, status: \"True\", message: \"Preempt Scheduled: Mon, 02 Mar 2026 19:01:45 GMT\"}",
                [.scheduledEvent("Preempt", atSeconds: 1_772_478_105)]
            ),
            ("", "{type: TerminateScheduled, status: \"True\"}", [.scheduledEvent("Terminate", atSeconds: nil)]),
            ("", "{type: VMEventScheduled, status: \"False\", message: VM has no scheduled event}", []),
            ("", "{type: VMEventScheduled, status: \"True\", message: \"Freeze Scheduled: soon\"}", []),
            (
                "", "{type: Ready, status: \"False\", message: node is shutting down}",
                [.notReady, .scheduledEvent("Shutdown", atSeconds: nil)]
            ),
        ])
    func taints(spec: String, conditions: String, expected: [Taint]) {
        #expect(self.node(spec, conditions: conditions)?.taints == expected)
    }

    @Test("allocatable counts, never capacity; cpu in thousandths, the rest in base units")
    func allocatable() {
        let node = self.node("", conditions: "")
        #expect(node?.allocatable[.cpu] == 1500)
        #expect(node?.allocatable[.memory] == 1 << 30)
    }

    @Test(
        "nodes say by the ecosystem's annotations that they must not be given back",
        arguments: [
            ("", false), ("karpenter.sh/do-not-disrupt: \"true\"", true),
            ("cluster-autoscaler.kubernetes.io/scale-down-disabled: \"true\"", true),
            ("cluster-autoscaler.kubernetes.io/scale-down-disabled: \"false\"", false),
        ])
    func refusesDisruption(annotation: String, expected: Bool) {
        let cluster = ManifestImport.cluster(
            "{apiVersion: v1, kind: Node, metadata: {name: n1, annotations: {\(annotation)}}, status: {allocatable: {pods: 1}}}"
        )
        #expect(cluster.snapshot.nodes.first?.refusesDisruption == expected)
    }

    @Test("negative amounts offer nothing and are named")
    func negative() {
        let cluster = ManifestImport.cluster(
            "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {pods: 1, nvidia.com/gpu: -8}}}")
        #expect(cluster.snapshot.nodes.first?.allocatable[.nvidiaGPU] == 0)
        #expect(cluster.findings.map(\.field) == ["status.allocatable[nvidia.com/gpu]"])
    }

    @Test("topology path and NVLink domain come from labels")
    func topology() {
        let cluster = ManifestImport.cluster(
            ManifestImport.node(
                "a", labels: "topology.kubernetes.io/zone: z, rack: r1, nvidia.com/gpu.clique: u.1"),
            ManifestImport.node("b", labels: "topology.kubernetes.io/zone: z"))
        #expect(cluster.snapshot.topology.levels.map(\.name) == ["zone", "rack"])
        #expect(cluster.snapshot.nodes.map(\.topologyPath) == [["z", "r1"], ["z", nil]])
        #expect(cluster.snapshot.nodes.map(\.nvlinkDomain) == ["u.1", nil])
    }
}
