import ArgumentParser
import FakeKubernetesAPI
import FoundationEssentials
import Glibc
import HTTPServing
import HTTPTransport
import KubernetesAPI
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// A Kubernetes API server with its state in memory, for demos and tests. What it copies is in `docs/fake-apiserver.md`.
@main
struct FakeAPIServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fake-apiserver",
        abstract: "A Kubernetes API server with its state in memory, for kubectl, clients and tests.")

    @Option(help: "The port on 127.0.0.1; 0 takes a free one.")
    var port = 0

    @Option(help: "Where to write a kubeconfig for it, once it is up.")
    var kubeconfig: String?

    @Option(parsing: .upToNextOption, help: "Files of objects to begin with, JSON or YAML.")
    var load: [String] = []

    @Option(help: "Nodes to begin with, COUNTxNAME:GPUS, as in 4xgpu:8. May be repeated.")
    var nodes: [String] = []

    @Flag(help: "Simulate kubelets that run bound pods.")
    var kubelets = false

    @Flag(help: "Delete what only deleted objects own, also what --load brought without its owners.")
    var garbageCollector = false

    @Flag(help: "Simulate Cluster API: MachineDeployments get Machines, and these become nodes.")
    var machines = false

    @Flag(help: "Simulate a scheduler that binds pods of default-scheduler.")
    var scheduler = false

    @Option(help: "The extender that the simulated scheduler asks: http://HOST:PORT.")
    var extender: String?

    @Flag(help: "Serve PodGroups and Workloads of scheduling.k8s.io/v1alpha2, which a real server does behind gates.")
    var podGroups = false

    @Flag(help: "Ask for credentials: the kubeconfig gets an administrator's token, others what RBAC allows.")
    var auth = false

    @Flag(
        help:
            "HTTPS with an authority of its own, and credentials asked for: the kubeconfig gets an administrator's certificate."
    )
    var tls = false

    @Option(help: "A file of rules, JSON or YAML, by which requests go wrong. POST /fake/faults changes them.")
    var faults: String?

    func run() async throws {
        var server = FakeAPIServer(now: { Int64(Date().timeIntervalSince1970) })
        server.define(group: "scheduling.x-k8s.io", version: "v1alpha1", plural: "podgroups", kind: "PodGroup")
        if self.machines { server.serveClusterAPI() }
        for spec in self.nodes { try FakeObjects.addNodes(spec, to: &server) }
        for path in self.load { try FakeObjects.load(path, into: &server) }
        if self.podGroups { server.servePodGroups() }
        let authority = try self.tls ? CertificateAuthority() : nil
        let token = self.auth && authority == nil ? UUID().uuidString : nil
        server.administratorToken = token
        server.trustsRemoteUserHeaders = authority != nil
        let access = FakeObjects.Access(
            token: token, authority: authority?.certificatePEM,
            client: try authority?.client(user: "kubernetes-admin", groups: ["system:masters"]))
        let transport = InProcessTransport(server)
        let faulty = RuledFaultTransport(transport, rules: try self.faults.map(FakeObjects.faults) ?? FaultRules())
        let kubeconfig = self.kubeconfig
        let http = HTTPServer(
            HTTPServerConfiguration(host: "127.0.0.1", port: self.port, tls: try authority.map(Self.tls)),
            onReady: { port in
                print("fake-apiserver: \(access.scheme)://127.0.0.1:\(port)")
                // Into a file or a pipe it would wait for a full buffer.
                _ = fflush(nil)
                if let kubeconfig { FakeObjects.writeKubeconfig(to: kubeconfig, port: port, access) }
            }, handler: { await Self.answer($0, faulty, asksForCredentials: access.isAsked) })
        var logger = Logger(label: "fake-apiserver")
        logger.logLevel = .critical
        let world = FakeWorld(
            transport: transport, runsKubelets: self.kubelets, makesMachines: self.machines,
            collectsGarbage: self.garbageCollector,
            scheduler: self.scheduler
                ? FakeScheduler(transport: transport, extender: try self.extenderTransport()) : nil)
        let group = ServiceGroup(
            configuration: .init(
                services: [http, world], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    static func tls(_ authority: CertificateAuthority) throws -> HTTPServerConfiguration.TLS {
        let server = try authority.server()
        return .init(
            certificateChain: server.certificate, key: server.key, clientAuthorities: authority.certificatePEM,
            admitsAnonymousClients: true)
    }

    private func extenderTransport() throws -> (any HTTPTransport)? {
        try self.extender.map { try CurlTransport(configuration: CurlConfiguration(server: $0, proxy: .none)) }
    }

    /// Carries a request that came by a socket to the server behind `transport`.
    static func answer(
        _ request: ServedRequest, _ transport: RuledFaultTransport, asksForCredentials: Bool
    ) async -> ServedAnswer {
        var headers = HTTPHeaders()
        // Who somebody is the connection says, not he himself.
        for (name, value) in request.headers where !name.lowercased().hasPrefix("x-remote-") {
            headers.add(name, value)
        }
        if let user = request.clientCertificate.flatMap(ClientCertificate.user) {
            headers.add("X-Remote-User", user.name)
            for group in user.groups { headers.add("X-Remote-Group", group) }
        }
        // What comes by the socket is nobody's until it says whose it is.
        if asksForCredentials, headers["Authorization"] == nil, headers["X-Remote-User"] == nil {
            headers.add("Authorization", "none")
        }
        do throws(HTTPTransportError) {
            let response = try await transport.send(
                HTTPRequest(method: request.method, target: request.target, headers: headers, body: request.body))
            let reader = BodyReader(response.body)
            return ServedAnswer(
                status: response.status, headers: response.headers.fields.map { ($0.name, $0.value) },
                body: .stream { try await reader.next() })
        } catch {
            // The answer is lost: an empty piece, and the connection breaks.
            return ServedAnswer(status: 200, body: .stream { throw error })
        }
    }
}

/// Reads a body piece by piece on behalf of whoever sends it on.
private actor BodyReader {
    private let body: HTTPBody
    private var iterator: HTTPBody.AsyncIterator

    init(_ body: HTTPBody) {
        self.body = body
        self.iterator = body.makeAsyncIterator()
    }

    func next() async throws -> [UInt8]? {
        var iterator = self.iterator
        defer { self.iterator = iterator }
        return try await iterator.next(isolation: self)
    }
}

/// What happens in the fake cluster by itself: kubelets, a scheduler, and time.
private struct FakeWorld: Service {
    let transport: InProcessTransport
    let runsKubelets: Bool
    let makesMachines: Bool
    let collectsGarbage: Bool
    let scheduler: FakeScheduler?

    func run() async throws {
        await cancelWhenGracefulShutdown {
            let kubelets = Mutex(SimulatedKubelets())
            let machines = Mutex(SimulatedMachines())
            let collector = Mutex(SimulatedGarbageCollector())
            while !Task.isCancelled {
                self.transport.withServer { server in
                    if self.makesMachines { machines.withLock { $0.step(&server) } }
                    if self.runsKubelets { kubelets.withLock { $0.step(&server) } }
                    if self.collectsGarbage { collector.withLock { $0.step(&server) } }
                }
                await self.scheduler?.step()
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        // Clients that are still watching would hold the shutdown up.
        self.transport.endWatches()
    }
}
