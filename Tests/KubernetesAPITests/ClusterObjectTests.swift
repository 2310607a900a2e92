import Foundation
import KubernetesAPI
import Testing

@Suite("Nodes and what belongs to the cluster")
struct ClusterObjectTests {
    @Test("a node with its taints, sizes and conditions")
    func node() throws {
        let text = """
            {apiVersion: v1, kind: Node, metadata: {name: n1, labels: {zone: a}},
             spec: {unschedulable: true, providerID: 'aws:///x', taints: [{key: k, value: v, effect: NoExecute}]},
             status: {allocatable: {nvidia.com/gpu: "8", memory: 1Ti}, capacity: {nvidia.com/gpu: "8", pods: 110},
              conditions: [{type: Ready, status: "False"}]}}
            """
        let (found, findings) = try read(text, as: Node.self)
        let node = try #require(found)
        #expect(findings == [])
        #expect(node.isUnschedulable)
        #expect(node.providerID == "aws:///x")
        #expect(node.taints.map(\.key) == ["k"])
        #expect(node.taints.map(\.value) == ["v"])
        #expect(node.taints.map(\.effect) == [.noExecute])
        #expect(node.allocatable.mapValues(\.text) == ["nvidia.com/gpu": "8", "memory": "1Ti"])
        #expect(node.capacity["pods"]?.units(rounding: .down) == 110)
        #expect(node.isReady == false)
        #expect(!node.hasErrors)
    }

    @Test("a node without spec and status is a node that says nothing")
    func bareNode() throws {
        let node = try #require(try read("{apiVersion: v1, kind: Node, metadata: {name: n1}}", as: Node.self).object)
        #expect(node.isReady == nil)
        #expect(node.allocatable.isEmpty)
        #expect(!node.isUnschedulable)
    }

    @Test("a node keeps what is good beside a bad taint and a bad amount, and says so")
    func badNode() throws {
        let text = """
            {apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {taints: [{key: k}, {key: l, effect: NoSchedule}]},
             status: {allocatable: {cpu: .nan, memory: 1}}}
            """
        let contents = ManifestReader.read(text, file: "f")
        var findings = contents.findings
        let node = try #require(contents.objects.first?.read(Node.self, into: &findings))
        #expect(node.hasErrors)
        #expect(node.taints.map(\.key) == ["l"])
        #expect(node.allocatable.mapValues(\.text) == ["memory": "1"])
        #expect(
            findings.map(\.description) == [
                "f: found .nan at line 2, expected a finite number",
                "f: Node n1: spec.taints[0].effect: found nothing, "
                    + "expected NoSchedule or PreferNoSchedule or NoExecute",
                "f: Node n1: status.allocatable.cpu: found \".nan\", expected a quantity such as 2, 500m or 1.5Gi",
            ])
    }

    @Test("a volume with its nodes and its claim")
    func persistentVolume() throws {
        let text = """
            {apiVersion: v1, kind: PersistentVolume, metadata: {name: p}, spec: {storageClassName: fast,
              claimRef: {namespace: ml, name: c, uid: u},
              nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: z, operator: In, values: [a]}]}]}}},
             status: {phase: Bound}}
            """
        let volume = try #require(try read(text, as: PersistentVolume.self).object)
        #expect(volume.claimReference?.namespace == "ml")
        #expect(volume.claimReference?.name == "c")
        #expect(volume.requiredNodes?.terms.first?.matchExpressions.map(\.key) == ["z"])
        #expect(volume.storageClassName == "fast")
        #expect(volume.phase == "Bound")
    }

    @Test("a claim tells no class from the default class")
    func persistentVolumeClaim() throws {
        let head = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, "
        let bound = try read(
            head + "spec: {volumeName: p, storageClassName: ''}, status: {phase: Bound}}",
            as: PersistentVolumeClaim.self)
        #expect(bound.object?.volumeName == "p")
        #expect(bound.object?.storageClassName == "")
        #expect(bound.object?.phase == "Bound")
        let waiting = try read(head + "spec: {}}", as: PersistentVolumeClaim.self)
        #expect(waiting.object?.volumeName == nil)
        #expect(waiting.object?.storageClassName == nil)
    }

    @Test("a storage class with its binding mode and topologies")
    func storageClass() throws {
        let text = """
            {apiVersion: storage.k8s.io/v1, kind: StorageClass, volumeBindingMode: WaitForFirstConsumer,
             metadata: {name: s, annotations: {storageclass.kubernetes.io/is-default-class: "true"}},
             allowedTopologies: [{matchLabelExpressions: [{key: z, values: [a, b]}]}]}
            """
        let storageClass = try #require(try read(text, as: StorageClass.self).object)
        #expect(storageClass.volumeBindingMode == .waitForFirstConsumer)
        #expect(storageClass.allowedTopologies.map(\.values) == [["z": ["a", "b"]]])
        #expect(storageClass.isDefault)
    }

    @Test("a priority class needs its value")
    func priorityClass() throws {
        let head = "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, "
        let high = try read(head + "value: 1000, globalDefault: true, preemptionPolicy: Never}", as: PriorityClass.self)
        #expect(high.object?.value == 1_000)
        #expect(high.object?.isGlobalDefault == true)
        #expect(high.object?.preemptionPolicy == .never)
        let none = try read(head + "globalDefault: false}", as: PriorityClass.self)
        #expect(none.object == nil)
        #expect(none.findings == ["value: found nothing, expected a whole number"])
    }

    /// Dumps of real clusters that stand beside the repository where it is developed.
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/fixtures/clusters").standardizedFileURL

    @Test(
        "dumps of real clusters are read without a finding, and equally from JSON and YAML",
        .enabled(if: FileManager.default.fileExists(atPath: folder.path), "needs ../shared/fixtures"))
    func realDumps() throws {
        func content(_ name: String) throws -> (nodes: Set<Node>, pods: Set<Pod>) {
            let data = try Data(contentsOf: Self.folder.appendingPathComponent(name))
            let contents = ManifestReader.read([UInt8](data), file: name)
            var findings = contents.findings
            let nodes = contents.objects.filter { $0.kind == "Node" }.compactMap { $0.read(Node.self, into: &findings) }
            let pods = contents.objects.filter { $0.kind == "Pod" }.compactMap { $0.read(Pod.self, into: &findings) }
            #expect(findings == [])
            return (Set(nodes), Set(pods))
        }
        let (json, yaml) = (try content("small-dgx.json"), try content("small-dgx.yaml"))
        #expect(json.nodes.count == 5)
        #expect(json.pods.count == 26)
        #expect(json.nodes == yaml.nodes)
        #expect(json.pods == yaml.pods)
        for name in ["eks-p4d.json", "mig.json", "nvl72.json", "shared-inference.json"] { _ = try content(name) }
    }
}
