import KubernetesAPI

enum RayKeys {
    static let cluster = "ray.io/cluster"
    static let nodeType = "ray.io/node-type"
    static let group = "ray.io/group"
    static let isRayNode = "ray.io/is-ray-node"
    static let replicaIndex = "ray.io/worker-group-replica-index"
    static let hostIndex = "ray.io/replica-host-index"
    static let headGroup = "headgroup"
}

extension WorkloadExpander {
    mutating func expandRayCluster(_ workload: WorkloadObject) {
        guard let cluster = workload.object.read(RayCluster.self, into: &self.findings) else { return }
        self.expand(cluster, of: workload)
    }

    /// Nothing where the cluster it made is in the input, or it runs on one that is not its own.
    mutating func expandRayClusterOwner(_ workload: WorkloadObject) {
        let clusters = (self.children[workload.id] ?? []).filter { $0.kind == "RayCluster" }
        guard clusters.isEmpty, let owner = workload.object.read(RayClusterOwner.self, into: &self.findings),
            !owner.isSuspended, !owner.isFinished, let cluster = owner.cluster
        else { return }
        self.expand(cluster, of: workload)
    }

    private mutating func expand(_ cluster: RayCluster, of workload: WorkloadObject) {
        guard !cluster.isSuspended else { return }
        let podCount = cluster.workerGroups.reduce(1) { sum, group in
            sum.addingSaturated(group.replicas.multipliedSaturated(by: group.hostCount))
        }
        guard self.admits(podCount, of: workload, field: "spec.workerGroupSpecs") else { return }
        let made = self.existing.rayPods(ofCluster: workload.name, in: workload.namespace).filter { !$0.isTerminal }
        let isHeadMissing = !made.contains { $0.metadata.labels[RayKeys.nodeType] == "head" }
        if isHeadMissing { self.add(cluster.head) }
        for group in cluster.workerGroups where !group.isSuspended {
            self.expand(group, of: cluster, made: made.filter { $0.metadata.labels[RayKeys.group] == group.name })
        }
    }

    private mutating func expand(_ group: RayCluster.WorkerGroup, of cluster: RayCluster, made: [Pod]) {
        guard group.hostCount > 1 else {
            var next = 0
            for _ in 0..<max(0, group.replicas - made.count) {
                let prefix = "\(cluster.metadata.name)-\(group.name)-worker"
                let name = self.freeName(prefix, in: cluster.metadata.planNamespace, next: &next)
                self.add(cluster.pod(named: name, group: group.name, type: "worker", from: group.template))
            }
            return
        }
        let hosts = Set(
            made.map { pod in
                [pod.metadata.labels[RayKeys.replicaIndex] ?? "", pod.metadata.labels[RayKeys.hostIndex] ?? ""]
            })
        for replica in 0..<group.replicas {
            for host in 0..<group.hostCount where !hosts.contains(["\(replica)", "\(host)"]) {
                let name = "\(cluster.metadata.name)-\(group.name)-worker-\(replica)-\(host)"
                var pod = cluster.pod(named: name, group: group.name, type: "worker", from: group.template)
                pod.setLabels([RayKeys.replicaIndex: "\(replica)", RayKeys.hostIndex: "\(host)"])
                self.add(pod)
            }
        }
    }
}

extension RayCluster {
    fileprivate var head: Pod {
        self.pod(
            named: "\(self.metadata.name)-head", group: RayKeys.headGroup, type: "head", from: self.headTemplate)
    }

    fileprivate func pod(named name: String, group: String, type: String, from template: PodTemplateSpec) -> Pod {
        let owner = OwnerReference(
            controllerOf: "ray.io/v1", kind: "RayCluster", name: self.metadata.name, uid: self.metadata.uid)
        var pod = template.pod(named: name, ownedBy: owner, of: self.metadata)
        pod.setLabels([
            RayKeys.cluster: self.metadata.name, RayKeys.nodeType: type, RayKeys.group: group,
            RayKeys.isRayNode: "yes",
        ])
        return pod
    }
}
