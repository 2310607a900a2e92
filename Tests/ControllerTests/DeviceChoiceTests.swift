import ClusterImport
import ControlLoop
import KubernetesAPI
import KubernetesClient
import SchedulingModel
import Testing

@testable import Controller

/// What the controller writes about devices is what it reads after a restart.
@Suite("Chosen devices survive on the pods")
struct DeviceChoiceTests {
    /// Two cards of 16 GiB that HAMi shares out by memory: there the planner chooses.
    private static func addNode(_ cluster: Cluster) async throws {
        let register = "A,10,16384,100,T,0,true:B,10,16384,100,T,0,true:"
        try await cluster.client.create(
            [
                "metadata": ["name": "n1", "annotations": ["hami.io/node-nvidia-register": .string(register)]],
                "status": [
                    "allocatable": ["cpu": "96", "memory": "1000Gi", "pods": "110", "nvidia.com/gpu": "20"],
                    "conditions": [["type": "Ready", "status": "True"]],
                ],
            ], in: .nodes)
    }

    /// As a controller sees the cluster that has just started.
    private static func observed(_ cluster: Cluster, _ pod: String) async throws -> ControlledPod {
        let (objects, findings) = try await ClusterReader(cluster.client).read(progress: { _ in })
        let observation = ClusterObserver(configuration: BerthConfiguration()).observe(objects)
        let state = try #require(observation.cluster.pods.first { $0.state.key.name == pod }?.state)
        let text = try await cluster.pod(pod)[path: ["metadata", "annotations", DeviceAnnotation.key]]?.string
        return ControlledPod(state: state, annotation: text, findings: (findings + observation.findings).count)
    }

    private struct ControlledPod {
        var state: PodState
        var annotation: String?
        var findings: Int
    }

    @Test("of pods that are let go and of pods that are bound", arguments: [true, false])
    func roundTrip(isGated: Bool) async throws {
        let cluster = Cluster()
        try await Self.addNode(cluster)
        // Two do not fit on one card.
        for pod in ["a", "b"] {
            try await cluster.addPod(
                pod, gpus: 1, gated: isGated, scheduler: isGated ? nil : "berth",
                further: ["nvidia.com/gpumem": "10000"])
        }
        try await cluster.withController(cluster.controller()) {
            try await eventually("both have their place") {
                for pod in ["a", "b"] {
                    let place = isGated ? try await cluster.pin(of: pod) : try await cluster.node(of: pod)
                    if place == nil { return false }
                }
                return true
            }
        }
        var indices: Set<Int> = []
        for name in ["a", "b"] {
            let pod = try await Self.observed(cluster, name)
            #expect(pod.findings == 0)
            let device = try #require(pod.state.knownDevices.first, "\(pod.annotation ?? "no annotation")")
            #expect(pod.annotation == "nvidia.com/gpu=\(device.index)")
            #expect(!device.isAssumed)
            indices.insert(device.index)
        }
        #expect(indices.count == 2)
    }

    @Test("a release replaces devices of an earlier decision, and takes them away where none are chosen now")
    func release() throws {
        let pod = try JSONDocument.parse(
            """
            {"metadata":{"name":"p","uid":"u","resourceVersion":"7","annotations":{"berth.dev/devices":"nvidia.com/gpu=9"}},\
            "spec":{"schedulingGates":[{"name":"berth.dev/placement"}]}}
            """
        ).root
        let device = DeviceAssignment(resource: .nvidiaGPU, index: 1, kind: .fraction, isAssumed: false)
        let key = PodKey(namespace: "default", name: "p")
        for (devices, operation) in [([device], "add"), ([], "remove")] {
            let assignment = Assignment(pod: key, node: NodeName("n1"), devices: devices)
            let patch = try #require(ReleasePatch(pod: pod, gate: "berth.dev/placement", assignment: assignment))
            let last = try #require(patch.operations.elements.last)
            #expect(last["op"]?.string == operation)
            #expect(last["path"] == "/metadata/annotations/berth.dev~1devices")
            #expect(last["value"]?.string == (devices.isEmpty ? nil : "nvidia.com/gpu=1"))
        }
    }
}
