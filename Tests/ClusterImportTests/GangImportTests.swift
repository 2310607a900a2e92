import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Gangs in the snapshot")
struct GangImportTests {
    private func groups(_ manifests: String) -> [PodGroup] {
        ClusterImporter().importCluster(ManifestReader.read(manifests, file: "world.yaml").objects).snapshot.groups
    }

    @Test("members behind somebody else's gate count for the size of a gang without a declared one")
    func gatedMembersCount() {
        let label = "{kueue.x-k8s.io/pod-group-name: g}"
        let gate = "schedulingGates: [{name: kueue.x-k8s.io/admission}]"
        let groups = self.groups(.pod("a", labels: label) + .pod("b", labels: label, spec: gate))
        #expect(groups.map(\.minMember) == [2])
    }

    @Test("a gang of which no pod is ours is no group of the snapshot, and nobody is told what it lacks")
    func foreignGangs() {
        let manifests = String.pod(
            "a", annotations: "{scheduling.k8s.io/group-name: g}", spec: "schedulerName: volcano")
        let cluster = ClusterImporter().importCluster(ManifestReader.read(manifests, file: "world.yaml").objects)
        #expect(cluster.snapshot.groups.isEmpty)
        #expect(cluster.findings.isEmpty)
    }

    @Test("a member's leaf and all groups above it are in the snapshot")
    func ancestors() {
        let groups = self.groups(
            .pod("a", annotations: "{berth.dev/pod-group: g/x}") + .pod("b", annotations: "{berth.dev/pod-group: g/w}"))
        #expect(groups.map(\.key.name) == ["g", "g/w", "g/x"])
    }
}
