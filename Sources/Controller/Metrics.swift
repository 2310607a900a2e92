import Synchronization

/// Counters, gauges and histograms in Prometheus' text form. Names, units and meanings are in `docs/metrics.md`.
public final class Metrics: Sendable {
    public enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    /// What a family is called and means. Families are declared once, so that none can be misspelt where it is written.
    public struct Family: Sendable, Hashable {
        public let name: String
        public let kind: Kind
        public let help: String
        /// In the order of the values.
        public let labels: [String]
        /// Of a histogram: upper bounds of its buckets in seconds, rising.
        public let bounds: [Double]

        public init(
            _ name: String, _ kind: Kind, labels: [String] = [], bounds: [Double] = Metrics.callBounds, _ help: String
        ) {
            self.name = name
            self.kind = kind
            self.help = help
            self.labels = labels
            self.bounds = bounds
        }
    }

    /// For calls: 1 ms to 16 s, each twice the one before.
    public static let callBounds: [Double] = (0..<15).map { 0.001 * Double(1 << $0) }
    /// For pods that wait: 1 s to 9 h, each twice the one before.
    public static let waitBounds: [Double] = (0..<16).map { Double(1 << $0) }

    private struct Series {
        var value = 0.0
        var buckets: [UInt64] = []
        var count: UInt64 = 0
    }

    private let series = Mutex<[Family: [[String]: Series]]>([:])

    public init() {}

    public func add(_ family: Family, _ labels: [String] = [], by amount: Double = 1) {
        self.change(family, labels) { $0.value += amount }
    }

    public func set(_ family: Family, _ labels: [String] = [], to value: Double) {
        self.change(family, labels) { $0.value = value }
    }

    /// Replaces all series of a family, so that those that are over go.
    public func replace(_ family: Family, by values: [[String]: Double]) {
        self.series.withLock { series in
            series[family] = values.mapValues { Series(value: $0) }
        }
    }

    public func observe(_ family: Family, _ labels: [String] = [], _ seconds: Double) {
        self.change(family, labels) { series in
            if series.buckets.isEmpty { series.buckets = Array(repeating: 0, count: family.bounds.count) }
            for (index, bound) in family.bounds.enumerated() where seconds <= bound { series.buckets[index] += 1 }
            series.value += seconds
            series.count += 1
        }
    }

    private func change(_ family: Family, _ labels: [String], _ body: (inout Series) -> Void) {
        precondition(labels.count == family.labels.count, "\(family.name) has other labels than \(labels)")
        self.series.withLock { series in body(&series[family, default: [:]][labels, default: Series()]) }
    }

    // MARK: Text

    /// `text/plain; version=0.0.4`: families by name, series by labels.
    public func text() -> String {
        let series = self.series.withLock { $0 }
        var lines: [String] = []
        for (family, byLabels) in series.sorted(by: { $0.key.name < $1.key.name }) {
            lines.append("# HELP \(family.name) \(family.help)")
            lines.append("# TYPE \(family.name) \(family.kind.rawValue)")
            for (labels, value) in byLabels.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                lines += Self.lines(family, labels, value)
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func lines(_ family: Family, _ labels: [String], _ series: Series) -> [String] {
        let pairs = zip(family.labels, labels).map { "\($0)=\"\(Self.escaped($1))\"" }
        guard family.kind == .histogram else { return ["\(family.name)\(Self.braces(pairs)) \(series.value)"] }
        var lines = zip(family.bounds, series.buckets).map { bound, count in
            "\(family.name)_bucket\(Self.braces(pairs + ["le=\"\(bound)\""])) \(count)"
        }
        lines.append("\(family.name)_bucket\(Self.braces(pairs + ["le=\"+Inf\""])) \(series.count)")
        lines.append("\(family.name)_sum\(Self.braces(pairs)) \(series.value)")
        lines.append("\(family.name)_count\(Self.braces(pairs)) \(series.count)")
        return lines
    }

    private static func braces(_ pairs: [String]) -> String { pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}" }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

extension Metrics.Family {
    static let cycles = Self(
        "berth_cycle_duration_seconds", .histogram, "Time of one scheduling cycle: plan and verify")
    static let imports = Self(
        "berth_import_duration_seconds", .histogram,
        "Time from the cluster's objects to the control loop's state, once for all changes that came together")
    static let cycleResults = Self(
        "berth_cycles_total", .counter, labels: ["result"], "Scheduling cycles by verdict: accepted, refused")
    static let actions = Self(
        "berth_actions_total", .counter, labels: ["action", "result"],
        "Actions on pods (release, bind, evict, explain, nominate, read) and on nodes (record_launch, launch, forget_launch, "
            + "delete_machines, list_machines, taint, mark), by how they ended")
    static let actionTime = Self(
        "berth_action_duration_seconds", .histogram, labels: ["action"],
        "Time of one action, until the API server or the provider has answered")
    static let queue = Self("berth_action_queue_depth", .gauge, "Actions that wait for their turn")
    static let inFlight = Self(
        "berth_actions_in_flight", .gauge, "Actions that wait for the API server's or the provider's answer")
    static let apiRequests = Self(
        "berth_api_requests_total", .counter, labels: ["verb", "code"],
        "Calls of the API server by verb and HTTP status, or error where none came")
    static let pending = Self(
        "berth_pending_pods", .gauge, labels: ["reason"], "Pods that wait, by the dominant reason of the newest plan")
    static let placementTime = Self(
        "berth_time_to_placement_seconds", .histogram, labels: ["door"], bounds: Metrics.waitBounds,
        "From a pod's creation to its release or binding by us")
    static let gpus = Self(
        "berth_gpus", .gauge, labels: ["state"],
        "GPUs of the cluster: allocatable, allocated, fragmented (free where the demand cannot use them)")
    static let nodes = Self("berth_nodes", .gauge, "Nodes in the newest snapshot")
    static let leader = Self("berth_leader", .gauge, "1 on the replica that acts")
    static let synced = Self("berth_synced", .gauge, "1 once every collection has been listed")
    static let watchFailures = Self(
        "berth_watch_failures_total", .counter, labels: ["resource"],
        "Lists and watches that failed and were begun again")
    static let selfCheckDifferences = Self(
        "berth_self_check_differences_total", .counter, labels: ["resource"],
        "Objects that were held otherwise than a fresh list showed them, and were put right")
    static let findings = Self(
        "berth_import_findings", .gauge, "Objects or fields that could not be used in the newest import")
}
