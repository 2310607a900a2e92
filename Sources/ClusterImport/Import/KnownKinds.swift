import KubernetesAPI

/// Which kinds of objects planning makes use of.
enum KnownKinds {
    private static let kindsByGroup: [String: Set<String>] = [
        "": ["Node", "Pod", "Namespace", "PersistentVolume", "PersistentVolumeClaim"],
        "scheduling.k8s.io": ["PriorityClass", "PodGroup", "Workload", "CompositePodGroup"],
        "policy": ["PodDisruptionBudget"],
        "storage.k8s.io": ["StorageClass"],
        "apps": ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"],
        "batch": ["Job", "CronJob"],
        "jobset.x-k8s.io": ["JobSet"],
        "leaderworkerset.x-k8s.io": ["LeaderWorkerSet"],
        "kubeflow.org": ["PyTorchJob", "TFJob", "XGBoostJob", "PaddleJob", "JAXJob", "MPIJob"],
        "trainer.kubeflow.org": ["TrainJob"],
        "ray.io": ["RayCluster", "RayJob", "RayService"],
        "batch.volcano.sh": ["Job"],
        "scheduling.x-k8s.io": ["PodGroup"],
        "scheduling.volcano.sh": ["PodGroup"],
        "scheduling.run.ai": ["PodGroup"],
        "topology.volcano.sh": ["HyperNode"],
    ]

    static func contains(_ object: ManifestObject) -> Bool {
        self.kindsByGroup[object.group]?.contains(object.kind) ?? false
    }

    /// `ConfigMap`, `NetworkPolicy.networking.k8s.io`.
    static func title(_ object: ManifestObject) -> String {
        object.group.isEmpty ? object.kind : "\(object.kind).\(object.group)"
    }
}
