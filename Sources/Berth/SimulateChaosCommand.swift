import ArgumentParser
import Simulation

/// `berth simulate chaos`: the controller's brain under faults, seed by seed.
struct SimulateChaosCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos",
        abstract:
            "Runs the controller's brain in small clusters where everything goes wrong, and checks what must hold.",
        discussion: """
            Every seed is a cluster of its own, under a virtual clock. A seed that breaks a rule is printed as the command that
            replays it. docs/designs/simulation.md has the faults and the rules.

              berth simulate chaos --seeds 1000 --from 1

            Exit codes: 0 all seeds passed, 3 one did not, 64 usage.
            """)

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 100

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Flag(name: .customLong("no-cloud"), help: "No cluster can buy nodes: seeds as they were before some could.")
    var noCloud = false

    @Flag(
        name: .customLong("no-extender"),
        help: "No kube-scheduler asks the extender: seeds as they were before some did.")
    var noExtender = false

    @Flag(help: "Print what happens, step by step.")
    var trace = false

    func validate() throws {
        guard self.seeds > 0 else { throw ValidationError("--seeds is at least 1") }
        guard !self.from.addingReportingOverflow(self.seeds).overflow else {
            throw ValidationError("--from and --seeds together are too large")
        }
    }

    func run() throws {
        var options = ChaosOptions()
        options.keepsTrace = self.trace
        options.hasCloud = !self.noCloud
        options.hasExtender = !self.noExtender
        let flags = (self.noCloud ? " --no-cloud" : "") + (self.noExtender ? " --no-extender" : "")
        var summary = ChaosSummary()
        for seed in self.from..<self.from + self.seeds {
            let outcome = ChaosRun.run(seed: seed, options: options)
            summary.add(outcome)
            for line in outcome.trace { _ = Terminal.writeOutput(line + "\n") }
            if let finding = outcome.finding {
                _ = Terminal.writeOutput(
                    "seed \(seed): \(finding)\n  berth simulate chaos --seeds 1 --from \(seed)\(flags) --trace\n")
            }
        }
        _ = Terminal.writeOutput(summary.text)
        if summary.failures > 0 { throw ExitCode(ExitStatus.somethingPending.rawValue) }
    }
}

/// The outcomes of many seeds, added up.
struct ChaosSummary {
    private var seeds = 0
    private(set) var failures = 0
    private var millis: Int64 = 0
    private var faults: [String: Int] = [:]
    private var evictions = 0
    private var launches = 0
    private var emptied = 0
    private var questions = 0

    mutating func add(_ outcome: ChaosOutcome) {
        self.seeds += 1
        self.millis += outcome.simulatedMillis
        if outcome.finding != nil { self.failures += 1 }
        self.evictions += outcome.evictionCount
        self.launches += outcome.launchCount
        self.emptied += outcome.emptiedCount
        self.questions += outcome.questionCount
        self.faults.merge(outcome.faults, uniquingKeysWith: +)
    }

    var text: String {
        let minutes = self.millis / 60_000
        let total = self.faults.values.reduce(0, +)
        var text =
            "\(self.seeds) seeds, \(self.failures) failed; \(minutes / 60) h \(minutes % 60) min simulated, \(total) faults, "
            + "\(self.evictions) evictions for higher priority, \(self.launches) launches, \(self.emptied) nodes emptied, \(self.questions) questions to the extender\n"
        for fault in self.faults.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            text += "  \(fault.key): \(fault.value)\n"
        }
        return text
    }
}
