import Foundation
import PlacementVerifier
import SchedulingCycle
import SchedulingModel
import TestSupport
import Testing

/// The checked-in scenarios: world in, placements and reasons out.
///
/// With `BERTH_REWRITE_SCENARIOS=1` in the environment the answers found replace those in the source tree, for review
/// as a diff; the run still fails, so that nobody takes it for a pass.
@Suite("Golden scenarios")
struct ScenarioTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Scenarios", directoryHint: .isDirectory)
    private static let rewrites = ProcessInfo.processInfo.environment["BERTH_REWRITE_SCENARIOS"] == "1"

    static let fileNames: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.folder.path)) ?? []
        return names.filter { $0.hasSuffix(".txt") }.sorted()
    }()

    @Test("there are scenarios to run")
    func present() {
        #expect(Self.fileNames.count > 10)
    }

    @Test("every world gets the plan that is written under it", arguments: Self.fileNames)
    func golden(_ fileName: String) throws {
        let url = Self.folder.appending(path: fileName)
        let file = try ScenarioFile(name: fileName, text: String(contentsOf: url, encoding: .utf8))
        #expect(!file.scenarios.isEmpty)
        var outputs: [[String]?] = []
        for scenario in file.scenarios {
            let output = try Self.answer(scenario)
            if let difference = scenario.difference(from: output) { Issue.record(Comment(rawValue: difference)) }
            outputs.append(output)
        }
        if Self.rewrites { try Data(file.rewritten(outputs: outputs).utf8).write(to: url) }
    }

    /// The plan's lines; a refused plan is an answer too, that no scenario expects.
    private static func answer(_ scenario: Scenario) throws -> [String] {
        let snapshot = try scenario.snapshot()
        let renderer = ScenarioRenderer(snapshot: snapshot, options: try scenario.rendererOptions())
        do {
            return renderer.lines(try Planner().plan(snapshot))
        } catch {
            return ["refused: \(error)"]
        }
    }
}
