/// Annotations by which pods and nodes ask not to be disturbed for money's sake.
enum DisruptionMarks {
    /// Karpenter takes a duration, too: while it lasts, the pod stays. Here it stays for good, which is on the careful side.
    private static let doNotDisrupt = "karpenter.sh/do-not-disrupt"
    private static let safeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict"
    private static let scaleDownDisabled = "cluster-autoscaler.kubernetes.io/scale-down-disabled"

    static func protectPod(_ annotations: [String: String]) -> Bool {
        self.says(annotations[self.doNotDisrupt]) || annotations[self.safeToEvict] == "false"
    }

    static func protectNode(_ annotations: [String: String]) -> Bool {
        self.says(annotations[self.doNotDisrupt]) || annotations[self.scaleDownDisabled] == "true"
    }

    private static func says(_ value: String?) -> Bool { value.map { !$0.isEmpty && $0 != "false" } ?? false }
}
