import KubernetesAPI

enum VolcanoKeys {
    static let groupName = "scheduling.k8s.io/group-name"
    static let jobName = "volcano.sh/job-name"
    static let task = "volcano.sh/task-spec"
    static let taskIndex = "volcano.sh/task-index"
}

extension WorkloadExpander {
    mutating func expandVolcanoJob(_ workload: WorkloadObject) {
        guard let job = workload.object.read(VolcanoJob.self, into: &self.findings), !job.isFinished else { return }
        let podCount = job.tasks.reduce(0) { $0.addingSaturated($1.replicas) }
        guard self.admits(podCount, of: workload, field: "spec.tasks") else { return }
        for task in job.tasks {
            for index in 0..<task.replicas { self.add(job.pod(of: task, index: index)) }
        }
    }
}

extension VolcanoJob {
    /// The name of the PodGroup the job controller makes.
    var podGroupName: String { self.metadata.uid.map { "\(self.metadata.name)-\($0)" } ?? self.metadata.name }

    fileprivate func pod(of task: Task, index: Int) -> Pod {
        let owner = OwnerReference(
            controllerOf: "batch.volcano.sh/v1alpha1", kind: "Job", name: self.metadata.name, uid: self.metadata.uid)
        var pod = task.template.pod(
            named: "\(self.metadata.name)-\(task.name)-\(index)", ownedBy: owner, of: self.metadata)
        pod.setLabels([
            VolcanoKeys.jobName: self.metadata.name, VolcanoKeys.task: task.name, VolcanoKeys.taskIndex: "\(index)",
            "volcano.sh/job-namespace": self.metadata.planNamespace,
        ])
        pod.setAnnotations([
            VolcanoKeys.groupName: self.podGroupName, VolcanoKeys.jobName: self.metadata.name,
            VolcanoKeys.task: task.name,
        ])
        pod.spec.schedulerName = pod.spec.schedulerName ?? self.schedulerName
        pod.spec.priorityClassName = pod.spec.priorityClassName ?? self.priorityClassName
        pod.spec.hostname = pod.spec.hostname ?? pod.metadata.name
        return pod
    }
}
