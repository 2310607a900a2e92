import ClusterImport
import KubernetesAPI
import SchedulingModel

/// The one JSON patch that takes our gate off a pod, pins it to its node, and writes that this is our pin and which devices were chosen.
///
/// The pin is required node affinity on `matchFields: metadata.name`, added to every term that the pod has: terms are
/// alternatives, and one left open would let the pod go elsewhere. The patch tests UID and version, so it fails whole where the pod is
/// another one or has changed.
struct ReleasePatch {
    let operations: JSONTree

    /// Nil where the pod does not carry the gate.
    init?(pod: JSONValue, gate: String, assignment: Assignment) {
        guard let uid = pod["metadata"]?["uid"]?.string, let version = pod["metadata"]?["resourceVersion"]?.string,
            let position = PodDoor.gates(of: pod).firstIndex(of: gate)
        else { return nil }
        var operations: [JSONTree] = [
            Self.operation("test", "/metadata/uid", .string(uid)),
            Self.operation("test", "/metadata/resourceVersion", .string(version)),
            ["op": "remove", "path": .string("/spec/schedulingGates/\(position)")],
        ]
        operations += Self.pin(pod, assignment.node)
        operations += Self.annotations(
            pod,
            [
                (PodDoor.pinAnnotation, assignment.node.rawValue),
                (DeviceAnnotation.key, DeviceAnnotation(assignment.devices)?.text),
            ])
        self.operations = .array(operations)
    }

    private static func operation(_ name: JSONTree, _ path: String, _ value: JSONTree) -> JSONTree {
        ["op": name, "path": .string(path), "value": value]
    }

    /// What an earlier decision left there goes, whatever the new one says.
    private static func annotations(_ pod: JSONValue, _ wanted: [(key: String, text: String?)]) -> [JSONTree] {
        let known = pod["metadata"]?["annotations"]
        guard known?.isObject ?? false else {
            let members = wanted.compactMap { key, text in text.map { JSONTree.Member(key, .string($0)) } }
            return [Self.operation("add", "/metadata/annotations", .object(members))]
        }
        return wanted.compactMap { key, text in
            let path = "/metadata/annotations/\(key.replacing("/", with: "~1"))"
            if let text { return Self.operation("add", path, .string(text)) }
            return known?[key] == nil ? nil : ["op": "remove", "path": .string(path)]
        }
    }

    private static let affinity = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]

    private static func pin(_ pod: JSONValue, _ node: NodeName) -> [JSONTree] {
        let field: JSONTree = ["key": "metadata.name", "operator": "In", "values": [.string(node.rawValue)]]
        let spec = JSONTree(pod)["spec"] ?? [:]
        let terms = spec[path: Self.affinity + ["nodeSelectorTerms"]]?.elements ?? []
        guard terms.isEmpty else {
            return terms.enumerated().map { index, term in
                let path = "/spec/\(Self.affinity.joined(separator: "/"))/nodeSelectorTerms/\(index)/matchFields"
                let fields = term["matchFields"]?.elements ?? []
                return Self.operation("add", path, .array(fields + [field]))
            }
        }
        var value: JSONTree = ["nodeSelectorTerms": [["matchFields": [field]]]]
        // The longest part of the path that is there already stays; the rest is added as one value.
        var path = Self.affinity
        while path.count > 1, spec[path: Array(path.dropLast())] == nil {
            value = .object([.init(path.removeLast(), value)])
        }
        return [Self.operation("add", "/spec/" + path.joined(separator: "/"), value)]
    }
}
