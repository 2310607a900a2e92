import ArgumentParser
import HTTPTransport

/// `berth explain`: why a pod or gang waits, or why it is where it is. Asks a controller, or plans.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Why a pod or gang waits, or why it goes where it goes.",
        discussion: """
            Asks a running controller for what its newest plan says, or plans by itself, as berth plan --explain does.

              berth explain ml/trainer --controller http://127.0.0.1:8080
              berth explain ml/trainer-3
              berth explain ml/trainer-3 -f cluster.json

            Exit codes: 0 told, 3 told by a plan that leaves something pending, 65 no such pod or gang, 69 nobody to ask.
            """)

    @Argument(help: "namespace/name of a pod or of a gang.")
    var subject: String

    @Option(help: "The controller's HTTP address (--http-listen): http://HOST:PORT.")
    var controller: String?

    @Option(
        name: [.customShort("f"), .customLong("filename")], parsing: .upToNextOption,
        help: "Files to plan from, as for berth plan.")
    var files: [String] = []

    @Option(help: "The kubeconfig to plan from.")
    var kubeconfig: String?

    @Option(help: "The kubeconfig's context.")
    var context: String?

    @Option(name: .customLong("config"), help: "The configuration, see docs/configuration.md.")
    var configurationFile: String?

    func validate() throws {
        guard self.controller != nil else { return }
        if !self.files.isEmpty || self.kubeconfig != nil || self.context != nil || self.configurationFile != nil {
            throw ValidationError("--controller asks a controller, which has its own cluster and configuration")
        }
    }

    func run() async throws {
        guard let controller = self.controller else {
            var arguments = ["--explain", self.subject]
            if !self.files.isEmpty { arguments += ["-f"] + self.files }
            for (option, value) in [
                ("--kubeconfig", self.kubeconfig), ("--context", self.context), ("--config", self.configurationFile),
            ] {
                if let value { arguments += [option, value] }
            }
            return try await PlanCommand.parse(arguments).run()
        }
        let response: CommandResponse
        do {
            let transport = try CurlTransport(configuration: CurlConfiguration(server: controller, proxy: .none))
            response = await Self.ask(transport, self.subject, at: controller)
        } catch {
            response = .failed(.unavailable, ["berth: \(controller): \(error)"])
        }
        Terminal.writeError(response.standardError)
        guard Terminal.writeOutput(response.standardOutput) else {
            throw ExitCode(ExitStatus.internalError.rawValue)
        }
        throw ExitCode(response.status.rawValue)
    }

    /// What a controller says of a pod or gang.
    static func ask(_ transport: any HTTPTransport, _ subject: String, at address: String) async -> CommandResponse {
        do throws(HTTPTransportError) {
            let reply = try await transport.send(HTTPRequest(target: "/explain/\(subject)"))
            let text = String(decoding: try await reply.body.collect(upTo: 16 << 20), as: UTF8.self)
            switch reply.status {
            case 200:
                let pending = reply.headers[ControllerPages.pendingHeader].flatMap { Int($0) } ?? 0
                return CommandResponse(standardOutput: text, status: pending > 0 ? .somethingPending : .success)
            case 404: return .failed(.badInput, ["berth: \(text.trimmed)"])
            default: return .failed(.unavailable, ["berth: \(address) answered \(reply.status): \(text.trimmed)"])
            }
        } catch {
            return .failed(.unavailable, ["berth: \(address): \(error)"])
        }
    }
}

extension String {
    /// Without the line break at its end.
    fileprivate var trimmed: String { self.hasSuffix("\n") ? String(self.dropLast()) : self }
}
