import FakeKubernetesAPI
import Foundation
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Synchronization
import Testing

@testable import Berth

@Suite("berth plan of a live cluster")
struct LivePlanTests {
    private let server = InProcessTransport(FakeAPIServer(now: { 1_764_000_000 }))
    private var client: KubernetesClient { KubernetesClient(transport: self.server) }

    private func fill() async throws {
        let ml: JSONTree = ["metadata": ["name": "ml"]]
        try await self.client.create(ml, in: ResourcePath(apiVersion: "v1", plural: "namespaces"))
        let nodes = [Manifest.node("gpu-1"), Manifest.node("gpu-2", gpus: 4)]
        for node in nodes {
            try await self.client.create(try #require(JSONTree(parsing: node)), in: .nodes)
        }
        for (name, gpus) in [("a", "\"8\""), ("b", "\"3\""), ("c", "\"2\""), ("d", "\"1\"")] {
            let pod = try #require(JSONTree(parsing: Manifest.pod(name, gpus: gpus)))
            try await self.client.create(pod, in: ResourcePath(apiVersion: "v1", plural: "pods", namespace: "ml"))
        }
        let pod = try await self.client.get(.pod("ml", "d")).root
        let uid = try #require(pod["metadata"]?["uid"]?.string)
        try await self.client.bind("ml", "d", uid: uid, to: "gpu-2")
    }

    /// As `kubectl get nodes,pods,namespaces -A -o json` prints it.
    private func dump() async throws -> String {
        var objects: [String] = []
        for (kind, path) in [("Node", ResourcePath.nodes), ("Pod", .pods)] {
            let list = JSONTree(try await self.client.get(path).root)
            for item in list["items"]?.elements ?? [] {
                var item = item
                item["kind"] = .string(kind)
                item["apiVersion"] = "v1"
                objects.append(item.text)
            }
        }
        return Manifest.list(objects)
    }

    @Test("is the plan of the same cluster's dump, byte for byte, and only reads")
    func sameAsDump() async throws {
        try await self.fill()
        let version = self.server.withServer { $0.resourceVersion }
        for request in [Manifest.json, Manifest.table] {
            let live = try await LivePlan(run: PlanRun(request: request)).respond(from: self.client)
            let dumped = PlanRun(request: request).respond(to: [Manifest.file(try await self.dump())])
            #expect(live.standardOutput == dumped.standardOutput)
            #expect(live.status == .somethingPending)
            #expect(live.standardError == "")
        }
        #expect(self.server.withServer { $0.resourceVersion } == version)
    }

    @Test("reads the launches that are under way, and buys nothing for what they will hold")
    func claims() async throws {
        try await self.fill()
        let examples = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../examples")
        let pools = examples.appending(path: "pools-spot.yaml").standardized.path
        let before = try await LivePlan(run: PlanRun(request: Manifest.json))
            .respond(from: self.client, configurationFile: pools)
        #expect(before.standardOutput.contains(#""pool":"a100""#))
        let system: JSONTree = ["metadata": ["name": "berth-system"]]
        try await self.client.create(system, in: ResourcePath(apiVersion: "v1", plural: "namespaces"))
        try await self.client.create(
            [
                "metadata": ["name": "t-1", "labels": ["berth.dev/launch-claim": "true"]],
                "data": [
                    "pool": "a100", "instanceType": "p4d.24xlarge", "zone": "us-east-1a", "capacityType": "spot",
                    "count": "1", "since": "0", "phase": "launched", "machines": "i-1=expected",
                ],
            ], in: ResourcePath(apiVersion: "v1", plural: "configmaps", namespace: "berth-system"))
        let after = try await LivePlan(run: PlanRun(request: Manifest.json))
            .respond(from: self.client, configurationFile: pools)
        #expect(!after.standardOutput.contains(#""pool":"a100""#))
        #expect(after.standardError == "")
    }

    @Test("says what is read while it is read, page by page")
    func progress() async throws {
        try await self.fill()
        let said = Mutex<[String]>([])
        var options = KubernetesClientOptions()
        options.pageSize = 2
        let client = KubernetesClient(transport: self.server, options: options)
        let run = PlanRun(request: Manifest.json, progress: { step in said.withLock { $0.append(step) } })
        _ = try await LivePlan(run: run).respond(from: client)
        let steps = said.withLock { $0 }.filter { $0.hasPrefix("reading pods") }
        #expect(steps == ["reading pods", "reading pods: 2", "reading pods: 4"])
    }

    @Test("a kubeconfig that is not there, or leads to nobody, ends with 69 and says so")
    func unreachable() async throws {
        let missing = await LivePlan(run: PlanRun(request: Manifest.json), kubeconfig: "/nowhere/config")
            .respond(configurationFile: nil)
        #expect(missing.status == .unavailable)
        #expect(missing.standardError.contains("/nowhere/config"))
    }
}
