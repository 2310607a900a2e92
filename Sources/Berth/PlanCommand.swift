import ArgumentParser
import FoundationEssentials
import KubernetesAPI

/// `berth plan`: arguments and wiring. What it does with them is in `PlanRun`.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "A dry run: where every pending pod and gang would go, and why the rest waits.",
        discussion: """
            Reads nodes, pods, workloads and pod groups as kubectl prints them, or from the cluster itself, and changes nothing.

              berth plan
              kubectl get nodes,pods -A -o json | berth plan -f -
              berth plan -f cluster.json -f trainer.yaml -o json
              berth plan -f cluster/ --explain ml/trainer-3

            Exit codes: 0 everything placed, 3 something stays pending, 64 usage, 65 bad input, 69 the cluster
            cannot be read, 70 internal.
            """)

    @Option(
        name: [.customShort("f"), .customLong("filename")], parsing: .upToNextOption,
        help:
            "Files, folders (read in depth: .json, .yaml, .yml) or - for standard input, plain or gzip. May be repeated."
    )
    var files: [String] = []

    @Option(help: "The kubeconfig, in place of $KUBECONFIG and ~/.kube/config; for a plan without -f.")
    var kubeconfig: String?

    @Option(help: "The kubeconfig's context, in place of its current one; for a plan without -f.")
    var context: String?

    @Option(name: .customLong("config"), help: "The configuration, see docs/configuration.md.")
    var configurationFile: String?

    @Option(name: .shortAndLong, help: "What to print.")
    var output: OutputFormat = .table

    @Option(help: "Tell the whole story of one pod or gang, namespace/name, in place of the table.")
    var explain: String?

    @Option(name: .shortAndLong, help: "Plan only the waiting pods of this namespace; all others stay as they are.")
    var namespace: String?

    @Option(
        name: .customLong("at"),
        help: ArgumentHelp(
            "The time that the plan is for, as 2026-12-01T08:00:00Z: deadlines and schedules depend on it. Now if left out.",
            valueName: "time"),
        transform: PlanCommand.seconds)
    var atSeconds: Int64?

    @Flag(help: "End with 65 if the input gives rise to any warning or error.")
    var strict = false

    private static func seconds(_ text: String) throws -> Int64 {
        guard let seconds = RFC3339.seconds(text) else {
            throw ValidationError("--at: found \(text), expected a time such as 2026-12-01T08:00:00Z")
        }
        return seconds
    }

    func validate() throws {
        if !self.files.isEmpty, self.context != nil || self.kubeconfig != nil {
            throw ValidationError(
                "--kubeconfig and --context are for a plan of the live cluster, -f is for one from files")
        }
        if self.files.count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input (-) can be read once") }
        if self.explain != nil, self.output == .json {
            throw ValidationError("--explain is text; the JSON plan holds all of it as data")
        }
    }

    func run() async throws {
        let progress = ProgressLine(afterSeconds: 1)
        let request = PlanRun.Request(
            output: self.output, explain: self.explain, demandNamespace: self.namespace, isStrict: self.strict,
            style: Terminal.tableStyle(), atSeconds: self.atSeconds ?? Int64(Date().timeIntervalSince1970))
        let run = PlanRun(request: request, progress: { progress.show($0) })
        let response =
            self.files.isEmpty
            ? await LivePlan(run: run, kubeconfig: self.kubeconfig, context: self.context)
                .respond(configurationFile: self.configurationFile)
            : run.respond(toFilesAt: self.files, configurationFile: self.configurationFile)
        progress.finish()
        Terminal.writeError(response.standardError)
        guard Terminal.writeOutput(response.standardOutput) else {
            Terminal.writeError("berth: standard output could not be written\n")
            throw ExitCode(ExitStatus.internalError.rawValue)
        }
        throw ExitCode(response.status.rawValue)
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table
    case json
}
