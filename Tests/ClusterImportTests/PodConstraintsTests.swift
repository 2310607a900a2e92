import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Constraints of pods")
struct PodConstraintsTests {
    private func constraints(_ spec: String, labels: String = "", _ others: String = "{}") -> SchedulingConstraints? {
        ManifestImport.cluster(ManifestImport.pod(labels: labels, spec: spec), others).pod("p")?.constraints
    }

    @Test(
        "tolerations",
        arguments: [
            ("{operator: Exists}", Toleration(key: nil)),
            ("{key: a}", Toleration(key: "a", match: .equal(""))),
            ("{key: a, operator: Exists, effect: NoExecute}", Toleration(key: "a", effect: .noExecute)),
            ("{key: a, operator: Equal, value: b}", Toleration(key: "a", match: .equal("b"))),
            ("{key: a, operator: Gt, value: \"5\"}", Toleration(key: "a", match: .isGreater(than: 5))),
        ])
    func tolerations(wire: String, expected: Toleration) {
        #expect(self.constraints("tolerations: [\(wire)]")?.tolerations == [expected])
    }

    @Test(
        "operators of required node affinity",
        arguments: [
            ("operator: In, values: [x, z]", LabelRequirement.Condition.isIn(["x", "z"])),
            ("operator: NotIn, values: [x]", .isNotIn(["x"])), ("operator: Exists", .exists),
            ("operator: DoesNotExist", .doesNotExist), ("operator: Gt, values: [\"4\"]", .isGreater(than: 4)),
            ("operator: Lt, values: [\"4\"]", .isLess(than: 4)),
        ])
    func nodeAffinity(wire: String, expected: LabelRequirement.Condition) {
        let spec = """
            affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
             {matchExpressions: [{key: a, \(wire)}]}]}}}
            """
        #expect(
            self.constraints(spec)?.requiredNodeAffinity
                == NodeSelector([NodeSelectorTerm(labels: [LabelRequirement(key: "a", expected)])]))
    }

    @Test("a node affinity on the node's name")
    func matchFields() {
        let spec = """
            affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
             {matchFields: [{key: metadata.name, operator: In, values: [n1]}]}]}}}
            """
        let selector = self.constraints(spec)?.requiredNodeAffinity
        #expect(selector?.matches(name: NodeName("n1"), labels: [:]) == true)
        #expect(selector?.matches(name: NodeName("n2"), labels: [:]) == false)
    }

    @Test("half a condition makes the demand unreadable instead of wider")
    func halfCondition() {
        let spec = """
            affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
             {matchExpressions: [{key: a, operator: Sometimes}]}]}}}
            """
        let cluster = ManifestImport.cluster(ManifestImport.pod(spec: spec))
        #expect(
            cluster.pod("p")?.standing
                == .invalid("a field of the pod could not be read; the findings about the input name it"))
    }

    private static func podAffinity(_ term: String) -> String {
        "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, \(term)}]}}"
    }

    private static let namespaces = """
        {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {team: x}}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {team: x}}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: c, labels: {team: y}}}
        """

    @Test(
        "namespaces of an affinity term",
        arguments: [
            ("", ["default"]), ("namespaces: [c, a]", ["a", "c"]), ("namespaceSelector: {}", nil),
            ("namespaceSelector: {matchLabels: {team: x}}", ["a", "b"]),
            ("namespaces: [c], namespaceSelector: {matchLabels: {team: x}}", ["a", "b", "c"]),
            ("namespaceSelector: {matchLabels: {team: z}}", []),
            ("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: c}}", ["c"]),
        ] as [(String, [String]?)])
    func affinityNamespaces(term: String, expected: [String]?) {
        let terms = self.constraints(
            Self.podAffinity("labelSelector: {}\(term.isEmpty ? "" : ", \(term)")"), Self.namespaces
        )?.requiredPodAffinity
        #expect(terms?.map(\.namespaces) == [expected])
    }

    @Test("label keys to match and not to match become conditions on the pod's own values")
    func matchLabelKeys() {
        let terms = self.constraints(
            Self.podAffinity(
                "labelSelector: {matchLabels: {app: web}}, matchLabelKeys: [version, none], mismatchLabelKeys: [tenant]"
            ),
            labels: "version: v1, tenant: t1")?.requiredPodAffinity
        #expect(
            terms?.first?.selector?.requirements == [
                LabelRequirement(key: "app", .isIn(["web"])), LabelRequirement(key: "version", .isIn(["v1"])),
                LabelRequirement(key: "tenant", .isNotIn(["t1"])),
            ])
    }

    @Test("topology spread with its defaults")
    func spread() throws {
        let constraint = try #require(
            self.constraints(
                """
                topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule,
                 labelSelector: {matchLabels: {app: web}}, matchLabelKeys: [version], minDomains: 3}]
                """, labels: "version: v1")?.topologySpread.first)
        #expect(constraint.isRequired && constraint.honorsNodeAffinity && !constraint.honorsNodeTaints)
        #expect(constraint.minDomains == 3)
        #expect(constraint.selector?.requirements.count == 2)
    }

    @Test("host ports: those that are named, and container ports on the host's network")
    func ports() {
        let container =
            "containers: [{name: c, ports: [{containerPort: 80}, {containerPort: 81, hostPort: 8081, hostIP: 10.0.0.1}]}]"
        let plain = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {\(container)}}"
        let onHost = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {hostNetwork: true, \(container)}}"
        let named = HostPort(address: "10.0.0.1", port: 8081)
        #expect(ManifestImport.state(plain)?.constraints.hostPorts == [named])
        #expect(ManifestImport.state(onHost)?.constraints.hostPorts == [HostPort(port: 80), named])
    }

    // MARK: Asking for a slot by selecting nodes

    @Test(
        "a selector on a value that stands for sharing asks for a slot",
        arguments: [
            ("nvidia.com/gpu.product: Tesla-T4-SHARED", true), ("nvidia.com/gpu.product: Tesla-T4", false),
            ("nvidia.com/gpu.product: NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", true),
            ("nvidia.com/gpu.sharing-strategy: mps", true), ("nvidia.com/gpu.sharing-strategy: none", false),
            ("nvidia.com/gpu.replicas: \"4\"", true), ("nvidia.com/gpu.replicas: \"1\"", false),
            ("nvidia.com/mig.strategy: single", true), ("nvidia.com/mig.strategy: mixed", false),
            ("cloud.google.com/gke-gpu-sharing-strategy: time-sharing", true), ("zone: a", false),
        ])
    func sharingSelector(selector: String, isSlot: Bool) {
        let pod = ManifestImport.pod(limits: "nvidia.com/gpu: 1", spec: "nodeSelector: {\(selector)}")
        #expect(ManifestImport.state(pod)?.deviceRequests.map(\.kind) == [isSlot ? .slot : .whole])
    }

    @Test("so does a required node affinity")
    func sharingAffinity() {
        let spec = """
            affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
             {matchExpressions: [{key: nvidia.com/gpu.replicas, operator: Gt, values: ["1"]}]}]}}}
            """
        let pod = ManifestImport.pod(limits: "nvidia.com/gpu: 1", spec: spec)
        #expect(ManifestImport.state(pod)?.deviceRequests.map(\.kind) == [.slot])
    }
}
