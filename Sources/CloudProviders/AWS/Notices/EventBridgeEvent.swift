import KubernetesAPI
import SchedulingModel

/// Reads EventBridge's events of EC2 and AWS Health.
///
/// - SeeAlso: "Spot Instance interruption notices", "Rebalance recommendations" and "Monitor state changes" in the EC2 User Guide;
///   "Reference: AWS Health events Amazon EventBridge schema" in the AWS Health User Guide.
enum EventBridgeEvent {
    /// Why an event is none that can be read: what was found, what was expected.
    struct Problem: Error, Equatable {
        let text: String
    }

    /// From the warning until EC2 takes a machine that it stops or terminates.
    private static let warningSeconds: Int64 = 120

    /// One notice per machine; none for an event that tells of no danger, such as a machine that starts.
    static func notices(in body: String) throws(Problem) -> [CloudNotice] {
        guard let value = JSONTree(parsing: body) else {
            throw Problem(text: "found \(body.utf8.count) bytes that are no JSON, expected an event")
        }
        // A topic between EventBridge and the queue wraps the event.
        if value["Type"]?.string == "Notification", let inner = value["Message"]?.string {
            return try self.event(JSONTree(parsing: inner) ?? .null)
        }
        return try self.event(value)
    }

    private static func event(_ event: JSONTree) throws(Problem) -> [CloudNotice] {
        guard let type = event["detail-type"]?.string, let detail = event["detail"] else {
            throw Problem(text: "found no detail-type and detail, expected an EventBridge event")
        }
        guard let time = event["time"]?.string.flatMap(RFC3339.seconds) else {
            throw Problem(text: "\(type): found time \(event["time"]?.text ?? "nothing"), expected an RFC 3339 time")
        }
        switch type {
        case "EC2 Spot Instance Interruption Warning":
            // Hibernation begins with the warning.
            let lead = detail["instance-action"]?.string == "hibernate" ? 0 : self.warningSeconds
            return [
                CloudNotice(
                    machine: try self.machine(detail, type), kind: .spotInterruption, saidAtSeconds: time,
                    takenAtSeconds: time + lead)
            ]
        case "EC2 Instance Rebalance Recommendation":
            return [
                CloudNotice(
                    machine: try self.machine(detail, type), kind: .rebalanceRecommendation, saidAtSeconds: time)
            ]
        case "EC2 Instance State-change Notification":
            let machine = try self.machine(detail, type)
            switch detail["state"]?.string {
            case "stopping", "stopped", "shutting-down", "terminated":
                return [CloudNotice(machine: machine, kind: .ended, saidAtSeconds: time, takenAtSeconds: time)]
            case "pending", "running": return []
            default:
                throw Problem(text: "\(type): found state \(detail["state"]?.text ?? "nothing"), expected one of EC2's")
            }
        case "AWS Health Event": return try self.health(detail, type, time)
        default: throw Problem(text: "found detail-type \(type), which Berth does not know")
        }
    }

    private static func machine(_ detail: JSONTree, _ type: String) throws(Problem) -> MachineID {
        guard let id = detail["instance-id"]?.string, !id.isEmpty else {
            throw Problem(text: "\(type): found no instance-id")
        }
        return MachineID(id)
    }

    private static func health(_ detail: JSONTree, _ type: String, _ time: Int64) throws(Problem) -> [CloudNotice] {
        guard let service = detail["service"]?.string, let category = detail["eventTypeCategory"]?.string else {
            throw Problem(text: "\(type): found no service and eventTypeCategory")
        }
        guard service == "EC2", category == "scheduledChange", detail["statusCode"]?.string != "closed" else {
            return []
        }
        let start = detail["startTime"]?.string
        let startSeconds = start.flatMap { HTTPDate.seconds($0) ?? RFC3339.seconds($0) }
        if let start, startSeconds == nil {
            throw Problem(text: "\(type): found startTime \(start), expected a time")
        }
        // Entities of other kinds may stand beside machines.
        return (detail["affectedEntities"]?.elements ?? []).compactMap { $0["entityValue"]?.string }
            .filter { $0.hasPrefix("i-") }
            .map {
                CloudNotice(
                    machine: MachineID($0), kind: .scheduledChange, saidAtSeconds: time, takenAtSeconds: startSeconds)
            }
    }
}
