/// One world with the plan that is expected for it.
public struct Scenario: Sendable {
    /// The comment above the world: the rule it stands for, in a sentence.
    public let title: String
    public let file: String
    /// Where the world starts, from 1.
    public let line: Int
    let world: [ScenarioLine]
    let command: ScenarioLine
    /// The lines under `----`.
    public let expected: [String]
    /// Where they stand in the file, from 0.
    let expectedRange: Range<Int>
}

/// A text of scenarios, each a comment, a world, a command, `----` and the expected output, with a blank line between.
///
/// After the example of the `datadriven` tests of etcd's raft, with a fixed order of the parts.
public struct ScenarioFile: Sendable {
    public let name: String
    public let scenarios: [Scenario]
    private let lines: [String]

    private static let separator = "----"

    public init(name: String, text: String) throws(ScenarioError) {
        self.name = name
        self.lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var scenarios: [Scenario] = []
        var start = 0
        for index in self.lines.indices where self.lines[index] == Self.separator {
            let end = self.lines[index...].firstIndex(of: "") ?? self.lines.count
            scenarios.append(try Self.scenario(name, self.lines, from: start, separator: index, to: end))
            start = end
        }
        if let stray = self.lines[start...].firstIndex(where: { !$0.isEmpty && !$0.hasPrefix("#") }) {
            throw ScenarioError(file: name, line: stray + 1, message: "a world without a command and ----")
        }
        self.scenarios = scenarios
    }

    private static func scenario(
        _ file: String, _ lines: [String], from start: Int, separator: Int, to end: Int
    ) throws(ScenarioError) -> Scenario {
        var title: [Substring] = []
        var world: [ScenarioLine] = []
        for index in start..<separator where !lines[index].isEmpty {
            if lines[index].hasPrefix("#") {
                title.append(lines[index].drop { $0 == "#" || $0 == " " })
            } else {
                world.append(try ScenarioLine(file: file, number: index + 1, text: lines[index]))
            }
        }
        guard let command = world.popLast(), command.verb == "plan" else {
            throw ScenarioError(file: file, line: separator + 1, message: "expected the command plan above ----")
        }
        guard !title.isEmpty else {
            throw ScenarioError(file: file, line: command.number, message: "a scenario without a comment")
        }
        let range = (separator + 1)..<end
        return Scenario(
            title: title.joined(separator: " "), file: file, line: world.first?.number ?? command.number, world: world,
            command: command, expected: Array(lines[range]), expectedRange: range)
    }

    /// The file's text with every scenario's expected lines replaced.
    ///
    /// - Parameter outputs: One per scenario, in order; nil leaves the expectation as it is.
    public func rewritten(outputs: [[String]?]) -> String {
        var lines = self.lines
        for (scenario, output) in zip(self.scenarios, outputs).reversed() {
            guard let output else { continue }
            lines.replaceSubrange(scenario.expectedRange, with: output)
        }
        return lines.joined(separator: "\n")
    }
}

extension Scenario {
    /// A difference as people read it: the world's title, then every line with `-` expected only, `+` found only.
    ///
    /// - Returns: Nil where the output is as expected.
    public func difference(from output: [String]) -> String? {
        guard output != self.expected else { return nil }
        var remaining = output[...]
        var report = ["\(self.file):\(self.line): \(self.title)"]
        for line in self.expected {
            if let match = remaining.firstIndex(of: line) {
                report += remaining[..<match].map { "+ " + $0 }
                report.append("  " + line)
                remaining = remaining[(match + 1)...]
            } else {
                report.append("- " + line)
            }
        }
        report += remaining.map { "+ " + $0 }
        return report.joined(separator: "\n")
    }
}
