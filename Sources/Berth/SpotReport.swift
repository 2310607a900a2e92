import PlanReport
import TraceReplay

/// What a replay of spot traces prints: each market, then all together.
struct SpotReport {
    let policy: String
    let seed: UInt64
    let figures: [(market: String, figures: SpotFigures)]

    private var total: SpotFigures {
        var total = SpotFigures()
        for entry in self.figures { total.add(entry.figures) }
        return total
    }

    var json: String {
        let value = JSONValue.object([
            .init("policy", .string(self.policy)), .init("seed", .integer(Int64(clamping: self.seed))),
            .init("markets", .object(self.figures.map { .init($0.market, Self.value(of: $0.figures)) })),
            .init("total", Self.value(of: self.total)),
        ])
        return value.text(lineDepth: 2) + "\n"
    }

    private static func value(of figures: SpotFigures) -> JSONValue {
        .object([
            .init("jobs", .integer(figures.jobs)), .init("finishedInTime", .integer(figures.finishedInTime)),
            .init("usefulGPUHours", .number(Self.hours(figures.usefulGPUSeconds))),
            .init("lostGPUHours", .number(Self.hours(figures.lostGPUSeconds))),
            .init("dollars", .number(Self.rounded(figures.dollars))),
            .init("onDemandDollars", .number(Self.rounded(figures.onDemandMicroUSD / 1e6))),
            .init(
                "dollarsPerUsefulGPUHour", figures.dollarsPerUsefulGPUHour.map { .number(Self.rounded($0)) } ?? .null),
            .init("waitingSeconds", .integer(figures.waitingSeconds)),
            .init("partialGangSeconds", .integer(figures.partialGangSeconds)),
            .init("interruptions", .integer(figures.interruptions)),
            .init("launchCalls", .integer(figures.launchCalls)),
        ])
    }

    /// To four decimals, so that the text is short.
    private static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }

    private static func hours(_ seconds: Int64) -> Double { self.rounded(Double(seconds) / 3600) }

    var table: String {
        var lines = ["policy \(self.policy), seed \(self.seed)"]
        for (market, figures) in self.figures + [("total", self.total)] {
            let perHour = figures.dollarsPerUsefulGPUHour.map { "\(Self.rounded($0))" } ?? "-"
            lines.append(
                "\(market): \(figures.finishedInTime) of \(figures.jobs) jobs in time, "
                    + "\(Self.hours(figures.usefulGPUSeconds)) useful GPU-hours, "
                    + "\(Self.hours(figures.lostGPUSeconds)) lost, \(Self.rounded(figures.dollars)) dollars, "
                    + "\(perHour) per useful GPU-hour, \(Self.hours(figures.waitingSeconds)) h waiting, "
                    + "\(figures.partialGangSeconds) s of partial gangs")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
