import ArgumentParser

/// `berth simulate`: what-if runs that touch no cluster.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs the planner on recorded workloads, or the controller's brain in simulated clusters.",
        subcommands: [SimulateOpenbCommand.self, SimulateSpotCommand.self, SimulateChaosCommand.self])
}
