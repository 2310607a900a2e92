import FakeKubernetesAPI
import Foundation
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import SchedulingModel
import Synchronization
import Testing

@testable import Controller

/// A cluster on the fake server, and controllers that run on it.
final class Cluster: Sendable {
    let transport: FaultyTransport
    let client: KubernetesClient
    let lines = Mutex<[String]>([])

    init() {
        var server = FakeAPIServer(now: { Int64(Date().timeIntervalSince1970) })
        server.define(group: "scheduling.x-k8s.io", version: "v1alpha1", plural: "podgroups", kind: "PodGroup")
        self.transport = FaultyTransport(InProcessTransport(server))
        self.client = KubernetesClient(transport: self.transport)
    }

    func controller(_ identity: String = "one", dryRun: Bool = false) -> Controller {
        var options = ControllerOptions()
        options.identity = identity
        options.isDryRun = dryRun
        options.leaseNamespace = "default"
        options.leaseDuration = .seconds(15)
        return Controller(
            self.client, options: options, journal: Journal { line in self.lines.withLock { $0.append(line) } })
    }

    /// Runs a controller while `body` looks on.
    func withController(_ controller: Controller, _ body: () async throws -> Void) async throws {
        let running = Task { try await controller.run() }
        do { try await body() } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        _ = await running.result
        #expect(self.transport.server.openWatchCount == 0)
    }

    // MARK: Objects

    func addNode(_ name: String, gpus: Int = 8) async throws {
        let amounts: JSONTree = [
            "cpu": "96", "memory": "1000Gi", "pods": "110", "nvidia.com/gpu": .string("\(gpus)"),
        ]
        try await self.client.create(
            [
                "metadata": [
                    "name": .string(name),
                    "labels": [
                        "kubernetes.io/hostname": .string(name), "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
                    ],
                ],
                "status": ["allocatable": amounts, "conditions": [["type": "Ready", "status": "True"]]],
            ], in: .nodes)
    }

    func addGroup(_ name: String, minMember: Int64) async throws {
        try await self.client.create(
            ["metadata": ["name": .string(name)], "spec": ["minMember": .integer(minMember)]],
            in: ResourcePath(apiVersion: "scheduling.x-k8s.io/v1alpha1", plural: "podgroups", namespace: "default"))
    }

    func addPod(
        _ name: String, gpus: Int = 8, group: String? = nil, gated: Bool = false, scheduler: String? = nil,
        further: JSONTree = [:]
    ) async throws {
        var amounts: JSONTree = ["cpu": "8", "nvidia.com/gpu": .string("\(gpus)")]
        for member in further.members { amounts[member.key] = member.value }
        var pod: JSONTree = [
            "metadata": ["name": .string(name)],
            "spec": [
                "containers": [["name": "main", "image": "i", "resources": ["requests": amounts, "limits": amounts]]]
            ],
        ]
        if let group { pod[path: ["metadata", "labels", "scheduling.x-k8s.io/pod-group"]] = .string(group) }
        if gated { pod[path: ["spec", "schedulingGates"]] = [["name": "berth.dev/placement"]] }
        if let scheduler { pod[path: ["spec", "schedulerName"]] = .string(scheduler) }
        try await self.client.create(pod, in: ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default"))
    }

    func pod(_ name: String) async throws -> JSONTree {
        JSONTree(try await self.client.get(.pod("default", name)).root)
    }

    func node(of name: String) async throws -> String? {
        try await self.pod(name)[path: ["spec", "nodeName"]]?.string
    }

    func pin(of name: String) async throws -> String? {
        PodDoor.pinnedNode(try await self.client.get(.pod("default", name)).root)?.rawValue
    }

    func isGated(_ name: String) async throws -> Bool {
        !PodDoor.gates(of: try await self.client.get(.pod("default", name)).root).isEmpty
    }

    func condition(_ type: String, of name: String) async throws -> JSONTree? {
        try await self.pod(name)[path: ["status", "conditions"]]?.elements.first { $0["type"]?.string == type }
    }
}

/// Waits up to four minutes: a machine may be busy with other tests.
func eventually(_ what: String, _ isSo: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(240)
    while ContinuousClock.now < end {
        if try await isSo() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("did not happen: \(what)")
    // What comes next would only wait for the same.
    throw CancellationError()
}
