import KubernetesAPI
import SchedulingModel

/// What agents on a node say in its conditions: that the machine below is going to be taken.
enum ScheduledEvent {
    /// Azure's events after which no pod of the node is left. `Freeze` pauses the machine for seconds and takes nothing.
    private static let takingKinds = ["Preempt", "Terminate", "Redeploy", "Reboot"]

    /// Nil where nothing is announced. Of several events the one that is known to come first.
    static func taint(of conditions: [Condition]) -> Taint? {
        let found = conditions.compactMap(Self.taint)
        return found.min { ($0.scheduledEvent?.atSeconds ?? .max) < ($1.scheduledEvent?.atSeconds ?? .max) }
    }

    private static func taint(of condition: Condition) -> Taint? {
        if condition.type == "Ready" {
            // A kubelet that has seen the machine's shutdown begin.
            let isShuttingDown = condition.status != "True" && condition.message == "node is shutting down"
            return isShuttingDown ? .scheduledEvent("Shutdown", atSeconds: nil) : nil
        }
        guard condition.status == "True" else { return nil }
        // AKS' node problem detector says `VMEventScheduled` with the message `Preempt Scheduled: Mon, 02 Mar 2026 19:01:45 GMT`;
        // other agents have one condition for each kind, as `PreemptScheduled`.
        let message = condition.message ?? ""
        let kind = Self.takingKinds.first { kind in
            condition.type == "\(kind)Scheduled"
                || condition.type == "VMEventScheduled" && message.hasPrefix("\(kind) Scheduled")
        }
        guard let kind else { return nil }
        let time = message.firstRange(of: "Scheduled: ").map { String(message[$0.upperBound...]) }
        return .scheduledEvent(kind, atSeconds: time.flatMap { HTTPDate.seconds($0) ?? RFC3339.seconds($0) })
    }
}
