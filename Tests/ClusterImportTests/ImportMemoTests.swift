import KubernetesAPI
import SchedulingModel
import TestSupport
import Testing

@testable import ClusterImport

@Suite("Importing a cluster that was imported before")
struct ImportMemoTests {
    @Test(
        "after any changes, an import with what earlier ones found out equals one without", .longCalculation,
        arguments: Array(1...12) as [UInt64])
    func equalsFreshImport(seed: UInt64) {
        var world = ChangingWorld(seed: seed)
        let memo = ImportMemo()
        for step in 0..<40 {
            world.change()
            let objects = world.objects()
            let known = ClusterImporter().importCluster(objects, memo: memo)
            let fresh = ClusterImporter().importCluster(objects)
            #expect(known.snapshot == fresh.snapshot, "seed \(seed), step \(step)")
            #expect(known.findings == fresh.findings, "seed \(seed), step \(step)")
            #expect(known.ignoredKinds == fresh.ignoredKinds, "seed \(seed), step \(step)")
            #expect(
                known.podObjects.map { $0?.value.identity } == fresh.podObjects.map { $0?.value.identity },
                "seed \(seed), step \(step)")
        }
    }

    @Test("an object that goes and comes back is where it belongs")
    func comesBack() throws {
        let text = ["c", "a", "b"].map { ManifestImport.pod($0) }.joined(separator: "\n---\n")
        let objects = ManifestReader.read(ManifestImport.node() + "\n---\n" + text, file: "test.yaml").objects
        let memo = ImportMemo()
        for chosen in [objects, Array(objects.dropLast()), objects, [], objects.reversed()] {
            let cluster = ClusterImporter().importCluster(chosen, memo: memo)
            #expect(cluster.snapshot == ClusterImporter().importCluster(chosen).snapshot)
        }
    }

    @Test("a pod is looked at anew under another configuration")
    func configuration() {
        let objects = ManifestReader.read(
            ManifestImport.node() + "\n---\n" + ManifestImport.pod(spec: "schedulerName: other"), file: "test.yaml"
        ).objects
        let memo = ImportMemo()
        _ = ClusterImporter().importCluster(objects, memo: memo)
        var configuration = BerthConfiguration()
        configuration.schedulerNames = ["other"]
        let importer = ClusterImporter(configuration: configuration)
        #expect(importer.importCluster(objects, memo: memo).snapshot == importer.importCluster(objects).snapshot)
    }
}

/// A small cluster of all that an import looks at, in which something changes at each step.
private struct ChangingWorld {
    private var generator: SeededGenerator
    private var objectsByName: [String: ManifestObject] = [:]
    private let shared = SharedValues()

    init(seed: UInt64) {
        self.generator = SeededGenerator(seed: seed)
        for _ in 0..<25 { self.change() }
    }

    /// In any order.
    mutating func objects() -> [ManifestObject] {
        self.generator.shuffled(self.objectsByName.sorted { $0.key < $1.key }.map(\.value))
    }

    /// One to four objects come, change or go.
    mutating func change() {
        for _ in 0..<self.number(1...4) {
            let kind = self.pick(Self.kinds)
            let name = "\(kind)\(self.number(0...5))"
            if self.number(0...3) == 0 {
                self.objectsByName[name] = nil
            } else {
                for (index, object) in ManifestReader.read(self.text(kind, name), file: name).objects.enumerated() {
                    // As it comes from a file or, mostly, from a server.
                    let isLive = self.number(0...4) > 0
                    self.objectsByName["\(name) \(index)"] = isLive ? object.trimmed(sharing: self.shared) : object
                }
            }
        }
    }

    private static let kinds = [
        "pod", "pod", "pod", "pod", "pod", "pod", "node", "node", "class", "space", "budget", "claim", "volume",
        "storage", "group", "volcano", "kai", "kube", "job", "deployment", "other", "twin",
    ]

    private mutating func number(_ range: ClosedRange<Int>) -> Int { self.generator.int(in: range) }
    private mutating func pick(_ choices: [String]) -> String { choices[self.number(0...(choices.count - 1))] }

