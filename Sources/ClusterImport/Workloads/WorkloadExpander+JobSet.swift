import KubernetesAPI

/// What JobSet and LeaderWorkerSet write on pods, and the gang rules read.
enum JobSetKeys {
    static let jobSetName = "jobset.sigs.k8s.io/jobset-name"
    static let jobGlobalIndex = "jobset.sigs.k8s.io/job-global-index"
    static let exclusiveTopology = "alpha.jobset.sigs.k8s.io/exclusive-topology"
}

extension WorkloadExpander {
    /// Makes the jobs that are not in the input, and their pods. A job of the set that is there is expanded as itself.
    mutating func expandJobSet(_ workload: WorkloadObject) {
        guard let set = workload.object.read(JobSet.self, into: &self.findings), !set.isSuspended, !set.isFinished
        else { return }
        let podCount = set.replicatedJobs.reduce(0) { sum, replicated in
            sum.addingSaturated(max(1, replicated.activeCount).multipliedSaturated(by: replicated.replicas))
        }
        guard self.admits(podCount, of: workload, field: "spec.replicatedJobs") else { return }
        var globalIndex = 0
        for replicated in set.replicatedJobs {
            for index in 0..<replicated.replicas {
                let job = set.job(of: replicated, index: index)
                let id = WorkloadID(namespace: workload.namespace, kind: "Job", name: job.metadata.name)
                if !self.present.contains(id) {
                    self.expand(
                        job, of: workload, labels: set.labels(of: replicated, index: index, globalIndex: globalIndex))
                }
                globalIndex += 1
            }
        }
    }

    /// A TrainJob is a JobSet of the same name that its runtime shapes; the runtime is not read.
    mutating func reportUnlessResolved(trainJob workload: WorkloadObject) {
        let jobSet = WorkloadID(namespace: workload.namespace, kind: "JobSet", name: workload.name)
        guard !self.present.contains(jobSet) else { return }
        self.findings.append(
            Finding(
                .warning, origin: workload.object.origin, object: workload.object.title, field: nil,
                found: "a TrainJob without its JobSet",
                expected: "the JobSet that the trainer makes from it; no pods are planned for it"))
    }
}

extension JobSet.ReplicatedJob {
    /// Pods of one replica at a time.
    fileprivate var activeCount: Int {
        min(self.template.spec.parallelism, self.template.spec.completions ?? .max)
    }
}

extension JobSet {
    fileprivate func job(of replicated: ReplicatedJob, index: Int) -> Job {
        var spec = replicated.template.spec
        spec.completionMode = spec.completionMode ?? "Indexed"
        spec.isSuspended = false
        let exclusive =
            replicated.template.metadata.annotations[JobSetKeys.exclusiveTopology]
            ?? self.metadata.annotations[JobSetKeys.exclusiveTopology]
        if let exclusive { spec.template.metadata.annotations[JobSetKeys.exclusiveTopology] = exclusive }
        var metadata = ObjectMeta(
            name: "\(self.metadata.name)-\(replicated.name)-\(index)", namespace: self.metadata.namespace)
        metadata.creationSeconds = self.metadata.creationSeconds
        return Job(metadata: metadata, spec: spec)
    }

    /// The job's key is a hash in the cluster; here it is the job's name, which is as unique.
    fileprivate func labels(of replicated: ReplicatedJob, index: Int, globalIndex: Int) -> [String: String] {
        let prefix = "jobset.sigs.k8s.io/"
        let jobCount = self.replicatedJobs.reduce(0) { $0.addingSaturated($1.replicas) }
        var labels = [
            prefix + "jobset-name": self.metadata.name,
            prefix + "replicatedjob-name": replicated.name,
            prefix + "replicatedjob-replicas": "\(replicated.replicas)",
            prefix + "global-replicas": "\(jobCount)",
            prefix + "job-index": "\(index)",
            prefix + "job-global-index": "\(globalIndex)",
            prefix + "job-key": "\(self.metadata.name)-\(replicated.name)-\(index)",
            prefix + "group-name": replicated.groupName,
            prefix + "restart-attempt": "0",
        ]
        if let uid = self.metadata.uid { labels[prefix + "jobset-uid"] = uid }
        return labels
    }
}
