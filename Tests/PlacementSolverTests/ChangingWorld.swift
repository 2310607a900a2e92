import SchedulingModel
import TestSupport

/// A small cluster that changes step by step, from a seed: pods and nodes come, go and change.
struct ChangingWorld {
    private(set) var snapshot: ClusterSnapshot
    private var generator: SeededGenerator
    private var nextName = 0

    init(seed: UInt64) {
        self.snapshot = SmallWorld(seed: seed, demand: .mixed).snapshot
        self.generator = SeededGenerator(seed: seed &* 7919)
    }

    /// One to four changes at once.
    mutating func step() -> SnapshotChanges {
        var nodes = self.snapshot.nodes
        var pods = self.snapshot.pods
        var groups = self.snapshot.groups
        for _ in 0..<self.generator.int(in: 1...4) {
            switch self.generator.int(in: 0...15) {
            case 0...4: self.move(&pods, nodes)
            case 5, 6: self.addPod(&pods, nodes)
            case 7, 8: if !pods.isEmpty { pods.remove(at: self.generator.int(in: 0...pods.count - 1)) }
            case 9...12: self.change(&nodes)
            case 13: self.change(&groups, &pods)
            default: self.changeShape(of: &nodes)
            }
        }
        let newer = ClusterSnapshot(nodes: nodes, pods: pods, groups: groups, topology: self.snapshot.topology)
        defer { self.snapshot = newer }
        return self.snapshot.changes(to: newer)
    }

    private mutating func donor() -> SmallWorld { SmallWorld(seed: self.generator.next() % 10_000, demand: .mixed) }

    /// A pod gets another node, or none.
    private mutating func move(_ pods: inout [PodState], _ nodes: [NodeState]) {
        guard !pods.isEmpty, !nodes.isEmpty else { return }
        let pod = self.generator.int(in: 0...pods.count - 1)
        let isLeaving = pods[pod].node != nil && self.generator.once(in: 2)
        let node = self.generator.pick(nodes)
        pods[pod].standing = isLeaving ? .pending : .bound(node.name)
        pods[pod].knownDevices = []
        if !isLeaving, self.generator.once(in: 3), let request = pods[pod].deviceRequests.first, request.count == 1,
            let pool = node.pool(for: request.resource), request.isServed(by: pool)
        {
            pods[pod].knownDevices = DeviceLedger(pool: pool).assignments(
                request, at: [self.generator.int(in: 0...pool.deviceCount - 1)])
        }
    }

    private mutating func addPod(_ pods: inout [PodState], _ nodes: [NodeState]) {
        guard pods.count < 12, var pod = self.donor().pods.randomElement(using: &self.generator) else { return }
        self.nextName += 1
        pod.key = PodKey(namespace: "ml", name: "\(self.generator.pick(["a", "p3x", "z"]))\(self.nextName)")
        pod.group = self.generator.once(in: 2) ? self.snapshot.groups.randomElement(using: &self.generator)?.key : nil
        if pod.node != nil, let node = nodes.randomElement(using: &self.generator) { pod.standing = .bound(node.name) }
        pods.append(pod)
    }

    /// What leaves a node's devices and place in the topology alone.
    private mutating func change(_ nodes: inout [NodeState]) {
        guard !nodes.isEmpty else { return }
        let node = self.generator.int(in: 0...nodes.count - 1)
        switch self.generator.int(in: 0...3) {
        case 0: nodes[node].allocatable[.cpu] = Int64(self.generator.int(in: 0...9)) * 1000
        case 1: nodes[node].allocatable[.pods] = Int64(self.generator.int(in: 0...4))
        case 2: nodes[node].labels["pool"] = self.generator.pick(["a", "b", "c"])
        default: nodes[node].taints = self.donor().nodes.first?.taints ?? []
        }
    }

    private mutating func change(_ groups: inout [PodGroup], _ pods: inout [PodState]) {
        guard !groups.isEmpty else { return }
        let group = self.generator.int(in: 0...groups.count - 1)
        switch self.generator.int(in: 0...3) {
        case 0: groups[group].minMember = self.generator.int(in: 1...3)
        case 1: groups[group].exclusiveAxis = self.generator.pick([nil, .level(0), .level(1)])
        case 2: groups.remove(at: group)
        default:
            guard !pods.isEmpty else { return }
            let pod = self.generator.int(in: 0...pods.count - 1)
            pods[pod].group = groups[group].key
            pods[pod].rank = self.generator.int(in: 0...3)
        }
    }

    private mutating func changeShape(of nodes: inout [NodeState]) {
        let donated = self.donor().nodes.randomElement(using: &self.generator)
        guard var node = donated else { return }
        switch self.generator.int(in: 0...2) {
        case 0 where !nodes.isEmpty: nodes.remove(at: self.generator.int(in: 0...nodes.count - 1))
        case 1 where nodes.count < 6:
            self.nextName += 1
            node.name = NodeName("\(self.generator.pick(["a", "n1x", "z"]))\(self.nextName)")
            nodes.append(node)
        default:
            guard !nodes.isEmpty else { return }
            let index = self.generator.int(in: 0...nodes.count - 1)
            node.name = nodes[index].name
            nodes[index] = node
        }
    }
}
