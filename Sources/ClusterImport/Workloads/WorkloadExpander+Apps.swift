import KubernetesAPI
import SchedulingModel

extension WorkloadExpander {
    mutating func expandReplicaSet(_ workload: WorkloadObject) {
        guard !self.isMade(workload, byA: "Deployment"),
            let set = workload.object.read(ReplicaWorkload.self, into: &self.findings)
        else { return }
        self.fill(set, of: workload, made: self.existing.pods(madeBy: workload.id))
    }

    /// The pods of all its ReplicaSets count: a rollout in progress keeps the old ones until the new ones are ready.
    mutating func expandDeployment(_ workload: WorkloadObject) {
        guard let deployment = workload.object.read(ReplicaWorkload.self, into: &self.findings) else { return }
        let known = (self.children[workload.id] ?? []).filter { $0.kind == "ReplicaSet" }
        let named = self.existing.replicaSets(ofDeployment: workload.name, in: workload.namespace)
        let made = Set(known).union(named).flatMap { self.existing.pods(madeBy: $0) }
        self.fill(deployment, of: workload, made: made)
    }

    private mutating func fill(_ set: ReplicaWorkload, of workload: WorkloadObject, made: [Pod]) {
        let missing = max(0, set.replicas - made.count { !$0.isTerminal })
        guard self.admits(missing, of: workload, field: "spec.replicas") else { return }
        let owner = OwnerReference(
            controllerOf: "apps/v1", kind: "ReplicaSet", name: workload.name, uid: set.metadata.uid)
        var next = 0
        for _ in 0..<missing {
            let name = self.freeName(workload.name, in: workload.namespace, next: &next)
            self.add(set.template.pod(named: name, ownedBy: owner, of: set.metadata))
        }
    }

    mutating func expandStatefulSet(_ workload: WorkloadObject) {
        guard !self.isMade(workload, byA: "LeaderWorkerSet"),
            let set = workload.object.read(StatefulSet.self, into: &self.findings),
            self.admits(set.replicas, of: workload, field: "spec.replicas")
        else { return }
        for ordinal in set.startOrdinal..<set.startOrdinal.addingSaturated(set.replicas) {
            self.add(set.pod(ordinal: ordinal, claims: self.claims))
        }
    }
}

extension StatefulSet {
    fileprivate func pod(ordinal: Int, claims: Set<PodKey>) -> Pod {
        let name = "\(self.metadata.name)-\(ordinal)"
        let owner = OwnerReference(
            controllerOf: "apps/v1", kind: "StatefulSet", name: self.metadata.name, uid: self.metadata.uid)
        var pod = self.template.pod(named: name, ownedBy: owner, of: self.metadata)
        pod.setLabels(["apps.kubernetes.io/pod-index": "\(ordinal)", "statefulset.kubernetes.io/pod-name": name])
        pod.spec.hostname = name
        for template in self.claimTemplateNames {
            let claim = PodKey(namespace: self.metadata.planNamespace, name: "\(template)-\(name)")
            guard claims.contains(claim) else { continue }
            pod.spec.volumes.append(Volume(name: template, source: .persistentVolumeClaim(name: claim.name)))
        }
        return pod
    }
}
