import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Volumes")
struct VolumeTests {
    private static let volume = """
        apiVersion: v1
        kind: PersistentVolume
        metadata: {name: v}
        spec: {nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [a]}]}]}}}
        """
    private static let classes = """
        {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: now}, provisioner: x}
        ---
        {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: later}, provisioner: x,
         volumeBindingMode: WaitForFirstConsumer}
        ---
        {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: there}, provisioner: x,
         volumeBindingMode: WaitForFirstConsumer, allowedTopologies: [{matchLabelExpressions: [{key: zone, values: [a]}]}]}
        """
    private static let zoneA = VolumeConstraint.nodes([
        NodeSelector([NodeSelectorTerm(labels: [LabelRequirement(key: "zone", .isIn(["a"]))])])
    ])

    private static func claim(
        _ spec: String, status: String = "", metadata: String = "", name: String = "data"
    ) -> String {
        """
        {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: \(name)\(metadata)}, spec: {\(spec)},
         status: {\(status)}}
        """
    }

    private func constraint(_ objects: String...) -> VolumeConstraint? {
        let pod = ManifestImport.pod(spec: "volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]")
        return ManifestImport.cluster(([pod] + objects).joined(separator: "\n---\n")).pod("p")?.constraints.volumes
    }

    @Test("a bound claim ties the pod to its volume's nodes")
    func bound() {
        #expect(self.constraint(Self.claim("volumeName: v"), Self.volume) == Self.zoneA)
    }

    @Test(
        "claims that keep a pod off every node",
        arguments: [
            ("a claim that is not there", claim("volumeName: v", name: "other")),
            ("a volume that is not there", claim("volumeName: gone")),
            ("a lost claim", claim("volumeName: v", status: "phase: Lost")),
            (
                "a claim on its way out",
                claim("volumeName: v", metadata: ", deletionTimestamp: \"2026-11-23T10:00:00Z\"")
            ),
            ("an unbound claim that binds at once", claim("storageClassName: now")),
            ("a class that is not there", claim("storageClassName: gone")),
            ("no class at all", claim("storageClassName: \"\"")),
        ])
    func unavailable(name: String, claim: String) {
        guard case .unavailable(let claim, let why) = self.constraint(claim, Self.volume, Self.classes) else {
            Issue.record("\(name) was let through")
            return
        }
        #expect(claim == "data")
        #expect(!why.isEmpty)
    }

    @Test("a claim that waits for its pod goes anywhere its class allows")
    func waits() {
        #expect(self.constraint(Self.claim("storageClassName: later"), Self.classes) == VolumeConstraint.none)
        #expect(self.constraint(Self.claim("storageClassName: there"), Self.classes) == Self.zoneA)
    }

    @Test("a dump without claims says nothing about them, once")
    func noClaims() {
        let pods = ["a", "b"].map {
            ManifestImport.pod($0, spec: "volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]")
        }
        let cluster = ManifestImport.cluster(pods.joined(separator: "\n---\n"))
        #expect(cluster.snapshot.pods.allSatisfy { $0.constraints.volumes == .none })
        #expect(cluster.findings.map(\.severity) == [.warning])
        #expect(cluster.findings.map(\.object) == ["Pod a"])
    }

    @Test("zone labels of a volume count, and nodes without any such label pass")
    func zoneLabels() throws {
        let volume = """
            {apiVersion: v1, kind: PersistentVolume, metadata: {name: v, labels: {topology.kubernetes.io/zone: a__b}}}
            """
        guard case .nodes(let selectors) = self.constraint(Self.claim("volumeName: v"), volume) else {
            Issue.record("no constraint")
            return
        }
        let selector = try #require(selectors.first)
        let zone = "topology.kubernetes.io/zone"
        #expect(selector.matches(name: NodeName("n"), labels: [zone: "b"]))
        #expect(!selector.matches(name: NodeName("n"), labels: [zone: "c"]))
        #expect(selector.matches(name: NodeName("n"), labels: [:]))
    }
}
