import ClusterImport
import ControlLoop
import KubernetesAPI
import KubernetesClient
import SchedulingModel

/// Turns what the cache holds into what the loop is told.
struct ClusterObserver {
    let configuration: BerthConfiguration
    /// Whether pools and claims are told, too.
    var buysNodes = false

    struct Observation {
        var cluster: ObservedCluster
        var findings: [Finding]
    }

    /// Pods that do not exist yet, which a dry run makes from their workloads, are nobody's to act on and left out.
    func observe(_ objects: [ManifestObject]) -> Observation {
        let claims = self.buysNodes ? objects.compactMap(LaunchClaimObject.claim) : []
        let objects = objects.filter { $0.kind != "ConfigMap" }
        let imported = ClusterImporter(configuration: self.configuration).importCluster(objects)
        let door = PodDoor(configuration: self.configuration)
        var wire: [PodKey: ManifestObject] = [:]
        for object in objects where object.kind == "Pod" && object.group.isEmpty {
            wire[PodKey(namespace: object.key.namespace, name: object.key.name)] = object
        }
        let pods = imported.snapshot.pods.compactMap { state in
            wire[state.key].map { door.observed($0, state) }
        }
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
}