    private mutating func text(_ kind: String, _ name: String) -> String {
        let namespace = self.pick(["default", "default", "ml"])
        let metadata = "name: \(name), namespace: \(namespace)"
        let number = self.number(0...3)
        switch kind {
        case "pod": return self.pod(name, namespace)
        case "twin":
            // Two objects of one name.
            return self.pod("pod1", "default") + "\n---\n" + self.pod("pod1", "default")
        case "node": return self.node(name)
        case "class":
            return
                "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: \(name)}, value: \(number), globalDefault: \(number == 3)}"
        case "space":
            return
                "{apiVersion: v1, kind: Namespace, metadata: {name: \(self.pick(["ml", "default", "x"])), labels: {team: t\(number)}}}"
        case "budget":
            return
                "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {\(metadata)}, spec: {selector: {matchLabels: {app: a\(number)}}}, status: {disruptionsAllowed: \(number)}}"
        case "claim":
            return
                "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {\(metadata)}, spec: {\(self.pick(["volumeName: volume\(number)", "storageClassName: storage\(number)", ""]))}}"
        case "volume":
            return
                "{apiVersion: v1, kind: PersistentVolume, metadata: {name: \(name), labels: {topology.kubernetes.io/zone: z\(number)}}, spec: {}}"
        case "storage":
            return
                "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: \(name)}, volumeBindingMode: \(self.pick(["Immediate", "WaitForFirstConsumer"]))}"
        case "group":
            return
                "{apiVersion: scheduling.x-k8s.io/v1alpha1, kind: PodGroup, metadata: {\(metadata)}, spec: {minMember: \(self.pick(["1", "2", "bad"]))}}"
        case "volcano":
            return
                "{apiVersion: scheduling.volcano.sh/v1beta1, kind: PodGroup, metadata: {\(metadata)}, spec: {minMember: \(number + 1), minTaskMember: {a: 1, b: \(number)}}}"
        case "kai":
            return
                "{apiVersion: scheduling.run.ai/v2alpha2, kind: PodGroup, metadata: {\(metadata)}, spec: {minMember: 2, subGroups: [{name: s\(number), minMember: 1}, {name: default, minMember: 1, parent: s\(number)}]}}"
        case "kube":
            return
                "{apiVersion: scheduling.k8s.io/v1alpha2, kind: PodGroup, metadata: {\(metadata)}, spec: {schedulingPolicy: {gang: {minCount: \(number + 1)}}}}"
        case "job":
            return
                "{apiVersion: batch/v1, kind: Job, metadata: {\(metadata)}, spec: {parallelism: \(number), completions: \(number), completionMode: Indexed, template: {spec: {containers: [{name: c, resources: {limits: {nvidia.com/gpu: 1}}}]}}}}"
        case "deployment":
            return
                "{apiVersion: apps/v1, kind: Deployment, metadata: {\(metadata)}, spec: {replicas: \(number), template: {metadata: {labels: {app: a\(number)}}, spec: {containers: [{name: c}]}}}}"
        default: return "{apiVersion: v1, kind: ConfigMap, metadata: {\(metadata)}, data: {a: b\(number)}}"
        }
    }

    private mutating func node(_ name: String) -> String {
        let number = self.number(0...3)
        let labels = self.pick([
            "rack: r\(number)", "topology.kubernetes.io/zone: z\(number)", "nvidia.com/gpu.clique: c.\(number)",
            "nvidia.com/gpu.product: Tesla-T4-SHARED, nvidia.com/gpu.replicas: '4', nvidia.com/gpu.count: '2'", "",
        ])
        let pods = self.pick(["pods: 110, ", "pods: 110, ", ""])
        let taints = self.pick(["{key: k, effect: NoSchedule}", "{key: k, effect: bad}", ""])
        return """
            {apiVersion: v1, kind: Node, metadata: {name: \(name), labels: {\(labels)}}, spec: {taints: [\(taints)]}, \
            status: {allocatable: {cpu: \(number + 4), \(pods)memory: 64Gi, nvidia.com/gpu: 8}, \
            conditions: [{type: Ready, status: "\(self.pick(["True", "True", "False"]))", reason: r\(number)}]}}
            """
    }

    private mutating func pod(_ name: String, _ namespace: String) -> String {
        let number = self.number(0...3)
        let labels = self.pick([
            "", "app: a\(number)", "scheduling.x-k8s.io/pod-group: group\(number)",
            "kueue.x-k8s.io/pod-group-name: k\(number)",
            "training.kubeflow.org/job-name: t, training.kubeflow.org/replica-index: '\(number)'",
            "batch.kubernetes.io/job-name: job\(number), batch.kubernetes.io/job-completion-index: '\(number)'",
            "ray.io/cluster: r, ray.io/group: w", "volcano.sh/task-spec: a",
        ])
        let annotations = self.pick([
            "", "berth.dev/pod-group: own/\(number)", "berth.dev/devices: nvidia.com/gpu=\(number)",
            "scheduling.k8s.io/group-name: volcano\(number)", "pod-group-name: kai\(number)",
            "berth.dev/gpu-memory-mib: '7000'", "kueue.x-k8s.io/podset-required-topology: rack",
        ])
        let spec = self.pick([
            "", "nodeName: node\(number)", "nodeName: node\(number)", "nodeName: node\(number)",
            "schedulingGates: [{name: \(self.pick(["berth.dev/placement", "other.io/gate"]))}]",
            "priorityClassName: class\(number)", "schedulerName: elsewhere",
            "volumes: [{name: v, persistentVolumeClaim: {claimName: claim\(number)}}]",
            "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: rack, labelSelector: {}, namespaceSelector: {matchLabels: {team: t\(number)}}}]}}",
            "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, values: [node\(number)]}]}]}}}",
            "schedulingGroup: {podGroupName: kube\(number)}", "tolerations: [{key: k, operator: Exists}]",
            "tolerations: 7",
        ])
        let gpus = self.pick(["0", "1", "2", "bad"])
        let owner = self.pick([
            "", "ownerReferences: [{apiVersion: batch/v1, kind: Job, name: job\(number), controller: true}], ",
        ])
        return """
            {apiVersion: v1, kind: Pod, metadata: {name: \(name), namespace: \(namespace), \(owner)labels: {\(labels)}, \
            annotations: {\(annotations)}}, spec: {containers: [{name: c, resources: {requests: {cpu: 100m}, \
            limits: {nvidia.com/gpu: \(gpus)}}}]\(spec.isEmpty ? "" : ", \(spec)")}, \
            status: {phase: \(self.pick(["Pending", "Running", "Running", "Failed"])), nominatedNodeName: \(self.pick(["node\(number)", "''"]))}}
            """
    }
}
