import Foundation
import TestSupport
import Testing
import TraceReplay

@testable import Berth

/// Two traces of the benchmark and two seeds: the baselines give the published figures, and Berth's policy is ahead.
@Suite("openb baselines")
struct OpenbBaselineTests {
    struct Published: Sendable, CustomTestStringConvertible {
        let trace: String
        let seed: UInt64
        /// Unallocated share at 100 % arrived, in percent.
        let bestFit: Double
        let fragmentationGradient: Double

        var testDescription: String { "\(self.trace), seed \(self.seed)" }
    }

    static let published = [
        Published(trace: "default", seed: 42, bestFit: 7.06, fragmentationGradient: 4.86),
        Published(trace: "default", seed: 43, bestFit: 7.03, fragmentationGradient: 4.94),
        Published(trace: "gpuspec33", seed: 42, bestFit: 19.77, fragmentationGradient: 12.13),
        Published(trace: "gpuspec33", seed: 43, bestFit: 19.96, fragmentationGradient: 12.11),
    ]

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Openb")

    private func text(_ name: String) throws -> String {
        let path = Self.folder.appending(path: name).path
        let bytes = try GzipReader.unpack(try InputFile.bytes(readingFrom: path), file: path, limit: 1 << 26)
        return try #require(String(validating: bytes, as: UTF8.self))
    }

    private func trace(_ name: String) throws -> OpenbTrace {
        let pods = "\(name)_pods.csv.gz"
        return OpenbTrace(
            nodes: try OpenbTrace.nodes(file: "nodes.csv.gz", text: try self.text("nodes.csv.gz")),
            pods: try OpenbTrace.pods(file: pods, text: try self.text(pods)))
    }

    private func sequence(_ trace: OpenbTrace, seed: UInt64) throws -> ArrivalSequence {
        let numbers = { (name: String, bound: Int) in
            try ArrivalSequence.numbers(file: name, text: try self.text(name), seed: seed, below: bound)
        }
        return ArrivalSequence(
            pods: try numbers("arrivals.csv.gz", trace.pods.count),
            nodeRanks: try numbers("noderank.csv.gz", trace.nodes.count))
    }

    private func unallocated(
        _ trace: OpenbTrace, _ sequence: ArrivalSequence, _ policy: some ReplayPolicy
    ) throws -> Double {
        var policy = policy
        let figures = try Replay(trace, sequence).run(&policy, nanoseconds: { 0 })
        return try #require(figures.unallocatedPercent(atArrived: 100))
    }

    @Test("best fit gives the published figure to a hundredth of a point", .longCalculation, arguments: published)
    func bestFit(_ published: Published) throws {
        let trace = try self.trace(published.trace)
        let sequence = try self.sequence(trace, seed: published.seed)
        let found = try self.unallocated(trace, sequence, BestFitPolicy(trace, nodeRanks: sequence.nodeRanks))
        #expect(abs(found - published.bestFit) <= 0.01)
    }

    @Test(
        "fragmentation gradient descent gives the published figure to three tenths of a point", .longCalculation,
        arguments: published)
    func fragmentationGradient(_ published: Published) throws {
        let trace = try self.trace(published.trace)
        let sequence = try self.sequence(trace, seed: published.seed)
        let policy = FragmentationGradientPolicy(trace, nodeRanks: sequence.nodeRanks)
        let found = try self.unallocated(trace, sequence, policy)
        #expect(abs(found - published.fragmentationGradient) <= 0.3)
    }

    /// Every twentieth node, and arrivals drawn for those: small enough for a build without optimisation.
    private func twentieth(of trace: OpenbTrace) -> OpenbTrace {
        OpenbTrace(
            nodes: trace.nodes.indices.filter { $0 % 20 == 0 }.map { trace.nodes[$0] }, pods: trace.pods)
    }

    @Test(
        "Berth lies between first fit and the bound on a twentieth of the cluster", .longCalculation)
    func berth() throws {
        let trace = self.twentieth(of: try self.trace("default"))
        let sequence = ArrivalSequence(drawnFor: trace, seed: 42)
        let firstFit = try self.unallocated(trace, sequence, FirstFitPolicy(trace, nodeRanks: sequence.nodeRanks))
        var bound = ArrivalBound(trace, sequence)
        let proven = bound.leastUnallocatedPercent(atArrived: 100)
        let least = try #require(proven)
        let found = try self.unallocated(trace, sequence, BerthReplayPolicy(trace, sequence))
        #expect(found >= least - 1e-6)
        #expect(found < firstFit, "\(found), first fit \(firstFit), bound \(least)")
    }
}
