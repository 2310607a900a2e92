import KubernetesAPI

enum LeaderWorkerSetKeys {
    static let name = "leaderworkerset.sigs.k8s.io/name"
    static let groupIndex = "leaderworkerset.sigs.k8s.io/group-index"
    static let workerIndex = "leaderworkerset.sigs.k8s.io/worker-index"
    static let groupKey = "leaderworkerset.sigs.k8s.io/group-key"
    static let subgroupIndex = "leaderworkerset.sigs.k8s.io/subgroup-index"
    static let size = "leaderworkerset.sigs.k8s.io/size"
    static let leaderName = "leaderworkerset.sigs.k8s.io/leader-name"
    static let exclusiveTopology = "leaderworkerset.sigs.k8s.io/exclusive-topology"
    static let subgroupExclusiveTopology = "leaderworkerset.sigs.k8s.io/subgroup-exclusive-topology"
}

extension WorkloadExpander {
    /// All workers are made at once, whatever the start-up policy: a plan has to hold the whole group.
    mutating func expandLeaderWorkerSet(_ workload: WorkloadObject) {
        guard let set = workload.object.read(LeaderWorkerSet.self, into: &self.findings),
            self.admits(set.replicas.multipliedSaturated(by: set.size), of: workload, field: "spec.replicas")
        else { return }
        for group in 0..<set.replicas {
            for worker in 0..<set.size { self.add(set.pod(group: group, worker: worker)) }
        }
    }
}

extension LeaderWorkerSet {
    fileprivate func pod(group: Int, worker: Int) -> Pod {
        let leaderName = "\(self.metadata.name)-\(group)"
        let isLeader = worker == 0
        let name = isLeader ? leaderName : "\(leaderName)-\(worker)"
        let template = isLeader ? self.leaderTemplate ?? self.workerTemplate : self.workerTemplate
        let owner = OwnerReference(
            controllerOf: "apps/v1", kind: "StatefulSet", name: isLeader ? self.metadata.name : leaderName)
        var pod = template.pod(named: name, ownedBy: owner, of: self.metadata)
        pod.setLabels([
            LeaderWorkerSetKeys.name: self.metadata.name, LeaderWorkerSetKeys.groupIndex: "\(group)",
            LeaderWorkerSetKeys.workerIndex: "\(worker)", LeaderWorkerSetKeys.groupKey: leaderName,
            "apps.kubernetes.io/pod-index": "\(isLeader ? group : worker)",
            "statefulset.kubernetes.io/pod-name": name,
        ])
        pod.setAnnotations([LeaderWorkerSetKeys.size: "\(self.size)"])
        if !isLeader { pod.setAnnotations([LeaderWorkerSetKeys.leaderName: leaderName]) }
        if let index = self.subgroupIndex(ofWorker: worker) {
            pod.setLabels([LeaderWorkerSetKeys.subgroupIndex: "\(index)"])
        }
        for key in [LeaderWorkerSetKeys.exclusiveTopology, LeaderWorkerSetKeys.subgroupExclusiveTopology] {
            if let value = self.metadata.annotations[key] { pod.setAnnotations([key: value]) }
        }
        pod.setEnvironment([
            "LWS_LEADER_ADDRESS": "\(leaderName).\(self.metadata.name).\(self.metadata.planNamespace)",
            "LWS_GROUP_SIZE": "\(self.size)", "LWS_WORKER_INDEX": "\(worker)",
        ])
        pod.spec.hostname = name
        return pod
    }

    /// A leader that is one too many for equal subgroups goes into the first.
    private func subgroupIndex(ofWorker worker: Int) -> Int? {
        guard let subgroupSize else { return nil }
        let leaderIsExtra = subgroupSize > 1 && self.size % subgroupSize == 1
        return leaderIsExtra ? max(0, worker - 1) / subgroupSize : worker / subgroupSize
    }
}
