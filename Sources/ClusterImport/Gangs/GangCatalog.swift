import KubernetesAPI
import SchedulingModel

/// The objects of an input that declare gangs or say how large they are, by namespace and name.
struct GangCatalog {
    var coscheduling: [PodGroupKey: CoschedulingPodGroup] = [:]
    var volcano: [PodGroupKey: VolcanoPodGroup] = [:]
    var volcanoJobs: [PodGroupKey: VolcanoJob] = [:]
    var kubernetes: [PodGroupKey: KubernetesPodGroup] = [:]
    var composites: [PodGroupKey: KubernetesPodGroup] = [:]
    var kubernetesWorkloads: [PodGroupKey: KubernetesWorkload] = [:]
    var kai: [PodGroupKey: KAIPodGroup] = [:]
    var leaderWorkerSets: [PodGroupKey: LeaderWorkerSet] = [:]
    var jobSets: [PodGroupKey: JobSet] = [:]
    var jobs: [PodGroupKey: Job] = [:]
    var trainingJobs: [PodGroupKey: [TrainingJob]] = [:]
    var rayClusters: [PodGroupKey: RayCluster] = [:]
    /// Annotations of every workload object, for wishes that stand there and not on the pods.
    var annotations: [WorkloadID: [String: String]] = [:]
    /// Tiers of HyperNodes, narrowest first, each once.
    private(set) var tiers: [Int] = []
    var tierByName: [String: Int] = [:]
    /// About objects that only declare groups. What is wrong with workloads is told where they are expanded.
    var findings: [Finding] = []

    init(_ objects: [ManifestObject]) {
        var tiers: Set<Int> = []
        for object in objects {
            switch object.kind {
            case "Pod", "Node": continue
            case "PodGroup", "CompositePodGroup": self.addPodGroup(object)
            case "Workload" where object.group == "scheduling.k8s.io":
                guard let workload = object.read(KubernetesWorkload.self, into: &self.findings) else { continue }
                self.kubernetesWorkloads[workload.metadata.gangKey] = workload
            case "HyperNode":
                guard let node = object.read(HyperNode.self, into: &self.findings) else { continue }
                tiers.insert(node.tier)
                if let name = node.tierName { self.tierByName[name] = node.tier }
            default: self.addWorkload(object)
            }
        }
        self.tiers = tiers.sorted()
    }

    private mutating func addPodGroup(_ object: ManifestObject) {
        switch object.group {
        case "scheduling.x-k8s.io":
            guard let group = object.read(CoschedulingPodGroup.self, into: &self.findings) else { return }
            self.coscheduling[group.metadata.gangKey] = group
        case "scheduling.volcano.sh":
            guard let group = object.read(VolcanoPodGroup.self, into: &self.findings) else { return }
            self.volcano[group.metadata.gangKey] = group
        case "scheduling.run.ai":
            guard let group = object.read(KAIPodGroup.self, into: &self.findings) else { return }
            self.kai[group.metadata.gangKey] = group
        case "scheduling.k8s.io":
            guard let group = object.read(KubernetesPodGroup.self, into: &self.findings) else { return }
            if object.kind == "PodGroup" {
                self.kubernetes[group.metadata.gangKey] = group
            } else {
                self.composites[group.metadata.gangKey] = group
            }
        default: return
        }
    }

    private mutating func addWorkload(_ object: ManifestObject) {
        guard let workload = WorkloadObject(object) else { return }
        var unheard: [Finding] = []
        let key = PodGroupKey(namespace: workload.namespace, name: workload.name)
        switch workload.kind {
        case .job: self.jobs[key] = object.read(Job.self, into: &unheard)
        case .jobSet: self.jobSets[key] = object.read(JobSet.self, into: &unheard)
        case .leaderWorkerSet: self.leaderWorkerSets[key] = object.read(LeaderWorkerSet.self, into: &unheard)
        case .trainingJob:
            guard let job = object.read(TrainingJob.self, into: &unheard) else { return }
            self.trainingJobs[key, default: []].append(job)
        case .rayCluster: self.rayClusters[key] = object.read(RayCluster.self, into: &unheard)
        case .rayClusterOwner:
            // The cluster itself, where it is in the input, says more.
            guard self.rayClusters[key] == nil else { break }
            self.rayClusters[key] = object.read(RayClusterOwner.self, into: &unheard)?.cluster
        case .volcanoJob: self.volcanoJobs[key] = object.read(VolcanoJob.self, into: &unheard)
        case .replicaSet, .deployment, .statefulSet, .trainJob: break
        }
        self.addAnnotations(of: workload)
    }

    private mutating func addAnnotations(of workload: WorkloadObject) {
        guard let annotations = workload.object.value["metadata"]?["annotations"] else { return }
        for (key, value) in annotations.members {
            guard let text = value.string else { continue }
            self.annotations[workload.id, default: [:]][key] = text
        }
    }
}

extension ObjectMeta {
    var gangKey: PodGroupKey { PodGroupKey(namespace: self.planNamespace, name: self.name) }
}
