import ArgumentParser

/// `berth simulate`: what-if runs that touch no cluster.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Replays recorded workloads to the planner.",
        subcommands: [SimulateOpenbCommand.self, SimulateSpotCommand.self, SimulateChaosCommand.self])
}
