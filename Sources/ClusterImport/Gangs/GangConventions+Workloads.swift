import KubernetesAPI
import SchedulingModel

/// LeaderWorkerSet, JobSet and Job: gangs that follow from what the workload is.
extension GangConventions {
    // MARK: LeaderWorkerSet

    /// Each replica is a gang of its own, named as its leader pod.
    func leaderWorkerSetClaim(_ pod: Pod) -> GangClaim? {
        let labels = pod.metadata.labels
        guard let name = labels[LeaderWorkerSetKeys.name]?.nonEmpty,
            let index = labels[LeaderWorkerSetKeys.groupIndex]?.nonEmpty
                ?? labels[LeaderWorkerSetKeys.groupKey]?.nonEmpty
        else { return nil }
        let subgroup = labels[LeaderWorkerSetKeys.subgroupIndex]?.nonEmpty
        return GangClaim(
            identity: pod.identity(.leaderWorkerSet, "\(name)-\(index)", name), path: subgroup.map { [$0] } ?? [])
    }

    func leaderWorkerSet(_ group: GangGroup) -> GangDeclaration {
        let key = PodGroupKey(namespace: group.identity.namespace, name: group.identity.discriminator)
        let set = self.catalog.leaderWorkerSets[key]
        var declaration = GangDeclaration()
        if group.path.isEmpty {
            self.setExclusive(LeaderWorkerSetKeys.exclusiveTopology, group, set?.metadata, &declaration)
            let size = set?.size ?? group.count(inAnnotation: LeaderWorkerSetKeys.size)
            if group.childCount == 0 {
                (declaration.minMember, declaration.desiredMembers) = (size, size)
            } else if let size, let part = set?.subgroupSize {
                declaration.minMember = max(1, size / part)
            }
        } else {
            self.setExclusive(LeaderWorkerSetKeys.subgroupExclusiveTopology, group, set?.metadata, &declaration)
            if let part = set?.subgroupSize, let size = set?.size {
                let takesExtraLeader = part > 1 && size % part == 1 && group.path == ["0"]
                declaration.minMember = takesExtraLeader ? part + 1 : part
            }
        }
        return declaration
    }

    // MARK: JobSet

    /// One Job of the set: others may be made only when it runs, so the set as a whole cannot be a gang.
    func jobSetClaim(_ pod: Pod) -> GangClaim? {
        guard pod.metadata.labels[JobSetKeys.jobSetName] != nil, let name = pod.jobName else { return nil }
        return GangClaim(identity: pod.identity(.jobSet, name))
    }

    func jobSet(_ group: GangGroup) -> GangDeclaration {
        let labels = group.members.first?.metadata.labels ?? [:]
        let set = labels[JobSetKeys.jobSetName].flatMap {
            self.catalog.jobSets[PodGroupKey(namespace: group.identity.namespace, name: $0)]
        }
        let replicated = set?.replicatedJobs.first { $0.name == labels["jobset.sigs.k8s.io/replicatedjob-name"] }
        let size =
            self.catalog.jobs[group.key]?.gangSize
            ?? replicated.map { min($0.template.spec.parallelism, $0.template.spec.completions ?? .max) }
        var declaration = GangDeclaration(minMember: size, desiredMembers: size, isGang: size != 1)
        self.setExclusive(JobSetKeys.exclusiveTopology, group, set?.metadata, &declaration)
        return declaration
    }

    // MARK: Job

    /// An indexed Job whose pods ask for accelerators, or any Job whose pods ask to stand together.
    func jobClaim(_ pod: Pod) -> GangClaim? {
        guard let name = pod.jobName else { return nil }
        let isIndexed = pod.completionIndex != nil && pod.requestsAccelerator
        guard isIndexed || !TopologyWish(pod.metadata.annotations).isEmpty else { return nil }
        return GangClaim(identity: pod.identity(.job, name))
    }

    func job(_ group: GangGroup) -> GangDeclaration {
        let size = self.catalog.jobs[group.key]?.gangSize
        return GangDeclaration(minMember: size, desiredMembers: size, isGang: size != 1)
    }

    /// Exclusive use of a domain holds all pods of the group in one domain, and every other such group out of it.
    private func setExclusive(
        _ annotation: String, _ group: GangGroup, _ owner: ObjectMeta?, _ declaration: inout GangDeclaration
    ) {
        let onPods = group.members.lazy.compactMap { $0.metadata.annotations[annotation]?.nonEmpty }.first
        guard let key = onPods ?? owner?.annotations[annotation]?.nonEmpty else { return }
        let axis = self.topology.axis(named: key)
        declaration.exclusiveAxis = axis
        declaration.topology = [TopologyConstraint(axis: axis, isRequired: true)]
    }
}

extension Job {
    /// Pods that run at a time; nil for a job that has none any more, whose pods are what they are.
    fileprivate var gangSize: Int? { self.activeCount > 0 ? self.activeCount : nil }
}

extension Pod {
    /// The Job that made the pod.
    var jobName: String? {
        if let controller = self.metadata.controller, controller.kind == "Job",
            controller.apiVersion.hasPrefix("batch/") || controller.apiVersion.isEmpty
        {
            return controller.name
        }
        let labels = self.metadata.labels
        return (labels[GangKeys.Job.name] ?? labels[GangKeys.Job.legacyName])?.nonEmpty
    }
}
