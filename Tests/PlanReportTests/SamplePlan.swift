import PlanReport
import SchedulingModel

/// A small plan that holds one of everything the report can say.
enum SamplePlan {
    static let topology = Topology(levels: [
        TopologyLevel(name: "block", labelKey: "example.com/block"),
        TopologyLevel(name: "rack", labelKey: "example.com/rack"),
    ])

    static func node(_ name: String, rack: String) -> NodeState {
        NodeState(
            name: NodeName(name), allocatable: ResourceAmounts([.nvidiaGPU: 8, .cpu: 96_000]),
            topologyPath: ["b1", rack])
    }

    static func pod(_ name: String, gpus: Int, group: String? = nil, namespace: String = "ml") -> PodState {
        PodState(
            key: PodKey(namespace: namespace, name: name),
            requests: ResourceAmounts([.nvidiaGPU: Int64(gpus), .cpu: 1500, .memory: 3 << 30]),
            deviceRequests: [DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: gpus)],
            group: group.map { PodGroupKey(namespace: namespace, name: $0) })
    }

    static let snapshot = ClusterSnapshot(
        nodes: [Self.node("gpu-1", rack: "r1"), Self.node("gpu-2", rack: "r1"), Self.node("gpu-3", rack: "r2")],
        pods: [
            Self.pod("trainer-0", gpus: 8, group: "trainer"), Self.pod("trainer-1", gpus: 8, group: "trainer"),
            Self.pod("big-0", gpus: 16),
            Self.pod("nb-0", gpus: 4), Self.pod("nb-1", gpus: 4), Self.pod("nb-2", gpus: 4),
            Self.pod("chat", gpus: 1, namespace: "serve"),
        ],
        groups: [
            PodGroup(
                key: PodGroupKey(namespace: "ml", name: "trainer"), minMember: 2, desiredMembers: 2,
                topology: [TopologyConstraint(axis: .level(1), isRequired: true)])
        ],
        topology: Self.topology)

    static func whole(_ indices: Range<Int>) -> [DeviceAssignment] {
        indices.map { DeviceAssignment(resource: .nvidiaGPU, index: $0, kind: .whole) }
    }

    static let plan: Plan = {
        func key(_ name: String) -> PodKey { PodKey(namespace: "ml", name: name) }
        var summary = PlanSummary()
        summary.nodeCount = 3
        summary.acceleratorsAllocatable = 24
        summary.acceleratorsAllocatedBefore = 2
        summary.acceleratorsAllocatedAfter = 19
        summary.fragmentedAccelerators = 0.5
        summary.demand = ServedDevices(asked: 30.25, served: 17.25, atMost: 21.5)
        summary.placedPods = 3
        summary.pendingPods = 4
        summary.gatedElsewhere = 1
        let slot = DeviceAssignment(resource: .nvidiaGPU, index: 5, kind: .slot, memoryMiB: 7000, isAssumed: false)
        return Plan(
            assignments: [
                Assignment(pod: key("trainer-1"), node: NodeName("gpu-2"), devices: Self.whole(0..<2), rank: 1),
                Assignment(pod: key("trainer-0"), node: NodeName("gpu-1"), devices: Self.whole(0..<1), rank: 0),
                Assignment(
                    pod: PodKey(namespace: "serve", name: "chat"), node: NodeName("gpu-3"), devices: [slot]),
            ],
            groups: [
                GroupPlacement(
                    group: PodGroupKey(namespace: "ml", name: "trainer"), memberCount: 2, minMember: 2, placedCount: 2,
                    axis: .level(1), domains: [TopologyDomain(axis: .level(1), path: ["b1", "r1"])],
                    allReduce: AllReducePrediction(payloadBytes: 1 << 30, seconds: 0.0089, boundSeconds: 0.0089))
            ],
            pending: [Self.bigPending] + (0..<3).map { Self.notebookPending("nb-\($0)") },
            summary: summary)
    }()

    static let bigPending = PendingPod(
        pod: PodKey(namespace: "ml", name: "big-0"), reason: .insufficientGPUs,
        evidence: Evidence(
            nodesByReason: [.insufficientGPUs: 2, .untoleratedTaint: 1], bestNode: NodeName("gpu-3"),
            bestNodeReasons: [.insufficient(resource: .nvidiaGPU, requested: 16, free: 7, allocatable: 8)],
            shortfalls: [
                Evidence.Shortfall(resource: .nvidiaGPU, requested: 16, bestFree: 7, largestAllocatable: 8)
            ]),
        fix: .lowerRequest(resource: .nvidiaGPU, to: 7))

    static func notebookPending(_ name: String) -> PendingPod {
        PendingPod(
            pod: PodKey(namespace: "ml", name: name), reason: .untoleratedTaint,
            evidence: Evidence(
                nodesByReason: [.untoleratedTaint: 3], bestNode: NodeName("gpu-3"),
                bestNodeReasons: [.untoleratedTaint(Taint(key: "dedicated", value: "llm", effect: .noSchedule))]),
            fix: .addTolerations([Taint(key: "dedicated", value: "llm", effect: .noSchedule)], nodeCount: 3))
    }

    static let report = PlanReport(
        plan: Self.plan, snapshot: Self.snapshot, ignoredObjects: ["Secret": 2, "ConfigMap": 1])
}
