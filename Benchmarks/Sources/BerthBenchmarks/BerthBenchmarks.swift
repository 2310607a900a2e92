import PlacementSolver
import PlacementVerifier
import SchedulingCycle
import SchedulingModel

/// Prints one JSON line per measurement: name, size, and nanoseconds. Thresholds are for people; nothing fails here.
///
/// Arguments, if any, name the groups to run: `place`, `place-small`, `gang`, `plan`.
@main
enum BerthBenchmarks {
    static func main() {
        let chosen = CommandLine.arguments.dropFirst()
        let runs = { (name: String) in chosen.isEmpty || chosen.contains(name) }
        if runs("place") { for nodes in [1_000, 10_000, 100_000] { Self.onePlacement(nodes: nodes) } }
        if chosen.contains("place-small") { Self.onePlacement(nodes: 1_000) }
        if runs("gang") {
            Self.gang(members: 128, nodes: 12_800)
            Self.gangWithoutRoom(members: 4_096, nodes: 12_800)
        }
        if runs("plan") { Self.fullPlan(pods: 20_000, nodes: 5_000) }
    }

    /// Pods one by one on a cluster filled to half its GPUs; the search and the booking are timed together. Finding
    /// a pod's shape, which happens once when it is first seen, is timed apart.
    private static func onePlacement(nodes: Int) {
        let fill = nodes * 4
        let measured = min(20_000, nodes)
        let pods = Worlds.pods(fill + measured, seed: 1)
        var state = SolverState(
            ClusterSnapshot(nodes: Worlds.nodes(nodes), pods: pods, topology: Worlds.topology))
        let order = pods.compactMap { state.snapshot.podIndex(of: $0.key) }
        var placedGPUs = 0
        var next = 0
        while placedGPUs < fill, next < order.count - measured {
            if let candidate = state.bestNode(for: order[next]) {
                state.assume(order[next], candidate)
                placedGPUs += candidate.deviceCount
            }
            next += 1
        }
        let measuredPods = order[next..<min(next + measured, order.count)]
        Self.report(
            "shape-of-one-pod", size: nodes,
            samples: measuredPods.map { pod in Self.nanoseconds { _ = state.shapeIdentity(of: pod) } })
        var samples: [Int64] = []
        samples.reserveCapacity(measured)
        for pod in measuredPods {
            samples.append(
                Self.nanoseconds {
                    if let candidate = state.bestNode(for: pod) { state.assume(pod, candidate) }
                })
        }
        Self.report("place-one-pod", size: nodes, samples: samples)
        let placed = order[..<next].filter { state.node(of: $0) != nil }.prefix(measured)
        Self.report(
            "release-one-pod", size: nodes, samples: placed.map { pod in Self.nanoseconds { state.release(pod) } })
    }

    private static func gang(members: Int, nodes: Int) {
        let (group, pods) = Worlds.gang(members, required: .level(1))
        let singles = Worlds.pods(nodes, seed: 2)
        let snapshot = ClusterSnapshot(
            nodes: Worlds.nodes(nodes), pods: pods + singles, groups: [group], topology: Worlds.topology)
        var state = SolverState(snapshot)
        for pod in singles.prefix(nodes / 2).compactMap({ snapshot.podIndex(of: $0.key) }) {
            if let candidate = state.bestNode(for: pod) { state.assume(pod, candidate) }
        }
        let start = state.checkpoint
        _ = state.placeGroup(0)
        state.rollback(to: start)
        var samples: [Int64] = []
        for _ in 0..<20 {
            samples.append(Self.nanoseconds { _ = state.placeGroup(0) })
            state.rollback(to: start)
        }
        Self.report("gang-\(members)x8-required-block", size: nodes, samples: samples)
    }

    private static func gangWithoutRoom(members: Int, nodes: Int) {
        let (group, pods) = Worlds.gang(members, required: .level(1))
        let snapshot = ClusterSnapshot(
            nodes: Worlds.nodes(nodes), pods: pods, groups: [group], topology: Worlds.topology)
        var state = SolverState(snapshot)
        _ = state.placeGroup(0)
        let samples = (0..<10).map { _ in Self.nanoseconds { _ = state.placeGroup(0) } }
        Self.report("gang-\(members)x8-no-room", size: nodes, samples: samples)
    }

    private static func fullPlan(pods: Int, nodes: Int) {
        let snapshot = ClusterSnapshot(
            nodes: Worlds.nodes(nodes), pods: Worlds.pods(pods, seed: 3), topology: Worlds.topology)
        let planner = Planner()
        var plan = Plan()
        let search = Self.nanoseconds { plan = planner.unverifiedPlan(snapshot) }
        let verification = Self.nanoseconds { _ = PlacementVerifier(snapshot: snapshot).violations(in: plan) }
        Self.report("full-plan-\(pods)-pods", size: nodes, samples: [search])
        Self.report("verify-plan-\(pods)-pods", size: nodes, samples: [verification])
    }

    // MARK: Measuring

    private static func nanoseconds(_ work: () -> Void) -> Int64 {
        let elapsed = ContinuousClock().measure(work)
        return elapsed.components.seconds * 1_000_000_000 + elapsed.components.attoseconds / 1_000_000_000
    }

    private static func report(_ name: String, size: Int, samples: [Int64]) {
        let sorted = samples.sorted()
        guard let last = sorted.last else { return }
        let mean = sorted.reduce(0, +) / Int64(sorted.count)
        let p50 = sorted[sorted.count / 2]
        let p99 = sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
        print(
            #"{"name":"\#(name)","nodes":\#(size),"runs":\#(sorted.count),"meanNs":\#(mean),"#
                + #""p50Ns":\#(p50),"p99Ns":\#(p99),"maxNs":\#(last)}"#)
    }
}
