import Foundation
import KubernetesAPI

/// Pods and nodes as an API server writes them: one pod and one node of a real cluster's dump, over and over, with names, UIDs, nodes and versions of
/// their own, and with the `managedFields` that every server sends and no dump shows. Pods are members of training jobs of eight: labels, owner, the
/// master's address and the rank are those of their job and place.
struct CannedCluster: Sendable {
    let podCount: Int
    let nodeCount: Int
    private let pod: Template
    private let node: Template

    /// - Parameter dump: `examples/eks-p4d.json`.
    init(podCount: Int, nodeCount: Int, dump: String) throws {
        self.podCount = podCount
        self.nodeCount = nodeCount
        let data = try Data(contentsOf: URL(filePath: dump))
        let objects = data.withUnsafeBytes { ManifestReader.read($0, file: dump) }.objects
        guard let pod = objects.first(where: { $0.title == "Pod ml/resnet-xl-master-0" }),
            let node = objects.first(where: { $0.kind == "Node" })
        else { throw CocoaError(.fileReadCorruptFile) }
        self.pod = Template(Self.pod(pod))
        self.node = Template(Self.node(node))
    }

    private static func pod(_ object: ManifestObject) -> JSONTree {
        var pod = JSONTree(object.value)
        pod[path: ["metadata", "name"]] = .string("worker-\(Template.index)")
        pod[path: ["metadata", "uid"]] = .string("00000000-0000-4000-8000-00000\(Template.index)")
        pod[path: ["metadata", "resourceVersion"]] = .string(Template.version)
        pod[path: ["metadata", "managedFields"]] = Self.managedFields
        pod[path: ["spec", "nodeName"]] = .string("node-\(Template.node)")
        let job = "resnet-\(Template.job)"
        for label in ["scheduling.x-k8s.io/pod-group", "training.kubeflow.org/job-name"] {
            pod[path: ["metadata", "labels", label]] = .string(job)
        }
        pod[path: ["metadata", "labels", "training.kubeflow.org/replica-index"]] = .string(Template.rank)
        pod[path: ["metadata", "ownerReferences"]] = [
            [
                "apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "name": .string(job),
                "controller": .boolean(true),
                "uid": .string("00000000-0000-4000-a000-00000\(Template.job)"),
            ]
        ]
        guard case .array(var containers) = pod[path: ["spec", "containers"]], !containers.isEmpty else { return pod }
        containers[0]["env"] = [
            ["name": "MASTER_ADDR", "value": .string("\(job)-master-0")], ["name": "MASTER_PORT", "value": "23456"],
            ["name": "WORLD_SIZE", "value": "64"], ["name": "RANK", "value": .string(Template.rank)],
            ["name": "PET_NNODES", "value": "8"], ["name": "PET_NPROC_PER_NODE", "value": "8"],
        ]
        pod[path: ["spec", "containers"]] = .array(containers)
        return pod
    }

    private static func node(_ object: ManifestObject) -> JSONTree {
        var node = JSONTree(object.value)
        node[path: ["metadata", "name"]] = .string("node-\(Template.index)")
        node[path: ["metadata", "uid"]] = .string("00000000-0000-4000-9000-00000\(Template.index)")
        node[path: ["metadata", "resourceVersion"]] = .string(Template.version)
        node[path: ["metadata", "labels", "kubernetes.io/hostname"]] = .string("node-\(Template.index)")
        node[path: ["metadata", "managedFields"]] = Self.managedFields
        node[path: ["status", "images"]] = .array(
            (0..<50).map { image in
                [
                    "names": [
                        .string("registry.invalid/team/image-\(image)@sha256:\(String(repeating: "0", count: 64))")
                    ],
                    "sizeBytes": .integer(123_456_789),
                ]
            })
        return node
    }

    /// Two managers with about as many fields as kubelet and kube-controller-manager own of a pod.
    private static let managedFields: JSONTree = .array(
        ["kube-controller-manager", "kubelet"].map { manager in
            var fields: JSONTree = [:]
            for index in 0..<24 {
                fields[path: ["f:status", "f:conditions", "k:{\"type\":\"Condition\(index)\"}"]] = [
                    ".": [:], "f:lastTransitionTime": [:], "f:status": [:],
                ]
            }
            return [
                "manager": .string(manager), "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
                "time": "2026-11-23T20:41:55Z", "fieldsV1": fields,
            ]
        })

    func append(pod index: Int, version: Int, to bytes: inout [UInt8]) {
        self.pod.append(index: index, node: index % max(1, self.nodeCount), version: version, to: &bytes)
    }

    func append(node index: Int, version: Int, to bytes: inout [UInt8]) {
        self.node.append(index: index, node: index, version: version, to: &bytes)
    }
}

/// An object's JSON with places for numbers of fixed width.
private struct Template: Sendable {
    static let index = "~~~~~~~"
    static let node = "@@@@@@@"
    static let version = "^^^^^^^^^"
    static let job = "%%%%%%%"
    static let rank = "`"
    private static let jobSize = 8

    private struct Place {
        let offset: Int
        let sign: UInt8
        let width: Int
    }

    private let bytes: [UInt8]
    private let places: [Place]

    init(_ tree: JSONTree) {
        let bytes = tree.bytes
        self.bytes = bytes
        self.places = [Self.index, Self.node, Self.version, Self.job, Self.rank].flatMap { text -> [Place] in
            let wanted = Array(text.utf8)
            return bytes.indices.dropLast(wanted.count).filter { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
                .map { Place(offset: $0, sign: wanted[0], width: wanted.count) }
        }
    }

    func append(index: Int, node: Int, version: Int, to buffer: inout [UInt8]) {
        let start = buffer.count
        buffer += self.bytes
        for place in self.places {
            var number =
                switch place.sign {
                case UInt8(ascii: "~"): index
                case UInt8(ascii: "@"): node
                case UInt8(ascii: "%"): index / Self.jobSize
                case UInt8(ascii: "`"): index % Self.jobSize
                default: version
                }
            for digit in (0..<place.width).reversed() {
                buffer[start + place.offset + digit] = UInt8(ascii: "0") + UInt8(number % 10)
                number /= 10
            }
        }
    }
}
