import KubernetesAPI

/// An object that makes pods, before it is decoded.
struct WorkloadObject: Comparable {
    /// In the order in which objects are expanded.
    enum Kind: Int, Comparable {
        case job, jobSet, replicaSet, deployment, statefulSet, leaderWorkerSet, trainingJob, trainJob, rayCluster
        case rayClusterOwner, volcanoJob

        init?(group: String, kind: String) {
            switch (group, kind) {
            case ("batch", "Job"): self = .job
            case ("jobset.x-k8s.io", "JobSet"): self = .jobSet
            case ("apps", "ReplicaSet"): self = .replicaSet
            case ("apps", "Deployment"): self = .deployment
            case ("apps", "StatefulSet"): self = .statefulSet
            case ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): self = .leaderWorkerSet
            case ("kubeflow.org", let kind) where TrainingJob.Framework(kind: kind) != nil: self = .trainingJob
            case ("trainer.kubeflow.org", "TrainJob"): self = .trainJob
            case ("ray.io", "RayCluster"): self = .rayCluster
            case ("ray.io", "RayJob"), ("ray.io", "RayService"): self = .rayClusterOwner
            case ("batch.volcano.sh", "Job"): self = .volcanoJob
            default: return nil
            }
        }

        static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    let kind: Kind
    let object: ManifestObject
    let namespace: String
    let name: String

    /// Nil for objects that make no pods, or that have no name.
    init?(_ object: ManifestObject) {
        let metadata = object.value["metadata"]
        guard let kind = Kind(group: object.group, kind: object.kind), let name = metadata?["name"]?.string else {
            return nil
        }
        self.kind = kind
        self.object = object
        self.name = name
        self.namespace = metadata?["namespace"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
    }

    var id: WorkloadID { WorkloadID(namespace: self.namespace, kind: self.object.kind, name: self.name) }

    /// The object that makes this one, as far as its owner references say.
    var controller: WorkloadID? {
        let owners = self.object.value["metadata"]?["ownerReferences"]?.elements
        guard let owner = owners?.first(where: { $0["controller"]?.boolean == true }),
            let kind = owner["kind"]?.string, let name = owner["name"]?.string
        else { return nil }
        return WorkloadID(namespace: self.namespace, kind: kind, name: name)
    }

    static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.kind, lhs.namespace, lhs.name, lhs.object.kind, lhs.object.apiVersion, lhs.object.origin)
            < (rhs.kind, rhs.namespace, rhs.name, rhs.object.kind, rhs.object.apiVersion, rhs.object.origin)
    }

    static func == (lhs: Self, rhs: Self) -> Bool { !(lhs < rhs) && !(rhs < lhs) }
}

/// What an owner reference names.
struct WorkloadID: Hashable {
    let namespace: String
    let kind: String
    let name: String
}
