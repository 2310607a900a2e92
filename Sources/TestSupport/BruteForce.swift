import PlacementVerifier
public import SchedulingModel

/// Answers by trying everything. For worlds of a handful of nodes and pods.
///
/// It asks the verifier's replay whether a step is legal and knows no heuristic. It shares no code with the solver.
public struct BruteForce {
    private let snapshot: ClusterSnapshot
    let replay: Replay

    /// - Parameter assignments: Decisions that are taken as made, legal or not.
    public init(_ snapshot: ClusterSnapshot, after assignments: [Assignment] = []) {
        var replay = Replay(snapshot: snapshot)
        for assignment in assignments { _ = replay.assume(assignment) }
        self.snapshot = snapshot
        self.replay = replay
    }

    /// Every legal way to give this one pod a node and devices now, in node order. The pod has no group.
    public func assignments(of pod: PodKey) -> [Assignment] {
        guard let index = self.snapshot.podIndex(of: pod) else { return [] }
        return self.snapshot.nodes.indices.flatMap { node in
            DeviceChoices.all(for: index, on: node, in: self.snapshot).compactMap { devices in
                let candidate = Assignment(pod: pod, node: self.snapshot.nodes[node].name, devices: devices)
                var trial = self.replay
                return trial.assume(candidate).isEmpty ? candidate : nil
            }
        }
    }

    /// The nodes that will take the pod now, in node order.
    public func feasibleNodes(for pod: PodKey) -> [NodeName] {
        var nodes: [NodeName] = []
        for assignment in self.assignments(of: pod) where nodes.last != assignment.node {
            nodes.append(assignment.node)
        }
        return nodes
    }
}

/// All sets of devices that could be handed to a pod on a node, by count and kind alone.
enum DeviceChoices {
    static func all(for pod: Int, on node: Int, in snapshot: ClusterSnapshot) -> [[DeviceAssignment]] {
        var choices: [[DeviceAssignment]] = [[]]
        for request in snapshot.pods[pod].deviceRequests {
            guard let pool = snapshot.nodes[node].pool(for: request.resource), request.isServed(by: pool) else {
                return []
            }
            let sets = Self.subsets(of: pool.deviceCount, size: request.count).map { indices in
                indices.map { Replay.statement(of: request, on: pool, index: $0) }
            }
            choices = choices.flatMap { begun in sets.map { begun + $0 } }
        }
        return choices.map { devices in
            devices.sorted { ($0.resource, $0.index) < ($1.resource, $1.index) }
        }
    }

    private static func subsets(of count: Int, size: Int) -> [[Int]] {
        guard size > 0 else { return [[]] }
        guard count >= size else { return [] }
        return self.subsets(of: count - 1, size: size)
            + self.subsets(of: count - 1, size: size - 1).map { $0 + [count - 1] }
    }
}
