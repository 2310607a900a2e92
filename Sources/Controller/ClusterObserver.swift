import ClusterImport
import ControlLoop
import KubernetesAPI
import KubernetesClient
import SchedulingModel

/// Turns what the cache holds into what the loop is told.
///
/// Keeps what it has found out about each object, so that a cluster of which little has changed is told in little time. For one task at a time.
final class ClusterObserver {
    private var configuration: BerthConfiguration
    /// Whether pools and claims are told, too.
    private let buysNodes: Bool
    private let importer: ClusterImporter
    private let door: PodDoor
    private let memo = ImportMemo()
    /// Of the pods that were told last, and some before.
    private var doors: [JSONValue.Identity: PodDoor.Facts] = [:]

    init(configuration: BerthConfiguration, buysNodes: Bool = false) {
        self.configuration = configuration
        self.buysNodes = buysNodes
        self.importer = ClusterImporter(configuration: configuration)
        self.door = PodDoor(configuration: configuration)
    }

    /// From the next observation on.
    func use(_ pools: [PoolSettings]) { self.configuration.pools = pools }

    struct Observation {
        var cluster: ObservedCluster
        var findings: [Finding]
    }

    /// Pods that do not exist yet, which a dry run makes from their workloads, are nobody's to act on and left out.
    func observe(_ objects: [ManifestObject]) -> Observation {
        let claims = self.buysNodes ? objects.compactMap(LaunchClaimObject.claim) : []
        let objects = self.buysNodes ? objects.filter { $0.kind != "ConfigMap" } : objects
        let imported = self.importer.importCluster(objects, memo: self.memo)
        let pods = zip(imported.snapshot.pods, imported.podObjects).compactMap { state, object in
            object.map { ObservedPod(state, self.facts(of: $0)) }
        }
        self.forgetDoors(pods.count)
        var cluster = ObservedCluster(
            nodes: imported.snapshot.nodes, pods: pods, groups: imported.snapshot.groups,
            topology: imported.snapshot.topology, budgets: imported.snapshot.budgets)
        var findings = imported.findings
        if self.buysNodes {
            let built = NodePoolBuilder(configuration: self.configuration, snapshot: imported.snapshot).pools()
            let bought = Set(self.configuration.pools.filter { $0.provider != nil }.map(\.name))
            cluster.pools = built.pools.filter { bought.contains($0.name) }
            cluster.claims = claims
            findings += built.findings
        }
        return Observation(cluster: cluster, findings: findings)
    }

    private func facts(of pod: ManifestObject) -> PodDoor.Facts {
        let identity = pod.value.identity
        if let known = self.doors[identity] { return known }
        let facts = self.door.facts(of: pod)
        self.doors[identity] = facts
        return facts
    }

    /// At most as many pods that are gone are remembered as there are.
    private func forgetDoors(_ count: Int) {
        guard self.doors.count > 2 * count + 1024 else { return }
        self.doors = [:]
    }
}
