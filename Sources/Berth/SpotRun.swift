import FoundationEssentials
import PlanReport
import TraceReplay

/// One `berth simulate spot`, from files to text, without touching a terminal.
struct SpotRun: Sendable {
    enum Policy: String, CaseIterable, Sendable {
        case berth, greedy
        case perGroupBackoff = "per-group-backoff"
        case offeringCache = "offering-cache"
    }

    let folder: String
    let policy: Policy
    let seed: UInt64
    let terms: SpotTerms
    let output: OutputFormat

    func respond() -> CommandResponse {
        do {
            let markets = try SpotTraceFolder(path: self.folder).markets()
            let figures = markets.map { ($0.name, self.figures(of: $0)) }
            let report = SpotReport(policy: self.policy.rawValue, seed: self.seed, figures: figures)
            return CommandResponse(
                standardOutput: self.output == .json ? report.json : report.table, status: .success)
        } catch {
            return .failed(.badInput, ["error: \(error)"])
        }
    }

    private func figures(of market: SpotMarket) -> SpotFigures {
        let jobs = SpotJob.drawn(for: market, seed: self.seed)
        let zones = market.zones.count
        switch self.policy {
        case .berth: return Self.run(market, jobs, self.terms, BerthSpotPolicy(zoneCount: zones))
        case .greedy: return Self.run(market, jobs, self.terms, GreedySpotPolicy(zoneCount: zones))
        case .perGroupBackoff: return Self.run(market, jobs, self.terms, GroupBackoffSpotPolicy(zoneCount: zones))
        case .offeringCache: return Self.run(market, jobs, self.terms, OfferingCacheSpotPolicy(zoneCount: zones))
        }
    }

    private static func run(
        _ market: SpotMarket, _ jobs: [SpotJob], _ terms: SpotTerms, _ policy: some SpotPolicy
    ) -> SpotFigures {
        var replay = SpotReplay(market: market, jobs: jobs, terms: terms, policy: policy)
        return replay.run()
    }
}

/// A folder of spot traces: `{"metadata": {"gap_seconds": S}, "data": [n0, n1, …]}`, one file a zone.
///
/// Files whose names differ only in what follows `node-` are zones of one market and are replayed side by side.
struct SpotTraceFolder: Sendable {
    let path: String

    private struct File: Decodable {
        struct Metadata: Decodable {
            var gapSeconds: Double

            enum CodingKeys: String, CodingKey {
                case gapSeconds = "gap_seconds"
            }
        }

        var metadata: Metadata
        var data: [Double]
    }

    /// By name.
    func markets() throws(InputError) -> [SpotMarket] {
        var families: [String: [(zone: SpotMarket.Zone, gap: Int64, file: String)]] = [:]
        for file in try InputFile.paths(at: self.path) where file.hasSuffix(".json") {
            let trace = try Self.read(file)
            let name = String((file.split(separator: "/").last ?? "").dropLast(".json".count))
            let parts = name.split(separator: "-", omittingEmptySubsequences: false)
            let cut = (parts.firstIndex { $0.hasSuffix("node") } ?? parts.count - 1) + 1
            let (family, zone) = (parts[..<cut].joined(separator: "-"), parts[cut...].joined(separator: "-"))
            let capacity = trace.data.map { Int($0) }
            families[family, default: []].append(
                (.init(name: zone.isEmpty ? name : zone, capacity: capacity), Int64(trace.metadata.gapSeconds), file))
        }
        var markets: [SpotMarket] = []
        for (name, zones) in families.sorted(by: { $0.key < $1.key }) {
            if let other = zones.first(where: { $0.gap != zones[0].gap }) {
                throw InputError(
                    path: other.file, found: "a tick of \(other.gap) s",
                    expected: "\(zones[0].gap) s, as \(zones[0].file)")
            }
            markets.append(SpotMarket(name: name, zones: zones.map(\.zone), secondsPerTick: zones[0].gap))
        }
        return markets
    }

    private static func read(_ path: String) throws(InputError) -> File {
        let bytes = try InputFile.bytes(readingFrom: path)
        let expected = #"{"metadata": {"gap_seconds": S}, "data": [n0, n1, …]}"#
        let file: File
        do {
            file = try JSONDecoder().decode(File.self, from: Data(bytes))
        } catch {
            throw InputError(path: path, found: "something else", expected: expected)
        }
        guard (1...86_400).contains(file.metadata.gapSeconds) else {
            throw InputError(path: path, found: "gap_seconds \(file.metadata.gapSeconds)", expected: "1 to 86400")
        }
        if let wrong = file.data.first(where: { !(0...100_000).contains($0) }) {
            throw InputError(path: path, found: "\(wrong) nodes", expected: "0 to 100000")
        }
        return file
    }
}
