import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Where a pod stands")
struct PodStandingTests {
    private static let gpu = "nvidia.com/gpu: 1"

    @Test(
        "standing",
        arguments: [
            ("", "", PodState.Standing.pending),
            ("nodeName: n1", "phase: Running", .bound(NodeName("n1"))),
            ("nodeName: n1, schedulerName: other", "phase: Pending", .bound(NodeName("n1"))),
            ("schedulingGates: [{name: berth.dev/placement}]", "", .pending),
            (
                "schedulingGates: [{name: berth.dev/placement}, {name: example.com/hold}]", "",
                .gatedElsewhere(gate: "example.com/hold")
            ),
            ("schedulerName: berth", "", .pending),
            ("schedulerName: kai-scheduler", "", .foreignScheduler("kai-scheduler")),
        ])
    func standing(spec: String, status: String, expected: PodState.Standing) {
        #expect(
            ManifestImport.state(ManifestImport.pod(limits: Self.gpu, spec: spec, status: status))?.standing == expected
        )
    }

    @Test("a pod whose only devices are claimed is not placed by guess; claims beside a GPU are, with a warning")
    func claims() throws {
        let spec = "resourceClaims: [{name: g, resourceClaimTemplateName: one}]"
        let claiming = ManifestImport.cluster(ManifestImport.node(), ManifestImport.pod(spec: spec))
        guard case .invalid(let why) = try #require(claiming.snapshot.pods.first).standing else {
            Issue.record("\(claiming.snapshot.pods)")
            return
        }
        #expect(why.hasPrefix("spec.resourceClaims: found 1 claim and no device"))
        let beside = ManifestImport.cluster(ManifestImport.node(), ManifestImport.pod(limits: Self.gpu, spec: spec))
        #expect(beside.snapshot.pods.map(\.standing) == [.pending])
        #expect(beside.findings.map(\.severity) == [.warning])
        let bound = ManifestImport.pod(spec: spec + ", nodeName: n1")
        #expect(ManifestImport.cluster(ManifestImport.node(), bound).findings.isEmpty)
    }

    @Test(
        "pods that hold and want nothing are left out",
        arguments: [
            ("nodeName: n1", "", "phase: Succeeded"), ("nodeName: n1", "", "phase: Failed"), ("", "", "phase: Failed"),
            ("", "deletionTimestamp: \"2026-11-23T10:00:00Z\"", ""),
        ])
    func gone(spec: String, metadata: String, status: String) {
        let pod = ManifestImport.pod(limits: Self.gpu, spec: spec, metadata: metadata, status: status)
        let cluster = ManifestImport.cluster(ManifestImport.node(), pod)
        #expect(cluster.snapshot.pods.isEmpty)
        #expect(cluster.findings.isEmpty)
    }

    @Test(
        "pods say by the ecosystem's annotations that they must not be disturbed",
        arguments: [
            ("", false), ("karpenter.sh/do-not-disrupt: \"true\"", true), ("karpenter.sh/do-not-disrupt: 4h", true),
            ("karpenter.sh/do-not-disrupt: \"false\"", false),
            ("cluster-autoscaler.kubernetes.io/safe-to-evict: \"false\"", true),
            ("cluster-autoscaler.kubernetes.io/safe-to-evict: \"true\"", false),
        ])
    func refusesDisruption(annotation: String, expected: Bool) {
        let pod = ManifestImport.pod(limits: Self.gpu, metadata: "annotations: {\(annotation)}")
        #expect(ManifestImport.state(pod)?.refusesDisruption == expected)
    }

    @Test(
        "deadlines",
        arguments: [
            ("6h", Int64(21_600)), ("6h30m", 23_400), ("90m", 5400), ("1h0m5s", 3605), ("30m6h", nil), ("6", nil),
            ("-6h", nil), ("h", nil),
        ])
    func deadline(text: String, expected: Int64?) {
        let pod = ManifestImport.pod(
            limits: Self.gpu,
            metadata:
                "annotations: {berth.dev/finish-by: \"2026-01-02T03:04:05Z\", berth.dev/run-time: \"\(text)\"}")
        #expect(ManifestImport.state(pod)?.deadline?.runSeconds == expected)
        #expect(ManifestImport.state(pod)?.standing == .pending)
        if expected != nil { #expect(ManifestImport.state(pod)?.deadline?.finishBySeconds == 1_767_323_045) }
    }

    @Test("a leaving pod with a node holds its devices until it is gone")
    func leaving() throws {
        let pod = ManifestImport.pod(
            limits: Self.gpu, spec: "nodeName: n1", metadata: "deletionTimestamp: \"2026-11-23T10:00:00Z\"")
        let state = try #require(ManifestImport.state(pod))
        #expect(state.isTerminating)
        #expect(state.node == NodeName("n1"))
    }

    @Test("a pod on a node that is not there is left out and named")
    func unknownNode() throws {
        let cluster = ManifestImport.cluster(ManifestImport.node(), ManifestImport.pod(spec: "nodeName: nowhere"))
        #expect(cluster.snapshot.pods.isEmpty)
        let finding = try #require(cluster.findings.first)
        #expect(finding.object == "Pod p")
        #expect(finding.field == "spec.nodeName")
        #expect(finding.found == "\"nowhere\"")
    }

    @Test("configured scheduler names and gate are ours")
    func configured() {
        var configuration = BerthConfiguration()
        configuration.schedulerNames = ["mine"]
        configuration.placementGate = "example.com/hold"
        let cluster = ManifestImport.cluster(
            ManifestImport.pod("a", spec: "schedulerName: mine, schedulingGates: [{name: example.com/hold}]"),
            ManifestImport.pod("b"), configuration: configuration)
        #expect(cluster.pod("a")?.standing == .pending)
        #expect(cluster.pod("b")?.standing == .foreignScheduler("default-scheduler"))
    }

    // MARK: Demand that cannot be read

    @Test(
        "demand that makes no sense stays pending with its reason, and is named",
        arguments: [
            ("nvidia.com/gpu: -1", ""), ("nvidia.com/gpu: 500m", ""), ("cpu: -1", ""), ("cpu: many", ""),
            ("nvidia.com/gpu: 1, nvidia.com/gpumem: 1, nvidia.com/gpumem-percentage: 1", ""),
            ("nvidia.com/gpu: 1", "gpu-fraction: \"0.5\""),
            ("nvidia.com/gpu: 1", "berth.dev/gpu-memory-mib: NaN"),
        ])
    func invalid(limits: String, annotations: String) throws {
        let pod = ManifestImport.pod(limits: limits, annotations: annotations)
        let cluster = ManifestImport.cluster(ManifestImport.node(), pod, ManifestImport.pod("good"))
        guard case .invalid(let why) = cluster.pod("p")?.standing else {
            Issue.record("\(String(describing: cluster.pod("p")?.standing))")
            return
        }
        #expect(!why.isEmpty)
        #expect(cluster.findings.contains { $0.severity == .error && $0.object == "Pod p" })
        #expect(cluster.pod("good")?.standing == .pending)
    }

    @Test("requests of extended resources must equal limits")
    func unequal() {
        let pod = """
            {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, resources: {
            requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 2}}}]}}
            """
        let cluster = ManifestImport.cluster(ManifestImport.node(), pod)
        #expect(cluster.findings.map(\.field) == ["spec.containers[0].resources.limits[nvidia.com/gpu]"])
    }

    @Test("what runs is a fact: the same contradiction is a warning there")
    func boundContradiction() throws {
        let pod = ManifestImport.pod(
            limits: "nvidia.com/gpu: 1", annotations: "gpu-memory: \"5000\"", spec: "nodeName: n1")
        let cluster = ManifestImport.cluster(ManifestImport.node(), pod)
        #expect(cluster.findings.map(\.severity) == [.warning])
        #expect(cluster.pod("p")?.deviceRequests.map(\.memoryMiBPerDevice) == [5000])
        #expect(cluster.pod("p")?.node != nil)
    }

    // MARK: Priority and the like

    @Test(
        "priority: the number, else the class, else the global default, else 0",
        arguments: [
            ("priority: 7, priorityClassName: high", Int32(7)), ("priorityClassName: high", 1000), ("", 5),
            ("priorityClassName: system-node-critical", 2_000_001_000), ("priorityClassName: gone", 0),
            ("priority: 99999999999", .max),
        ])
    func priority(spec: String, expected: Int32) {
        let cluster = ManifestImport.cluster(
            "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1000}",
            "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: usual}, value: 5, globalDefault: true}",
            ManifestImport.pod(spec: spec))
        #expect(cluster.pod("p")?.priority == expected)
        let isMissing = spec.contains("gone")
        #expect(cluster.findings.map(\.field) == (isMissing ? ["spec.priorityClassName"] : []))
    }

    @Test("a class that never preempts hands that on")
    func preemption() {
        let cluster = ManifestImport.cluster(
            """
            {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: meek}, value: 1,
             preemptionPolicy: Never}
            """,
            ManifestImport.pod("a", spec: "priorityClassName: meek"),
            ManifestImport.pod("b", spec: "priorityClassName: meek, preemptionPolicy: PreemptLowerPriority"))
        #expect(cluster.pod("a")?.mayPreempt == false)
        #expect(cluster.pod("b")?.mayPreempt == true)
    }

    @Test("DaemonSet and mirror pods belong to their node")
    func belongsToNode() {
        let owner = "ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: d, controller: true}]"
        #expect(ManifestImport.state(ManifestImport.pod(metadata: owner))?.belongsToNode == true)
        #expect(
            ManifestImport.state(ManifestImport.pod(annotations: "kubernetes.io/config.mirror: x"))?.belongsToNode
                == true)
        #expect(ManifestImport.state(ManifestImport.pod())?.belongsToNode == false)
    }

    @Test("creation time and nomination are taken over, a nomination of a node that is gone is not")
    func facts() {
        let pod = ManifestImport.pod(
            metadata: "creationTimestamp: \"1970-01-02T00:00:00Z\"", status: "nominatedNodeName: n1")
        #expect(ManifestImport.state(pod)?.creationSeconds == 86_400)
        #expect(ManifestImport.state(pod)?.nominatedNode == NodeName("n1"))
        #expect(ManifestImport.state(ManifestImport.pod(status: "nominatedNodeName: x"))?.nominatedNode == nil)
    }
}
