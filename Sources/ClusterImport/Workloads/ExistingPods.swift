import KubernetesAPI
import SchedulingModel

/// The pods of an input, by what expansion asks for: is it there, and who made it.
struct ExistingPods {
    private(set) var keys: Set<PodKey> = []
    private var byController: [WorkloadID: [Pod]] = [:]
    private var byRayCluster: [PodKey: [Pod]] = [:]
    private var replicaSetsByDeployment: [PodKey: Set<WorkloadID>] = [:]

    init(_ pods: [Pod]) {
        for pod in pods {
            let namespace = pod.metadata.planNamespace
            self.keys.insert(PodKey(namespace: namespace, name: pod.metadata.name))
            if let controller = pod.metadata.controller {
                let id = WorkloadID(namespace: namespace, kind: controller.kind, name: controller.name)
                self.byController[id, default: []].append(pod)
                self.noteReplicaSet(id, hash: pod.metadata.labels["pod-template-hash"])
            }
            if let cluster = pod.metadata.labels["ray.io/cluster"] {
                self.byRayCluster[PodKey(namespace: namespace, name: cluster), default: []].append(pod)
            }
        }
    }

    func pods(madeBy controller: WorkloadID) -> [Pod] { self.byController[controller] ?? [] }

    func rayPods(ofCluster name: String, in namespace: String) -> [Pod] {
        self.byRayCluster[PodKey(namespace: namespace, name: name)] ?? []
    }

    /// ReplicaSets that have pods and, by those pods' template hash, belong to a Deployment.
    func replicaSets(ofDeployment name: String, in namespace: String) -> Set<WorkloadID> {
        self.replicaSetsByDeployment[PodKey(namespace: namespace, name: name)] ?? []
    }

    /// A Deployment names its ReplicaSets `<deployment>-<hash>`.
    private mutating func noteReplicaSet(_ id: WorkloadID, hash: String?) {
        guard id.kind == "ReplicaSet", let hash, id.name.hasSuffix("-\(hash)") else { return }
        let deployment = PodKey(namespace: id.namespace, name: String(id.name.dropLast(hash.count + 1)))
        self.replicaSetsByDeployment[deployment, default: []].insert(id)
    }
}
