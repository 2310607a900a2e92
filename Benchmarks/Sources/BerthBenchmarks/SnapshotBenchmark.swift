import PlacementSolver
import SchedulingModel

/// A snapshot of a cluster in which a few nodes have changed, four pods to a node.
enum SnapshotBenchmark {
    /// Two states take turns, as where a reader keeps the older one: each update catches up with two batches of changes, so
    /// half of its time is what one batch costs a state that nobody else holds.
    static func run(nodes: Int, changed: Int) {
        let snapshot = ClusterSnapshot(
            nodes: Worlds.nodes(nodes), pods: Worlds.boundPods(nodes * 4, nodes: nodes), topology: Worlds.topology)
        BerthBenchmarks.report(
            "snapshot-compiled-anew", size: nodes,
            samples: (0..<3).map { _ in BerthBenchmarks.nanoseconds { _ = SolverState(snapshot) } })
        var current = SolverState(snapshot)
        var next = SolverState(snapshot)
        var generator = SeededGenerator(seed: 9)
        var missed = SnapshotChanges()
        var alone: [Int64] = []
        var inTurns: [Int64] = []
        // The first turns unshare what the states have in common with the snapshot they were made of.
        for turn in 0..<204 {
            let changes = Self.changes(to: current.snapshot, count: changed, &generator)
            let catchUp = BerthBenchmarks.nanoseconds { next.update(missed) }
            let update = BerthBenchmarks.nanoseconds { next.update(changes) }
            swap(&current, &next)
            missed = changes
            if turn < 4 { continue }
            alone.append(update)
            inTurns.append(catchUp + update)
        }
        BerthBenchmarks.report("snapshot-after-\(changed)-changed-nodes", size: nodes, samples: alone)
        BerthBenchmarks.report("snapshot-after-\(changed)-changed-nodes-in-turns", size: nodes, samples: inTurns)
        let churn = (0..<5).map { round in
            var changes = SnapshotChanges()
            changes.removedPods = [current.snapshot.pods[round * 3].key]
            changes.pods = [Self.newcomer(round)]
            return BerthBenchmarks.nanoseconds { current.update(changes) }
        }
        BerthBenchmarks.report("snapshot-after-pods-came-and-went", size: nodes, samples: churn)
    }

    /// The same updates over and over, for profilers and instruction counts: little else happens in between.
    static func hotPath(nodes: Int, changed: Int, rounds: Int) {
        var state = SolverState(
            ClusterSnapshot(
                nodes: Worlds.nodes(nodes), pods: Worlds.boundPods(nodes * 4, nodes: nodes), topology: Worlds.topology))
        var generator = SeededGenerator(seed: 9)
        let samples = (0..<rounds).map { _ in
            let changes = Self.changes(to: state.snapshot, count: changed, &generator)
            return BerthBenchmarks.nanoseconds { state.update(changes) }
        }
        BerthBenchmarks.report("snapshot-hot-path", size: nodes, samples: samples)
    }

    /// So many nodes: of three in four a pod changes place or leaves, of the others the taints or the CPU change.
    private static func changes(
        to snapshot: ClusterSnapshot, count: Int, _ generator: inout SeededGenerator
    ) -> SnapshotChanges {
        var changes = SnapshotChanges()
        var seen: Set<Int> = []
        while seen.count < count {
            let index = generator.int(in: 0...snapshot.nodes.count - 1)
            guard seen.insert(index).inserted else { continue }
            if seen.count % 4 == 0 {
                var node = snapshot.nodes[index]
                node.taints = node.taints.isEmpty ? [.unschedulable] : []
                node.allocatable[.cpu] = 128_000 - Int64(generator.int(in: 0...8)) * 1000
                changes.nodes.append(node)
            } else if let pod = snapshot.podIndex(of: PodKey(namespace: "bench", name: "bound-\(index)")) {
                var changed = snapshot.pods[pod]
                changed.standing = changed.node == nil ? .bound(snapshot.nodes[index].name) : .pending
                changes.pods.append(changed)
            }
        }
        return changes
    }

    private static func newcomer(_ number: Int) -> PodState {
        var pod = Worlds.boundPods(1, nodes: 1)[0]
        pod.key = PodKey(namespace: "bench", name: "new-\(number)")
        pod.standing = .pending
        return pod
    }
}
