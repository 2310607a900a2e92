import PlanReport
import TraceReplay

/// What a replay of the openb trace prints.
struct OpenbReport {
    let policy: String
    let seed: UInt64
    let figures: ReplayFigures
    /// Proven for `boundPercent` arrived; nil where nobody asked, or the sequence ends before.
    var leastUnallocatedPercent: Double?

    static let boundPercent = 100

    private static let percents = Array(stride(from: 80, through: 130, by: 5))

    // MARK: JSON

    var json: String {
        let value = JSONValue.object([
            .init("policy", .string(self.policy)), .init("seed", .integer(Int64(clamping: self.seed))),
            .init("clusterGPUs", .number(Double(self.figures.clusterGPUMillis) / 1000)),
            .init("arrivals", .integer(self.figures.arrivals)), .init("placed", .integer(self.figures.placed)),
            .init("arrivedGPUs", .number(Double(self.figures.arrivedGPUMillis) / 1000)),
            .init("allocatedGPUs", .number(Double(self.figures.allocatedGPUMillis) / 1000)),
            .init("allocatedPercent", self.shares(self.figures.allocatedPercent)),
            .init("unallocatedPercent", self.shares(self.figures.unallocatedPercent)),
            .init("leastUnallocatedPercent", self.leastUnallocated),
            .init(
                "failures",
                .object(
                    ReplayFigures.PodKind.allCases.map {
                        .init($0.rawValue, .integer(self.figures.failures[$0] ?? 0))
                    })),
            .init("placementNanoseconds", self.times),
            .init("planningSeconds", .number(self.planningSeconds)),
        ])
        return value.text(lineDepth: 2) + "\n"
    }

    private var leastUnallocated: JSONValue {
        guard let least = self.leastUnallocatedPercent else { return .null }
        return .object([.init("\(Self.boundPercent)", .number(Self.tenThousandths(least)))])
    }

    private static func tenThousandths(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }

    /// By percent of arrived demand; null where the sequence ends before.
    private func shares(_ share: (Int) -> Double?) -> JSONValue {
        .object(
            Self.percents.map { percent in
                .init("\(percent)", share(percent).map { .number(Self.tenThousandths($0)) } ?? .null)
            })
    }

    private var times: JSONValue {
        let sorted = self.figures.nanoseconds.sorted()
        return .object([
            .init("mean", .integer(Self.mean(sorted))), .init("p50", .integer(Self.quantile(sorted, 50))),
            .init("p99", .integer(Self.quantile(sorted, 99))), .init("max", .integer(sorted.last ?? 0)),
        ])
    }

    private static func mean(_ values: [Int64]) -> Int64 {
        values.isEmpty ? 0 : values.reduce(0, +) / Int64(values.count)
    }

    private static func quantile(_ sorted: [Int64], _ percent: Int) -> Int64 {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * percent / 100)]
    }

    private var planningSeconds: Double { Double(self.figures.preparationNanoseconds / 1_000_000) / 1000 }

    // MARK: Table

    var table: String {
        var lines = [
            "policy \(self.policy), seed \(self.seed): \(self.figures.placed) of \(self.figures.arrivals) pods placed",
            "",
            "  ARRIVED %  ALLOCATED %  UNALLOCATED %",
        ]
        for percent in Self.percents {
            guard let allocated = self.figures.allocatedPercent(atArrived: percent) else { continue }
            lines.append(
                "  \(Self.right("\(percent)", 9))  \(Self.right(Self.hundredths(allocated), 11))"
                    + "  \(Self.right(Self.hundredths(100 - allocated), 13))")
        }
        if let least = self.leastUnallocatedPercent {
            lines += [
                "",
                "no policy leaves less than \(Self.hundredths(least)) % unallocated at \(Self.boundPercent) % arrived",
            ]
        }
        let failures = ReplayFigures.PodKind.allCases.map { "\($0.rawValue) \(self.figures.failures[$0] ?? 0)" }
        let sorted = self.figures.nanoseconds.sorted()
        lines += [
            "", "refused for lack of room: " + failures.joined(separator: ", "),
            "time per placement: mean \(Self.mean(sorted)) ns, median \(Self.quantile(sorted, 50)) ns, "
                + "99th percentile \(Self.quantile(sorted, 99)) ns",
            "planning between placements: \(self.planningSeconds) s",
        ]
        return lines.map { $0 + "\n" }.joined()
    }

    private static func hundredths(_ value: Double) -> String {
        let scaled = Int((value * 100).rounded())
        let fraction = scaled % 100
        return "\(scaled / 100)." + (fraction < 10 ? "0" : "") + "\(fraction)"
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
