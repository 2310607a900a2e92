import KubernetesAPI
import SchedulingModel

/// The pods of an input, by what expansion asks for: is it there, and who made it.
struct ExistingPods {
    private(set) var keys: Set<PodKey> = []
    private var byController: [WorkloadID: [Pod]] = [:]
    private var byRayCluster: [PodKey: [Pod]] = [:]

    init(_ pods: [Pod]) {
        for pod in pods {
            let namespace = pod.metadata.planNamespace
            self.keys.insert(PodKey(namespace: namespace, name: pod.metadata.name))
            if let controller = pod.metadata.controller {
                let id = WorkloadID(namespace: namespace, kind: controller.kind, name: controller.name)
                self.byController[id, default: []].append(pod)
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

    /// Names of ReplicaSets that have pods and, by those pods' template hash, belong to a Deployment.
    func replicaSets(ofDeployment name: String, in namespace: String) -> [WorkloadID] {
        self.byController.compactMap { id, pods in
            guard id.namespace == namespace, id.kind == "ReplicaSet", id.name.hasPrefix("\(name)-"),
                let hash = pods.first?.metadata.labels["pod-template-hash"]
            else { return nil }
            return id.name == "\(name)-\(hash)" ? id : nil
        }
    }
}
