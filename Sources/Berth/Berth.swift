import ArgumentParser

@main
struct Berth: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "berth",
        abstract: "Decides where GPU work goes in a Kubernetes cluster, and says why the rest waits.",
        version: "0.1.0-dev",
        subcommands: [PlanCommand.self, ExplainCommand.self, ControllerCommand.self, SimulateCommand.self])
}
