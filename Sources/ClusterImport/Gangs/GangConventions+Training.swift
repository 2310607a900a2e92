import KubernetesAPI
import SchedulingModel

/// Kubeflow's training jobs and Ray clusters.
extension GangConventions {
    // MARK: Training jobs

    /// An MPI launcher that asks for no accelerator is not waited for, and does not count among those that must run: it
    /// is placed on its own.
    func trainingJobClaim(_ pod: Pod) -> GangClaim? {
        let labels = pod.metadata.labels
        guard let name = labels[TrainingJobKeys.jobName]?.nonEmpty, !pod.isIdleLauncher else { return nil }
        return GangClaim(
            identity: pod.identity(.kubeflow, name, labels[TrainingJobKeys.operatorName] ?? ""))
    }

    func trainingJob(_ group: GangGroup) -> GangDeclaration {
        guard let job = self.trainingJob(named: group.key, operatorName: group.identity.discriminator) else {
            return GangDeclaration()
        }
        let idleLaunchers = job.idleLauncherCount
        let size = job.replicas.reduce(0) { $0.addingSaturated($1.count) } - idleLaunchers
        var minimum = size
        if let minAvailable = job.minAvailable {
            minimum = minAvailable - idleLaunchers
        } else if let elasticMinimum = job.elasticMinimum {
            let workers = job.replicas.first { $0.role == "worker" }?.count ?? 0
            minimum = (size - workers).addingSaturated(elasticMinimum)
        }
        return GangDeclaration(minMember: max(1, minimum), desiredMembers: size)
    }

    private func trainingJob(named key: PodGroupKey, operatorName: String) -> TrainingJob? {
        let jobs = self.catalog.trainingJobs[key] ?? []
        return jobs.first { operatorName.hasPrefix($0.framework.rawValue) } ?? (jobs.count == 1 ? jobs[0] : nil)
    }

    // MARK: Ray

    /// The head and the worker groups are subgroups of the cluster; a replica of several hosts is one of its group.
    func rayClaim(_ pod: Pod) -> GangClaim? {
        let labels = pod.metadata.labels
        guard let cluster = labels[RayKeys.cluster]?.nonEmpty else { return nil }
        let isHead = labels[RayKeys.nodeType] == "head"
        let group = isHead ? RayKeys.headGroup : labels[RayKeys.group]?.nonEmpty ?? "worker"
        let replica = labels[RayKeys.replicaIndex]?.nonEmpty
        return GangClaim(identity: pod.identity(.ray, cluster), path: [group] + (replica.map { [$0] } ?? []))
    }

    /// A worker group may start with its `minReplicas`; with the label for gang scheduling it needs all replicas.
    func ray(_ group: GangGroup) -> GangDeclaration {
        let cluster = self.catalog.rayClusters[group.key]
        guard let name = group.path.first, name != RayKeys.headGroup,
            let workers = cluster?.workerGroups.first(where: { $0.name == name })
        else { return GangDeclaration() }
        if group.path.count > 1 {
            return GangDeclaration(minMember: workers.hostCount, desiredMembers: workers.hostCount)
        }
        let isAllOrNothing = cluster?.metadata.labels["ray.io/gang-scheduling-enabled"] == "true"
        return GangDeclaration(
            minMember: isAllOrNothing ? workers.replicas : workers.minReplicas, desiredMembers: workers.replicas)
    }
}

extension TrainingJob {
    fileprivate var idleLauncherCount: Int {
        self.replicas.filter { $0.isLauncher && !$0.template.spec.requestsAccelerator }
            .reduce(0) { $0.addingSaturated($1.count) }
    }
}

extension Pod {
    fileprivate var isIdleLauncher: Bool {
        let labels = self.metadata.labels
        let isLauncher =
            labels[TrainingJobKeys.jobRole] == "launcher" || labels[TrainingJobKeys.replicaType] == "launcher"
        return isLauncher && !self.requestsAccelerator
    }
}
