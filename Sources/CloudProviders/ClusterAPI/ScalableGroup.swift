import ClusterImport
import KubernetesAPI
import SchedulingModel

/// A MachineDeployment or MachinePool as it was read.
struct ScalableGroup {
    let name: String
    let resourceVersion: String
    let replicas: Int
    let annotations: [String: String]
    /// Nil where somebody wrote what is no record.
    let record: ScalingRecord?
    /// Labels of the machine template that Cluster API puts on nodes.
    let nodeLabels: [String: String]

    private static let nodeLabelDomains = [
        "node-role.kubernetes.io", "node-restriction.kubernetes.io", "node.cluster.x-k8s.io",
    ]

    init?(_ object: JSONValue) {
        guard let metadata = object["metadata"], let name = metadata["name"]?.string,
            let version = metadata["resourceVersion"]?.string
        else { return nil }
        self.name = name
        self.resourceVersion = version
        // The API server's default, where the field is left out.
        self.replicas = Int(clamping: object["spec"]?["replicas"]?.integer ?? 1)
        self.annotations = Self.map(metadata["annotations"])
        self.record = self.annotations[ScalingRecord.annotation].map(ScalingRecord.init(parsing:)) ?? ScalingRecord()
        let labels = Self.map(object["spec"]?["template"]?["metadata"]?["labels"])
        self.nodeLabels = labels.filter { key, _ in
            let domain = key.split(separator: "/").first.map(String.init) ?? ""
            return key.contains("/") && Self.nodeLabelDomains.contains { domain == $0 || domain.hasSuffix("." + $0) }
        }
    }

    private static func map(_ value: JSONValue?) -> [String: String] {
        var map: [String: String] = [:]
        guard let value, value.isObject else { return map }
        for (key, member) in value.members { map[key] = member.string ?? "" }
        return map
    }

    /// A merge patch that sets size and record together, and only if nobody wrote the object since it was read.
    func patch(replicas: Int, _ record: ScalingRecord) -> JSONTree {
        [
            "metadata": [
                "resourceVersion": .string(self.resourceVersion),
                "annotations": .object([.init(ScalingRecord.annotation, .string(record.text))]),
            ],
            "spec": ["replicas": .integer(Int64(replicas))],
        ]
    }
}

/// One Machine object of a group.
struct ClusterMachine {
    let name: String
    let group: String
    /// Set once the infrastructure is there.
    let providerID: String?
    let isTerminating: Bool
    let isMarkedForDeletion: Bool
    /// Why it will not come; nil while it may.
    let failure: String?

    /// As the node names it that it becomes. Until it has infrastructure nobody else knows it: the name of the object.
    var id: MachineID { self.providerID.flatMap(MachineID.init(providerID:)) ?? MachineID(self.name) }

    static let deleteAnnotation = "cluster.x-k8s.io/delete-machine"

    /// - Parameter groupLabel: The label that names the group.
    init?(_ object: JSONValue, groupLabel: String) {
        guard let metadata = object["metadata"], let name = metadata["name"]?.string,
            let group = metadata["labels"]?[groupLabel]?.string
        else { return nil }
        self.name = name
        self.group = group
        let text = { (value: JSONValue?) in value?.string.flatMap { $0.isEmpty ? nil : $0 } }
        self.providerID = text(object["spec"]?["providerID"])
        self.isTerminating = metadata["deletionTimestamp"]?.string != nil
        self.isMarkedForDeletion = metadata["annotations"]?[Self.deleteAnnotation] != nil
        self.failure = Self.failure(object["status"])
    }

    /// v1beta1 has the reason in the status, v1beta2 below `deprecated`. A condition of severity Error is how v1beta1 says that
    /// the infrastructure was refused; v1beta2's conditions do not tell an error from work in progress.
    private static func failure(_ status: JSONValue?) -> String? {
        guard let status else { return nil }
        for part in [status, status["deprecated"]?["v1beta1"]] {
            guard let reason = part?["failureReason"]?.string else { continue }
            return "\(reason): \(part?["failureMessage"]?.string ?? "")"
        }
        let conditions = status["conditions"].map { Array($0.elements) } ?? []
        let refused = conditions.first {
            $0["type"]?.string == "InfrastructureReady" && $0["status"]?.string == "False"
                && $0["severity"]?.string == "Error"
        }
        if let refused { return "\(refused["reason"]?.string ?? ""): \(refused["message"]?.string ?? "")" }
        return status["phase"]?.string == "Failed" ? "phase Failed" : nil
    }
}
