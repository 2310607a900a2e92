import KubernetesAPI

/// Tells whether a pod picks nodes by a label that stands for shared or sliced GPUs, and so accepts a slot.
enum SharingSelection {
    static func isMade(by spec: PodSpec) -> Bool {
        if spec.nodeSelector.contains(where: { self.namesSharing(key: $0.key, value: $0.value) }) { return true }
        let terms = spec.affinity?.requiredNodes?.terms ?? []
        return terms.contains { term in
            term.matchExpressions.contains { expression in
                switch expression.operator {
                case .in: expression.values.contains { self.namesSharing(key: expression.key, value: $0) }
                case .exists: self.standsOnSharedNodesOnly.contains(expression.key)
                case .greaterThan:
                    expression.key == self.replicas && (expression.values.first.flatMap { Int64($0) } ?? 0) >= 1
                case .notIn, .doesNotExist, .lessThan: false
                }
            }
        }
    }

    private static let replicas = "nvidia.com/gpu.replicas"
    private static let standsOnSharedNodesOnly: Set = [
        "cloud.google.com/gke-gpu-sharing-strategy", "cloud.google.com/gke-max-shared-clients-per-gpu",
        "cloud.google.com/gke-gpu-partition-size",
    ]

    static func namesSharing(key: String, value: String) -> Bool {
        switch key {
        case "nvidia.com/gpu.product": value.hasSuffix("-SHARED") || value.contains("-MIG-")
        case "nvidia.com/gpu.sharing-strategy": value == "time-slicing" || value == "mps"
        case self.replicas: (Int64(value) ?? 0) > 1
        // Under the mixed strategy the plain name still means whole GPUs.
        case "nvidia.com/mig.strategy": value == "single"
        default: self.standsOnSharedNodesOnly.contains(key)
        }
    }
}
