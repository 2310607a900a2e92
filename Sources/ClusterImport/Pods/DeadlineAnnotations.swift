import KubernetesAPI
import SchedulingModel

/// When a pod's work must be done, and how long it takes: `berth.dev/finish-by` and `berth.dev/run-time`.
enum DeadlineAnnotations {
    static let finishBy = "berth.dev/finish-by"
    static let runTime = "berth.dev/run-time"

    static func deadline(_ annotations: [String: String], problems: inout [Problem]) -> WorkDeadline? {
        guard annotations[self.finishBy] != nil || annotations[self.runTime] != nil else { return nil }
        let finish = annotations[self.finishBy].flatMap(RFC3339.seconds)
        let run = annotations[self.runTime].flatMap(Self.seconds)
        if finish == nil {
            self.report(self.finishBy, annotations, "a time such as 2026-01-02T03:04:05Z", &problems)
        }
        if run == nil { self.report(self.runTime, annotations, "a duration such as 6h30m", &problems) }
        guard let finish, let run else { return nil }
        return WorkDeadline(finishBySeconds: finish, runSeconds: run)
    }

    private static func report(
        _ key: String, _ annotations: [String: String], _ expected: String, _ problems: inout [Problem]
    ) {
        let found = annotations[key].map { "\"\($0)\"" } ?? "nothing"
        problems.append(.warning("metadata.annotations[\(key)]", found: found, expected: expected))
    }

    /// Whole hours, minutes and seconds, each at most once and in this order: `6h30m`.
    static func seconds(_ text: String) -> Int64? {
        var rest = text[...]
        var total: Int64 = 0
        for (unit, length) in [("h", Int64(3600)), ("m", 60), ("s", 1)] {
            guard let end = rest.firstIndex(of: Character(unit)) else { continue }
            guard let count = Int64(rest[..<end]), (0...100_000_000).contains(count) else { return nil }
            total += count * length
            rest = rest[rest.index(after: end)...]
        }
        return rest.isEmpty && total > 0 ? total : nil
    }
}
