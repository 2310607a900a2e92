import KubernetesAPI

/// Which kinds of objects planning makes use of.
enum KnownKinds {
    private static let kindsByGroup: [String: Set<String>] = [
        "": ["Node", "Pod", "Namespace", "PersistentVolume", "PersistentVolumeClaim"],
        "scheduling.k8s.io": ["PriorityClass", "PodGroup", "Workload", "CompositePodGroup"],
        "storage.k8s.io": ["StorageClass"],
        "apps": ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"],
        "batch": ["Job", "CronJob"],
        "jobset.x-k8s.io": ["JobSet"],
        "leaderworkerset.x-k8s.io": ["LeaderWorkerSet"],
        "kubeflow.org": ["PyTorchJob", "TFJob", "XGBoostJob", "PaddleJob", "JAXJob", "MPIJob"],
        "ray.io": ["RayCluster"],
        "scheduling.x-k8s.io": ["PodGroup"],
        "scheduling.volcano.sh": ["PodGroup"],
    ]

    static func contains(_ object: ManifestObject) -> Bool {
        self.kindsByGroup[object.group]?.contains(object.kind) ?? false
    }

    /// `ConfigMap`, `PodDisruptionBudget.policy`.
    static func title(_ object: ManifestObject) -> String {
        object.group.isEmpty ? object.kind : "\(object.kind).\(object.group)"
    }
}
