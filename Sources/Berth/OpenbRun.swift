import FoundationEssentials
import PlanReport
import TraceReplay

/// One `berth simulate openb`, from files to text, without touching a terminal.
struct OpenbRun: Sendable {
    enum Policy: String, CaseIterable, Sendable {
        case berth
        case firstFit = "first-fit"
        case bestFit = "best-fit"
        case fgd
    }

    let nodes: String
    let pods: String
    let arrivals: String?
    let nodeRanks: String?
    let seed: UInt64
    let policy: Policy
    let placements: String?
    let provesBound: Bool
    let output: OutputFormat

    func respond() -> CommandResponse {
        do {
            let trace = OpenbTrace(
                nodes: try OpenbTrace.nodes(file: self.nodes, text: try Self.text(self.nodes)),
                pods: try OpenbTrace.pods(file: self.pods, text: try Self.text(self.pods)))
            let sequence = try self.sequence(for: trace)
            var lines: [UInt8] = []
            let keepsPlacements = self.placements != nil
            let figures = try self.replay(trace, sequence) { arrival, pod, placement in
                if keepsPlacements { lines += Self.line(arrival, pod, placement).utf8 }
            }
            if let placements { try Self.write(lines, to: placements) }
            var report = OpenbReport(policy: self.policy.rawValue, seed: self.seed, figures: figures)
            if self.provesBound {
                var bound = ArrivalBound(trace, sequence)
                report.leastUnallocatedPercent = bound.leastUnallocatedPercent(atArrived: OpenbReport.boundPercent)
            }
            let text = self.output == .json ? report.json : report.table
            return CommandResponse(standardOutput: text, status: .success)
        } catch let error as InputError {
            return .failed(.badInput, ["error: \(error)"])
        } catch let error as TraceError {
            return .failed(.badInput, ["error: \(error)"])
        } catch {
            return .failed(.internalError, ["internal error, please report it: \(error)"])
        }
    }

    // MARK: Input and output

    /// Traces are small; more is a wrong file.
    private static let largestTrace = 256 << 20

    private static func text(_ path: String) throws(InputError) -> String {
        let bytes = try InputFile.bytes(readingFrom: path)
        let plain =
            GzipReader.isGzip(bytes) ? try GzipReader.unpack(bytes, file: path, limit: Self.largestTrace) : bytes
        guard let text = String(validating: plain, as: UTF8.self) else {
            throw InputError(path: path, found: "bytes that are not UTF-8", expected: "text")
        }
        return text
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(InputError) {
        do {
            try Data(bytes).write(to: URL(filePath: path))
        } catch {
            throw InputError(path: path, found: "\(error)", expected: "a file that can be written")
        }
    }

    private func sequence(for trace: OpenbTrace) throws -> ArrivalSequence {
        var pods: [Int]?
        var ranks: [Int]?
        if let arrivals {
            pods = try ArrivalSequence.numbers(
                file: arrivals, text: try Self.text(arrivals), seed: self.seed, below: trace.pods.count)
        }
        if let nodeRanks {
            let read = try ArrivalSequence.numbers(
                file: nodeRanks, text: try Self.text(nodeRanks), seed: self.seed, below: trace.nodes.count)
            try ArrivalSequence.checkRanks(read, nodeCount: trace.nodes.count, file: nodeRanks)
            ranks = read
        }
        return ArrivalSequence(
            pods: pods ?? ArrivalSequence.drawPods(trace, seed: self.seed),
            nodeRanks: ranks ?? ArrivalSequence.drawRanks(trace.nodes.count, seed: self.seed))
    }

    /// `arrival, pod row, node row or -1, GPU, GPU …`
    private static func line(_ arrival: Int, _ pod: Int, _ placement: ReplayPlacement?) -> String {
        let numbers = [arrival, pod, placement?.node ?? -1] + (placement?.gpus ?? [])
        return numbers.map { String($0) }.joined(separator: ",") + "\n"
    }

    // MARK: The replay

    private func replay(
        _ trace: OpenbTrace, _ sequence: ArrivalSequence, onPlacement: (Int, Int, ReplayPlacement?) -> Void
    ) throws(ReplayFault) -> ReplayFigures {
        let replay = Replay(trace, sequence)
        let clock = ContinuousClock()
        let start = clock.now
        let nanoseconds = { () -> Int64 in
            let (seconds, attoseconds) = (clock.now - start).components
            return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        }
        switch self.policy {
        case .berth:
            var policy = BerthReplayPolicy(trace, sequence)
            return try replay.run(&policy, nanoseconds: nanoseconds, onPlacement: onPlacement)
        case .firstFit:
            var policy = FirstFitPolicy(trace, nodeRanks: sequence.nodeRanks)
            return try replay.run(&policy, nanoseconds: nanoseconds, onPlacement: onPlacement)
        case .bestFit:
            var policy = BestFitPolicy(trace, nodeRanks: sequence.nodeRanks)
            return try replay.run(&policy, nanoseconds: nanoseconds, onPlacement: onPlacement)
        case .fgd:
            var policy = FragmentationGradientPolicy(trace, nodeRanks: sequence.nodeRanks)
            return try replay.run(&policy, nanoseconds: nanoseconds, onPlacement: onPlacement)
        }
    }
}
