import FakeKubernetesAPI
import Foundation
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Synchronization
import Testing

@testable import Controller

@Suite("The controller holds what it keeps against a fresh list")
struct SelfCheckTests {
    private func pod(_ name: String, _ version: String) throws -> ManifestObject {
        let text =
            #"{"metadata":{"namespace":"ml","name":"\#(name)","uid":"\#(name)","resourceVersion":"\#(version)"}}"#
        return ManifestObject(
            apiVersion: "v1", kind: "Pod", value: try JSONDocument.parse(text).root,
            origin: ManifestOrigin(file: "test"))
    }

    private func list(_ version: String, _ pods: ManifestObject...) -> ResourceList {
        ResourceList(resourceVersion: version, objects: pods)
    }

    private func names(_ cache: ClusterCache) -> [String] {
        (cache.takeChanged() ?? []).map { "\($0.key.name)@\($0.resourceVersion)" }.sorted()
    }

    @Test("what differs is told by name and put right; what is newer than the list stays")
    func repair() throws {
        let cache = ClusterCache(paths: [.pods])
        _ = cache.take(.replaced(self.list("5", try self.pod("a", "1"), try self.pod("b", "2"))), of: .pods)
        _ = cache.take(.upserted(try self.pod("fresh", "30")), of: .pods)
        let differences = cache.check(
            self.list("20", try self.pod("a", "11"), try self.pod("c", "12")), of: .pods)
        #expect(differences.map(\.key.name) == ["a", "b", "c"])
        #expect(self.names(cache) == ["a@11", "c@12", "fresh@30"])
        #expect(cache.check(self.list("20", try self.pod("a", "11"), try self.pod("c", "12")), of: .pods).isEmpty)
        #expect(cache.takeChanged() == nil)
    }

    @Test("a list that is older than the newest one says nothing")
    func older() throws {
        let cache = ClusterCache(paths: [.pods])
        _ = cache.take(.replaced(self.list("50", try self.pod("a", "40"))), of: .pods)
        #expect(cache.check(self.list("20", try self.pod("b", "3")), of: .pods).isEmpty)
        #expect(self.names(cache) == ["a@40"])
    }

    /// Answers the first watch of the nodes that begins after a list with a bookmark, and nothing of the node that was made just before it.
    private final class KeepingBackTransport: HTTPTransport {
        let server = FaultyTransport(InProcessTransport(FakeAPIServer(now: { Int64(Date().timeIntervalSince1970) })))
        private let hasKeptBack = Mutex(false)

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            let isFirst =
                request.target.contains("/nodes?watch=true&resourceVersion")
                && self.hasKeptBack.withLock { kept in
                    defer { kept = true }
                    return !kept
                }
            guard isFirst else { return try await self.server.send(request) }
            let client = KubernetesClient(transport: self.server)
            let node = try? await client.create(["metadata": ["name": "kept-back"]], in: .nodes)
            let version = node?.root["metadata"]?["resourceVersion"]?.string ?? ""
            let object = #"{"kind":"Node","apiVersion":"v1","metadata":{"resourceVersion":"\#(version)"}}"#
            let bookmark = #"{"type":"BOOKMARK","object":\#(object)}"# + "\n"
            self.server.add(.answer(200, body: bookmark), to: "GET", "/nodes?watch=true&resourceVersion")
            return try await self.server.send(request)
        }
    }

    @Test("an event that the server never sent is found, logged with the object's name, counted and put right")
    func neverSent() async throws {
        let transport = KeepingBackTransport()
        transport.server.add(.answer(422), to: "GET", "/nodes?watch=true&sendInitialEvents")
        let lines = Mutex<[String]>([])
        var options = ControllerOptions()
        options.isDryRun = true
        options.selfCheckInterval = .zero
        let metrics = Metrics()
        let client = KubernetesClient(
            transport: transport, pause: Pause(sleep: { _ in try await Task.sleep(for: .milliseconds(20)) }))
        let controller = Controller(
            client, options: options, metrics: metrics, journal: Journal { line in lines.withLock { $0.append(line) } })
        let running = Task { try await controller.run() }
        let patience = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < patience, !metrics.text().contains("berth_nodes 1.0") {
            try await Task.sleep(for: .milliseconds(10))
        }
        running.cancel()
        _ = await running.result
        #expect(metrics.text().contains(#"berth_self_check_differences_total{resource="nodes"} 1.0"#))
        #expect(metrics.text().contains("berth_nodes 1.0"))
        let told = lines.withLock { $0.filter { $0.contains("differed") } }
        #expect(told.count == 1)
        #expect(told.first?.contains("kept-back: known not at all") ?? false)
    }
}
