import ClusterImport
import ControlLoop
import KubernetesAPI
import KubernetesClient
import SchedulingModel

/// Turns what the cache holds into what the loop is told.
struct ClusterObserver {
    let configuration: BerthConfiguration

    struct Observation {
        var cluster: ObservedCluster
        var findings: [Finding]
    }

    /// Pods that do not exist yet, which a dry run makes from their workloads, are nobody's to act on and left out.
    func observe(_ objects: [ManifestObject]) -> Observation {
        let imported = ClusterImporter(configuration: self.configuration).importCluster(objects)
        let door = PodDoor(configuration: self.configuration)
        var wire: [PodKey: ManifestObject] = [:]
        for object in objects where object.kind == "Pod" && object.group.isEmpty {
            wire[PodKey(namespace: object.key.namespace, name: object.key.name)] = object
        }
        let pods = imported.snapshot.pods.compactMap { state in
            wire[state.key].map { door.observed($0, state) }
        }
        let cluster = ObservedCluster(
            nodes: imported.snapshot.nodes, pods: pods, groups: imported.snapshot.groups,
            topology: imported.snapshot.topology, budgets: imported.snapshot.budgets)
        return Observation(cluster: cluster, findings: imported.findings)
    }
}
