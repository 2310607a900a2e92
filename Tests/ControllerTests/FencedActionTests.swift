import ClusterImport
import ControlLoop
import FakeKubernetesAPI
import Foundation
import HTTPTransport
import KubernetesAPI
import SchedulingCycle
import SchedulingModel
import Synchronization
import Testing

@testable import Controller
@testable import KubernetesClient

@Suite("Actions and shutdown, when the lease runs out")
struct FencedActionTests {
    private let server = FaultyTransport(
        InProcessTransport(FakeAPIServer(now: { Int64(Date().timeIntervalSince1970) })))

    /// Closes the fence once a write has been answered.
    private final class ClosingTransport: HTTPTransport {
        let below: FaultyTransport
        let fence: LeadershipFence

        init(_ below: FaultyTransport, _ fence: LeadershipFence) {
            self.below = below
            self.fence = fence
        }

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            let response = try await self.below.send(request)
            if request.method != "GET" { self.fence.close() }
            return response
        }
    }

    private func addPod(_ name: String) async throws -> ManifestObject {
        let amounts: JSONTree = ["cpu": "8", "nvidia.com/gpu": "8"]
        let document = try await KubernetesClient(transport: self.server).create(
            [
                "metadata": ["name": .string(name)],
                "spec": [
                    "schedulerName": "berth",
                    "containers": [
                        ["name": "main", "image": "i", "resources": ["requests": amounts, "limits": amounts]]
                    ],
                ],
            ], in: ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default"))
        return ManifestObject(
            apiVersion: "v1", kind: "Pod", value: document.root, origin: ManifestOrigin(file: "test"))
    }

    private func addNode() async throws {
        let amounts: JSONTree = ["cpu": "96", "memory": "1000Gi", "pods": "110", "nvidia.com/gpu": "8"]
        try await KubernetesClient(transport: self.server).create(
            [
                "metadata": ["name": "n1", "labels": ["nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"]],
                "status": ["allocatable": amounts, "conditions": [["type": "Ready", "status": "True"]]],
            ], in: .nodes)
    }

    @Test("explain writes twice; a fence that closes after the first write lets no second out")
    func explain() async throws {
        let pod = try await self.addPod("p")
        let cache = ClusterCache(paths: [.pods])
        _ = cache.take(.replaced(ResourceList(resourceVersion: pod.resourceVersion, objects: [pod])), of: .pods)
        let fence = LeadershipFence()
        let client = KubernetesClient(transport: ClosingTransport(self.server, fence)).fenced(by: fence)
        let performer = ActionPerformer(
            client: client, cache: cache, configuration: BerthConfiguration(),
            timestamp: { "2026-11-26T10:00:00.000000Z" }, instance: "one")
        let snapshot = ClusterImporter().importCluster([pod]).snapshot
        let pending = try #require(Planner().unverifiedPlan(snapshot).pending.first)
        let action = Action(
            id: ActionID(rawValue: 1),
            kind: .explain(PodTarget(key: snapshot.pods[0].key, uid: pod.uid, version: 1), pending))
        #expect(await performer.perform(action, known: nil, sentence: "no nodes") == .unavailable)
        #expect(!self.server.requests.contains { $0.hasPrefix("PATCH") })
        fence.keepOpen(until: .now + .seconds(3600))
        #expect(await performer.perform(action, known: nil, sentence: "no nodes") == .succeeded)
        #expect(self.server.requests.filter { $0.hasPrefix("PATCH") }.count == 1)
        #expect(!self.server.requests.contains { $0.hasPrefix("POST") && $0.contains("/events") })
    }

    @Test(
        "a call that the server put off for long, or that hangs, holds a shutdown up only until the renew deadline",
        .timeLimit(.minutes(10)),
        arguments: [.answer(429, headers: ["Retry-After": "30"]), .hang] as [FaultyTransport.Fault])
    func boundedShutdown(fault: FaultyTransport.Fault) async throws {
        try await self.addNode()
        _ = try await self.addPod("p")
        self.server.add(fault, to: "POST", "/binding")
        // What the server asks for is longer than this test may take; everything else is as short as it says.
        let pause = Pause(sleep: { try await Task.sleep(for: $0 > .seconds(20) ? .seconds(3600) : $0) })
        var options = ControllerOptions()
        options.leaseNamespace = "default"
        options.leaseDuration = .seconds(6)
        let controller = Controller(KubernetesClient(transport: self.server, pause: pause), options: options)
        let running = Task { try await controller.run() }
        while !self.server.requests.contains(where: { $0.contains("/binding") }) {
            try await Task.sleep(for: .milliseconds(5))
        }
        running.cancel()
        _ = await running.result
        #expect(self.server.requests.count { $0.contains("/binding") } == 1)
        let lease = try await KubernetesClient(transport: self.server).get(
            ResourcePath(
                apiVersion: "coordination.k8s.io/v1", plural: "leases", namespace: "default", name: "berth-controller"))
        #expect(lease.root["spec"]?["holderIdentity"]?.string == "")
    }
}
