import KubernetesAPI

extension WorkloadExpander {
    mutating func expandJob(_ workload: WorkloadObject) {
        guard let job = workload.object.read(Job.self, into: &self.findings) else { return }
        self.expand(job, of: workload)
    }

    /// - Parameter workload: The object that findings name; a job that a JobSet would make is not in the input.
    mutating func expand(_ job: Job, of workload: WorkloadObject, labels: [String: String] = [:]) {
        guard !job.spec.isSuspended, !job.status.isFinished else { return }
        let id = WorkloadID(
            namespace: job.metadata.planNamespace, kind: "Job", name: job.metadata.name)
        let made = self.existing.pods(madeBy: id)
        let live = made.filter { !$0.isTerminal }
        let succeeded = made.filter { $0.phase == .succeeded }
        var status = job.status
        status.succeededCount = max(status.succeededCount, succeeded.count)
        let active = Job(metadata: job.metadata, spec: job.spec, status: status).activeCount
        let missing = max(0, active - live.count)
        guard self.admits(missing, of: workload, field: "spec.parallelism") else { return }
        if job.spec.isIndexed {
            let busy = Set((live + succeeded).compactMap(\.completionIndex))
            for index in job.indexes(count: missing, besides: busy) { self.add(job.pod(index: index, labels: labels)) }
        } else {
            var next = 0
            for _ in 0..<missing {
                let name = self.freeName(job.metadata.name, in: job.metadata.planNamespace, next: &next)
                self.add(job.pod(named: name, labels: labels))
            }
        }
    }
}

extension Job {
    /// The lowest indexes that still need a pod.
    ///
    /// - Complexity: O(*count* + *b* + *r*), *b* indexes in `busy`, *r* ranges of finished ones.
    fileprivate func indexes(count: Int, besides busy: Set<Int>) -> [Int] {
        var indexes: [Int] = []
        var index = 0
        let end = self.spec.completions ?? self.spec.parallelism
        while indexes.count < count, index < end {
            if let done = self.status.completedIndexes.range(containing: index)
                ?? self.status.failedIndexes.range(containing: index)
            {
                index = done.upperBound + 1
                continue
            }
            if !busy.contains(index) { indexes.append(index) }
            index += 1
        }
        return indexes
    }

    fileprivate func pod(named name: String, labels: [String: String]) -> Pod {
        let owner = OwnerReference(
            controllerOf: "batch/v1", kind: "Job", name: self.metadata.name, uid: self.metadata.uid)
        var pod = self.spec.template.pod(named: name, ownedBy: owner, of: self.metadata)
        pod.setLabels(["batch.kubernetes.io/job-name": self.metadata.name, "job-name": self.metadata.name])
        if let uid = self.metadata.uid {
            pod.setLabels(["batch.kubernetes.io/controller-uid": uid, "controller-uid": uid])
        }
        pod.setLabels(labels)
        return pod
    }

    /// Kubernetes names it `<job>-<index>-<random>`; the hostname has no random part.
    fileprivate func pod(index: Int, labels: [String: String]) -> Pod {
        var pod = self.pod(named: "\(self.metadata.name)-\(index)", labels: labels)
        pod.setLabels(["batch.kubernetes.io/job-completion-index": "\(index)"])
        pod.setAnnotations(["batch.kubernetes.io/job-completion-index": "\(index)"])
        pod.setEnvironment(["JOB_COMPLETION_INDEX": "\(index)"])
        pod.spec.hostname = pod.spec.hostname ?? pod.metadata.name
        return pod
    }
}

extension Pod {
    /// The index of a pod of an indexed job, from its annotation, else its label.
    var completionIndex: Int? {
        let key = "batch.kubernetes.io/job-completion-index"
        return (self.metadata.annotations[key] ?? self.metadata.labels[key]).flatMap(Int.init(index:))
    }
}

extension Int {
    /// An index as labels hold it: not negative, and small enough to count on from.
    init?(index text: String) {
        guard let number = Int32(text), number >= 0 else { return nil }
        self = Int(number)
    }
}
