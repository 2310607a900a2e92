import SchedulingModel

/// What a node itself says about being taken: by taints that other projects write, and by those that the import makes of its conditions.
struct NodeSignal: Hashable {
    enum Time: Hashable {
        /// Milliseconds since 1970.
        case at(millis: Int64)
        /// From when the signal is first seen.
        case within(millis: Int64)
        /// Likelier than others to be taken, or at a time that nobody has said: no reason to pay twice.
        case unknown
    }

    /// The taint's key, with the kind of a scheduled event: `berth.dev/scheduled-event=Preempt`.
    var source: String
    var time: Time

    /// What each taint leaves: AWS' node termination handler, GKE, and Kubernetes itself for machines that are off already.
    private static let byTaint: [String: Time] = [
        "aws-node-termination-handler/spot-itn": .within(millis: 120_000),
        "aws-node-termination-handler/asg-lifecycle-termination": .within(millis: 120_000),
        "aws-node-termination-handler/scheduled-maintenance": .unknown,
        "aws-node-termination-handler/rebalance-recommendation": .unknown,
        "cloud.google.com/impending-node-termination": .within(millis: 25_000),
        "node.cloudprovider.kubernetes.io/shutdown": .within(millis: 0),
        "node.kubernetes.io/out-of-service": .within(millis: 0),
    ]

    /// The least that Azure leaves; a kubelet that is shutting down ends its pods itself.
    private static let byEvent: [String: Int64] = [
        "Preempt": 30_000, "Terminate": 300_000, "Redeploy": 600_000, "Reboot": 900_000, "Shutdown": 0,
    ]

    /// In the order of the node's taints.
    static func all(of node: NodeState) -> [NodeSignal] {
        node.taints.compactMap { taint in
            if let time = Self.byTaint[taint.key] { return NodeSignal(source: taint.key, time: time) }
            guard let event = taint.scheduledEvent else { return nil }
            let source = "\(taint.key)=\(event.kind)"
            if let seconds = event.atSeconds { return NodeSignal(source: source, time: .at(millis: seconds * 1000)) }
            return NodeSignal(source: source, time: Self.byEvent[event.kind].map(Time.within) ?? .unknown)
        }
    }
}
