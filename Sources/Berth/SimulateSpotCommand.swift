import ArgumentParser
import TraceReplay

/// `berth simulate spot`: arguments and wiring. What it does with them is in `SpotRun`.
struct SimulateSpotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spot",
        abstract: "Runs jobs with checkpoints on recorded spot capacity, and says what they cost.",
        discussion: """
            Jobs are drawn from the seed, equal for every policy. docs/designs/capacity.md has the rules.

              berth simulate spot --traces traces/spot --policy berth -o json

            Exit codes: 0 done, 64 usage, 65 bad input.
            """)

    @Option(help: "A folder of traces, one JSON file a zone.")
    var traces: String

    @Option(help: "Who decides.")
    var policy: SpotRun.Policy = .berth

    @Option(help: "Seed of the jobs.")
    var seed: UInt64 = 1

    @Option(help: "Dollars per hour of a spot node; without it that of p3.2xlarge, on which the traces were taken.")
    var spotPrice: Double?

    @Option(help: "Dollars per hour of a node on demand.")
    var onDemandPrice: Double?

    @Flag(help: "The cloud takes nodes without notice.")
    var withoutNotices = false

    @Option(name: .shortAndLong, help: "What to print.")
    var output: OutputFormat = .table

    func validate() throws {
        for price in [self.spotPrice, self.onDemandPrice].compactMap(\.self) where !(price >= 0 && price < 1e6) {
            throw ValidationError("a price is from 0 to 1000000 dollars per hour, found \(price)")
        }
    }

    func run() throws {
        var terms = SpotTerms()
        if let spotPrice { terms.spotMicroUSDPerHour = Int64(spotPrice * 1e6) }
        if let onDemandPrice { terms.onDemandMicroUSDPerHour = Int64(onDemandPrice * 1e6) }
        terms.givesNotice = !self.withoutNotices
        let response = SpotRun(
            folder: self.traces, policy: self.policy, seed: self.seed, terms: terms, output: self.output
        ).respond()
        Terminal.writeError(response.standardError)
        guard Terminal.writeOutput(response.standardOutput) else {
            Terminal.writeError("berth: standard output could not be written\n")
            throw ExitCode(ExitStatus.internalError.rawValue)
        }
        throw ExitCode(response.status.rawValue)
    }
}

extension SpotRun.Policy: ExpressibleByArgument {}
