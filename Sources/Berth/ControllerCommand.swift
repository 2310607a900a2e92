import ArgumentParser
import ClusterImport
import Controller
import FoundationEssentials
import KubernetesAPI
import KubernetesClient

/// `berth controller`: arguments and wiring. What runs is in `ControllerRun`.
struct ControllerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controller",
        abstract:
            "The operator: watches the cluster, lets whole gangs go to their planned nodes, binds, and says why the rest waits.",
        discussion: """
            Every replica watches and plans; the one that holds the lease acts. Pods with the scheduling gate berth.dev/placement are \
            pinned and ungated; pods with schedulerName berth are bound. With --extender-listen it answers kube-scheduler too.
            """)

    @Option(name: .customLong("config"), help: "The configuration, see docs/configuration.md.")
    var configurationFile: String?

    @Option(help: "The kubeconfig; without it the pod's service account, $KUBECONFIG or ~/.kube/config.")
    var kubeconfig: String?

    @Option(help: "The kubeconfig's context, in place of its current one.")
    var context: String?

    @Option(help: "HOST:PORT for kube-scheduler's extender calls; port 0 takes a free one.")
    var extenderListen: String?

    @Option(
        help:
            "Folder with tls.crt, tls.key and ca.crt for the extender; clients must show a certificate of that authority."
    )
    var extenderTLS: String?

    @Flag(help: "Let clients without a certificate call the extender; the folder needs no ca.crt then.")
    var extenderAnyClient = false

    @Flag(help: "Offer the verb bind too: pods are bound here, with the devices that were planned for them.")
    var extenderBind = false

    @Option(help: "HOST:PORT for /healthz, /readyz, /metrics and /explain; port 0 takes a free one.")
    var httpListen = "127.0.0.1:8080"

    @Option(help: #"Where to write the ports as JSON, {"extender":N,"http":N}, once there is a plan."#)
    var portsFile: String?

    @Option(help: "The lease's namespace; without it the pod's own, or berth-system.")
    var leaseNamespace: String?

    @Flag(help: "Plan, show and explain; write nothing to the cluster.")
    var dryRun = false

    func validate() throws {
        for (name, text) in [("--extender-listen", self.extenderListen), ("--http-listen", self.httpListen)] {
            guard let text else { continue }
            guard ListenAddress(text) != nil else {
                throw ValidationError("\(name): found \(text), expected HOST:PORT")
            }
        }
        if self.extenderTLS != nil, self.extenderListen == nil {
            throw ValidationError("--extender-tls needs --extender-listen")
        }
        if self.extenderAnyClient, self.extenderTLS == nil {
            throw ValidationError("--extender-any-client needs --extender-tls")
        }
        if self.extenderBind, self.extenderListen == nil {
            throw ValidationError("--extender-bind needs --extender-listen")
        }
        if self.extenderBind, self.dryRun {
            throw ValidationError("--extender-bind writes bindings, --dry-run writes nothing")
        }
    }

    func run() async throws {
        do {
            try await ControllerRun(self).run()
        } catch let error as KubernetesError {
            Terminal.writeError("berth: the cluster cannot be used: \(error)\n")
            throw ExitCode(ExitStatus.unavailable.rawValue)
        } catch let error as InputError {
            Terminal.writeError("berth: \(error)\n")
            throw ExitCode(ExitStatus.badInput.rawValue)
        }
    }
}

struct ListenAddress: Equatable {
    let host: String
    let port: Int

    /// `HOST:PORT`, `[::1]:PORT` or `:PORT` for every address.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.contains("[") else { return nil }
        self.host = host.isEmpty ? "0.0.0.0" : String(host)
        self.port = Int(port)
    }
}
