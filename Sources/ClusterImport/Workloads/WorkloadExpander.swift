import KubernetesAPI
import SchedulingModel

/// Collects the pods of one input's workloads.
struct WorkloadExpander {
    let existing: ExistingPods
    /// Workload objects of the input by identity.
    let present: Set<WorkloadID>
    /// For each controller, the workload objects of the input that name it.
    let children: [WorkloadID: [WorkloadID]]
    /// Claims of the input: a StatefulSet's pods mount those that are there already, and will make the others.
    let claims: Set<PodKey>
    private(set) var pods: [Pod] = []
    var findings: [Finding] = []
    private var taken: Set<PodKey>

    init(existing: ExistingPods, workloads: [WorkloadObject], claims: Set<PodKey>) {
        self.existing = existing
        self.claims = claims
        self.taken = existing.keys
        self.present = Set(workloads.map(\.id))
        var children: [WorkloadID: [WorkloadID]] = [:]
        for workload in workloads {
            if let controller = workload.controller { children[controller, default: []].append(workload.id) }
        }
        self.children = children
    }

    mutating func expand(_ workload: WorkloadObject) {
        switch workload.kind {
        case .job: self.expandJob(workload)
        case .jobSet: self.expandJobSet(workload)
        case .replicaSet: self.expandReplicaSet(workload)
        case .deployment: self.expandDeployment(workload)
        case .statefulSet: self.expandStatefulSet(workload)
        case .leaderWorkerSet: self.expandLeaderWorkerSet(workload)
        case .trainingJob: self.expandTrainingJob(workload)
        case .trainJob: self.reportUnlessResolved(trainJob: workload)
        case .rayCluster: self.expandRayCluster(workload)
        case .rayClusterOwner: self.expandRayClusterOwner(workload)
        case .volcanoJob: self.expandVolcanoJob(workload)
        }
    }

    /// Whether `controller` is in the input too and makes the pods itself.
    func isMade(_ workload: WorkloadObject, byA kind: String) -> Bool {
        workload.controller.map { $0.kind == kind && self.present.contains($0) } ?? false
    }

    // MARK: Adding pods

    /// Whether `count` more pods are within the limits; says so in a finding where they are not.
    mutating func admits(_ count: Int, of workload: WorkloadObject, field: String) -> Bool {
        let limit = WorkloadExpansion.maximumPodsPerObject
        let room = WorkloadExpansion.maximumPods - self.pods.count
        guard count > min(limit, room) else { return true }
        let expected =
            count > limit ? "at most \(limit) pods of one object" : "at most \(room) after the pods of other objects"
        self.findings.append(
            Finding(
                .error, origin: workload.object.origin, object: workload.object.title, field: field,
                found: "\(count) pods", expected: expected))
        return false
    }

    /// Adds a pod unless the input has one of that name; then it has been made already.
    ///
    /// Two controllers would not make pods of one name, for most append random letters; where two pods made here meet, the
    /// second gets a number behind its name.
    mutating func add(_ pod: Pod) {
        let namespace = pod.metadata.planNamespace
        guard !self.existing.keys.contains(PodKey(namespace: namespace, name: pod.metadata.name)) else { return }
        var pod = pod
        if self.taken.contains(PodKey(namespace: namespace, name: pod.metadata.name)) {
            var next = 0
            pod.metadata.name = self.freeName(pod.metadata.name, in: namespace, next: &next)
        }
        self.taken.insert(PodKey(namespace: namespace, name: pod.metadata.name))
        self.pods.append(pod)
    }

    /// The first name `<prefix>-<n>`, from `next` on, that no pod has. `next` is left behind it.
    func freeName(_ prefix: String, in namespace: String, next: inout Int) -> String {
        while true {
            let name = "\(prefix)-\(next)"
            next += 1
            if !self.taken.contains(PodKey(namespace: namespace, name: name)) { return name }
        }
    }
}

extension PodTemplateSpec {
    /// A pod as its controller would make it, without what only that kind of controller adds.
    func pod(named name: String, ownedBy owner: OwnerReference, of workload: ObjectMeta) -> Pod {
        var metadata = ObjectMeta(name: name, namespace: workload.namespace)
        metadata.labels = self.metadata.labels
        metadata.annotations = self.metadata.annotations
        metadata.creationSeconds = workload.creationSeconds
        metadata.ownerReferences = [owner]
        var pod = Pod(metadata: metadata, spec: self.spec)
        pod.hasErrors = self.hasErrors
        return pod
    }
}

extension Pod {
    /// Labels of a controller win over those of the template.
    mutating func setLabels(_ labels: [String: String]) {
        self.metadata.labels.merge(labels) { _, ours in ours }
    }

    mutating func setAnnotations(_ annotations: [String: String]) {
        self.metadata.annotations.merge(annotations) { _, ours in ours }
    }

    /// Sets variables in every container, as training controllers do.
    mutating func setEnvironment(_ variables: [String: String]) {
        for index in self.spec.containers.indices {
            self.spec.containers[index].environment.merge(variables) { _, ours in ours }
        }
    }
}

extension Int {
    /// The product, or the largest number where it would not fit.
    func multipliedSaturated(by other: Int) -> Int {
        let (product, overflow) = self.multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }

    /// The sum, or the largest number where it would not fit.
    func addingSaturated(_ other: Int) -> Int {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
