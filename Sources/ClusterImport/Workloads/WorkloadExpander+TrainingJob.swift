import KubernetesAPI
import SchedulingModel

enum TrainingJobKeys {
    static let jobName = "training.kubeflow.org/job-name"
    static let operatorName = "training.kubeflow.org/operator-name"
    static let replicaType = "training.kubeflow.org/replica-type"
    static let replicaIndex = "training.kubeflow.org/replica-index"
    static let jobRole = "training.kubeflow.org/job-role"
}

extension WorkloadExpander {
    mutating func expandTrainingJob(_ workload: WorkloadObject) {
        guard let job = workload.object.read(TrainingJob.self, into: &self.findings), !job.isSuspended, !job.isFinished
        else { return }
        let podCount = job.replicas.reduce(0) { $0.addingSaturated($1.count) }
        let field = "spec.\(job.framework.replicaSpecsField)"
        guard self.admits(podCount, of: workload, field: field) else { return }
        for replicas in job.replicas where self.isMadeNow(replicas, of: job, workload) {
            for index in 0..<replicas.count { self.add(job.pod(replicas, index: index, of: workload)) }
        }
    }

    /// Everything but an MPI launcher that waits for its workers, or whose own Job is in the input.
    private func isMadeNow(
        _ replicas: TrainingJob.Replicas, of job: TrainingJob, _ workload: WorkloadObject
    ) -> Bool {
        guard replicas.isLauncher else { return true }
        let launcherJob = WorkloadID(
            namespace: workload.namespace, kind: "Job", name: "\(workload.name)-launcher")
        return !job.launcherWaitsForWorkers && !self.present.contains(launcherJob)
            && self.existing.pods(madeBy: launcherJob).isEmpty
    }
}

extension TrainingJob.Replicas {
    /// As labels and names have it.
    var role: String { self.type.lowercased() }

    var isLauncher: Bool { self.role == "launcher" }
}

extension TrainingJob {
    /// A launcher is made through a Job of its own, which would append random letters to its name.
    fileprivate func pod(_ replicas: Replicas, index: Int, of workload: WorkloadObject) -> Pod {
        let isFromMPIOperator = workload.object.version == "v2beta1"
        let launcherName = "\(self.metadata.name)-launcher"
        let isSingleLauncher = replicas.isLauncher && index == 0
        let name = isSingleLauncher ? launcherName : "\(self.metadata.name)-\(replicas.role)-\(index)"
        let owner =
            replicas.isLauncher && isFromMPIOperator
            ? OwnerReference(controllerOf: "batch/v1", kind: "Job", name: launcherName)
            : OwnerReference(
                controllerOf: workload.object.apiVersion, kind: workload.object.kind, name: self.metadata.name,
                uid: self.metadata.uid)
        var pod = replicas.template.pod(named: name, ownedBy: owner, of: self.metadata)
        pod.setLabels([
            TrainingJobKeys.jobName: self.metadata.name, TrainingJobKeys.replicaType: replicas.role,
            TrainingJobKeys.replicaIndex: "\(index)",
            TrainingJobKeys.operatorName: isFromMPIOperator
                ? "mpi-operator" : "\(self.framework.rawValue)job-controller",
        ])
        if isFromMPIOperator {
            pod.setLabels([TrainingJobKeys.jobRole: replicas.role])
        } else if self.isMaster(replicas, index: index) {
            pod.setLabels([TrainingJobKeys.jobRole: "master"])
        }
        pod.setEnvironment(self.environment(of: replicas, index: index))
        return pod
    }

    private func isMaster(_ replicas: Replicas, index: Int) -> Bool {
        switch self.framework {
        case .tf:
            let chief = self.replicas.first { ["chief", "master"].contains($0.role) }
            return chief.map { $0.role == replicas.role } ?? (replicas.role == "worker" && index == 0)
        case .mpi: return false
        case .pytorch, .xgboost, .paddle, .jax: return replicas.role == "master"
        }
    }

    /// The rank variables of the frameworks that have them: master first, then workers.
    private func environment(of replicas: Replicas, index: Int) -> [String: String] {
        let before = self.replicas.prefix { $0.type != replicas.type }
        let rank = before.reduce(index) { $0.addingSaturated($1.count) }
        let size = self.replicas.reduce(0) { $0.addingSaturated($1.count) }
        switch self.framework {
        case .pytorch where self.elasticMinimum == nil && self.elasticMaximum == nil:
            return [
                "RANK": "\(rank)", "WORLD_SIZE": "\(size)", "PET_NODE_RANK": "\(rank)", "PET_NNODES": "\(size)",
            ]
        case .pytorch: return ["PET_NNODES": "\(self.elasticMinimum ?? size):\(self.elasticMaximum ?? size)"]
        case .xgboost: return ["RANK": "\(rank)", "WORLD_SIZE": "\(size)"]
        case .jax: return ["PROCESS_ID": "\(rank)", "NUM_PROCESSES": "\(size)"]
        case .tf, .paddle, .mpi: return [:]
        }
    }
}
