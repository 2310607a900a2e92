import KubernetesAPI
import SchedulingModel

/// Schedules and disruption budgets of a pool.
extension PoolSettings {
    mutating func readTimes(_ fields: ObjectReader) {
        for schedule in fields.objects("schedules") {
            schedule.refuseFields(besides: ["days", "from", "until", "minNodes"])
            guard let window = WeeklyWindow(reading: schedule),
                let least = schedule.requiredInteger("minNodes", in: 0...1_000_000)
            else { continue }
            if least > self.maxNodes { schedule.report("minNodes", expected: "at most maxNodes, \(self.maxNodes)") }
            self.schedules.append(ScheduledMinimum(window: window, minNodes: Int(clamping: least)))
        }
        self.disruptionBudgets = fields.objects("disruptionBudgets").map { budget in
            budget.refuseFields(besides: ["days", "from", "until", "nodes"])
            let isAlways = !["days", "from", "until"].contains(where: budget.has)
            let window = isAlways ? nil : WeeklyWindow(reading: budget)
            guard let limit = Self.limit(budget), isAlways || window != nil else {
                // What was meant is not known: nothing is disrupted.
                return NodeDisruptionBudget(limit: .count(0))
            }
            return NodeDisruptionBudget(limit: limit, window: window)
        }
    }

    private static func limit(_ budget: ObjectReader) -> NodeDisruptionBudget.Limit? {
        let field = budget.field("nodes")
        if let count = field?.integer, (0...1_000_000).contains(count) { return .count(Int(count)) }
        if let text = field?.string, text.hasSuffix("%"), let percent = Int(text.dropLast()),
            (0...100).contains(percent)
        {
            return .percent(percent)
        }
        budget.report("nodes", expected: "a whole number from 0, or a percentage such as \"10%\"")
        return nil
    }
}

extension WeeklyWindow {
    /// `days` (every day where it is left out), `from` and `until`, in UTC. What ends before it begins ends on the day after.
    init?(reading fields: ObjectReader) {
        var days = Set(Day.allCases)
        if fields.has("days") {
            let names = fields.strings("days")
            days = Set(names.compactMap(Day.init(rawValue:)))
            if days.count != names.count || days.isEmpty {
                fields.report("days", expected: "days as mon, tue, wed, thu, fri, sat, sun")
                return nil
            }
        }
        guard let start = Self.minute("from", fields), let end = Self.minute("until", fields) else { return nil }
        guard start != end, start < 1440 else {
            fields.report("until", expected: "another time than from")
            return nil
        }
        self.init(days: days, startMinute: start, minuteCount: end > start ? end - start : end + 1440 - start)
    }

    /// `00:00` to `24:00`.
    private static func minute(_ key: String, _ fields: ObjectReader) -> Int? {
        let parts = (fields.field(key)?.string ?? "").split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy(\.isASCIIDigit) }),
            let hour = Int(parts[0]),
            let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= 1440
        {
            return hour * 60 + minute
        }
        fields.report(key, expected: "a time of day in UTC such as \"08:30\"")
        return nil
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { self.isASCII && self.isNumber }
}
