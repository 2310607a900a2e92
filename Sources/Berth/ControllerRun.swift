import CloudProviders
import ClusterImport
import ControlLoop
import Controller
import FoundationEssentials
import HTTPServing
import KubernetesAPI
import KubernetesClient
import Logging
import SchedulerExtender
import SchedulingModel
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Puts the controller, its pages and the extender together, and runs them until a signal comes.
struct ControllerRun {
    private let command: ControllerCommand

    init(_ command: ControllerCommand) { self.command = command }

    func run() async throws {
        var settings = try self.settings()
        let access = try ClusterAccess.find(kubeconfig: self.command.kubeconfig, context: self.command.context)
        let journal = Journal { Terminal.writeError($0 + "\n") }
        let client = try access.client()
        let buying = await ConfiguredBuying(&settings, client, journal)
        let extender = self.command.extenderListen == nil ? nil : SchedulerExtender(configuration: settings)
        let feed = ExtenderFeed(extender)
        let controller = Controller(
            client, configuration: settings, options: self.options(access, buying), journal: journal,
            onPlan: { plan, uids in feed.offer(plan, uids) })
        let pages = ControllerPages(controller: controller, extender: extender)
        let ports = PortsFile(
            path: self.command.portsFile, isComplete: extender == nil ? ["http"] : ["http", "extender"])
        var services: [any Service] = [ControllerService(controller: controller), feed]
        if let buying {
            services.append(
                PriceService(buying: buying, settings: settings, controller: controller, journal: journal))
        }
        if let queue = buying?.providers.notices {
            services.append(NoticeService(queue: queue, controller: controller, journal: journal))
        }
        if let address = ListenAddress(self.command.httpListen) {
            services.append(
                HTTPServer(.init(host: address.host, port: address.port), onReady: { ports.note("http", $0) }) {
                    await pages.answer($0)
                })
        }
        if let extender, let address = self.command.extenderListen.flatMap(ListenAddress.init) {
            let configuration = HTTPServerConfiguration(
                host: address.host, port: address.port,
                tls: try self.command.extenderTLS.map {
                    try Self.tls(in: $0, anyClient: self.command.extenderAnyClient)
                })
            let calls = ExtenderCalls(
                extender: extender, metrics: controller.metrics,
                binder: self.command.extenderBind ? ExtenderBinder(client: client) : nil)
            services.append(
                HTTPServer(configuration, onReady: { ports.note("extender", $0) }) { await calls.answer($0) })
        }
        services.append(PortsService(ports: ports, pages: pages))
        var logger = Logger(label: "berth")
        logger.logLevel = .critical
        let group = ServiceGroup(
            configuration: .init(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    private func settings() throws -> BerthConfiguration {
        guard let path = self.command.configurationFile else { return BerthConfiguration() }
        let file = try InputFile(readingFrom: path)
        let read = BerthConfiguration.read(file.bytes, file: file.name)
        for finding in read.findings { Terminal.writeError("\(finding.severity.rawValue): \(finding)\n") }
        if let fatal = read.findings.first(where: { $0.severity == .error && $0.field == nil }) {
            throw InputError(path: path, found: fatal.found, expected: fatal.expected)
        }
        return read.configuration
    }

    private func options(_ access: ClusterAccess, _ buying: ConfiguredBuying?) -> ControllerOptions {
        var options = ControllerOptions()
        options.capacity = buying?.options
        options.isDryRun = self.command.dryRun
        let isOwn = access.title == ClusterAccess.inClusterTitle
        options.leaseNamespace = self.command.leaseNamespace ?? (isOwn ? access.namespace : "berth-system")
        let host = ProcessInfo.processInfo.environment["HOSTNAME"] ?? "berth"
        options.identity = "\(host)_\(UUID().uuidString)"
        return options
    }

    /// Clients must show a certificate of the folder's `ca.crt`, unless anybody is let in.
    static func tls(in folder: String, anyClient: Bool) throws -> HTTPServerConfiguration.TLS {
        .init(
            certificateChain: try InputFile.bytes(readingFrom: "\(folder)/tls.crt"),
            key: try InputFile.bytes(readingFrom: "\(folder)/tls.key"),
            clientAuthorities: anyClient ? nil : try InputFile.bytes(readingFrom: "\(folder)/ca.crt"))
    }
}

/// Runs the controller until shutdown begins.
private struct ControllerService: Service {
    let controller: Controller

    func run() async throws { try await cancelWhenGracefulShutdown { try await self.controller.run() } }
}

/// Lays plans out for the extender apart from the controller, which goes on meanwhile. Only the newest plan counts.
private struct ExtenderFeed: Service {
    private typealias News = (plan: PublishedPlan, uids: [PodKey: String])

    private let extender: SchedulerExtender?
    private let news: AsyncStream<News>
    private let continuation: AsyncStream<News>.Continuation

    init(_ extender: SchedulerExtender?) {
        self.extender = extender
        (self.news, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func offer(_ plan: PublishedPlan, _ uids: [PodKey: String]) { self.continuation.yield((plan, uids)) }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await (plan, uids) in self.news { self.extender?.publish(plan, uids: uids) }
        }
    }
}

/// Says which ports were taken, once they are known and every door can give an answer.
final class PortsFile: Sendable {
    private let path: String?
    private let wanted: Set<String>
    private let ports = Mutex<[String: Int]>([:])

    init(path: String?, isComplete wanted: Set<String>) {
        self.path = path
        self.wanted = wanted
    }

    func note(_ name: String, _ port: Int) { self.ports.withLock { $0[name] = port } }

    /// Whether there is nothing left to wait for.
    func write(ifReady isReady: Bool) -> Bool {
        guard let path = self.path else { return true }
        let known = self.ports.withLock { $0 }
        guard isReady, Set(known.keys) == self.wanted else { return false }
        let tree = JSONTree.object(known.sorted { $0.key < $1.key }.map { .init($0.key, .integer(Int64($0.value))) })
        // Whole or not at all: somebody may be waiting for it.
        try? Data(tree.bytes).write(to: URL(filePath: path), options: .atomic)
        return true
    }
}

private struct PortsService: Service {
    let ports: PortsFile
    let pages: ControllerPages

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled, !self.ports.write(ifReady: await self.pages.isReady) {
                try? await Task.sleep(for: .milliseconds(50))
            }
            // A service that ends would end the others.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
    }
}
