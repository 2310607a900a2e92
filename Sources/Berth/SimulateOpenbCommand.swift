import ArgumentParser
import TraceReplay

/// `berth simulate openb`: arguments and wiring. What it does with them is in `OpenbRun`.
struct SimulateOpenbCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openb",
        abstract: "Packs the openb GPU trace, pods one by one, and says how many GPUs stay unused.",
        discussion: """
            The protocol of the benchmark (Weng et al., ATC 2023): nothing that fits is refused, nothing leaves, nothing moves.

              berth simulate openb --nodes nodes.csv --pods pods.csv --seed 42
              berth simulate openb --nodes nodes.csv --pods pods.csv --arrivals pods.csv.gz --noderank rank.csv.gz -o json

            Exit codes: 0 done, 64 usage, 65 bad input, 70 internal.
            """)

    @Option(help: "The cluster: a table with sn, cpu_milli, memory_mib, gpu and model. Plain or gzip.")
    var nodes: String

    @Option(help: "The pods: a table with name, cpu_milli, memory_mib, num_gpu, gpu_milli and gpu_spec. Plain or gzip.")
    var pods: String

    @Option(
        help:
            "Order of arrival: rows of the pod table from 0, one a line or in a column seedN. Drawn from --seed if missing."
    )
    var arrivals: String?

    @Option(help: "Rank of each node, lowest first among equals: one a line or in a column seedN. Drawn if missing.")
    var noderank: String?

    @Option(help: "Seed of what is drawn, and name of the column to read.")
    var seed: UInt64 = 42

    @Option(help: "Who decides.")
    var policy: OpenbRun.Policy = .berth

    @Option(help: "Write a line per arrival: its number, pod row, node row or -1, and the GPUs it got.")
    var placements: String?

    @Flag(help: "Also prove how few GPUs any policy could have left unused at 100 % arrived. Takes under a second.")
    var bound = false

    @Option(name: .shortAndLong, help: "What to print.")
    var output: OutputFormat = .table

    func run() throws {
        let run = OpenbRun(
            nodes: self.nodes, pods: self.pods, arrivals: self.arrivals, nodeRanks: self.noderank, seed: self.seed,
            policy: self.policy, placements: self.placements, provesBound: self.bound, output: self.output)
        let response = run.respond()
        Terminal.writeError(response.standardError)
        guard Terminal.writeOutput(response.standardOutput) else {
            Terminal.writeError("berth: standard output could not be written\n")
            throw ExitCode(ExitStatus.internalError.rawValue)
        }
        throw ExitCode(response.status.rawValue)
    }
}

extension OpenbRun.Policy: ExpressibleByArgument {}
