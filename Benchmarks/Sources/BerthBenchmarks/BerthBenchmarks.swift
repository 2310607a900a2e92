import BenchmarkSupport
import CapacityPlanner
import PlacementSolver
import PlacementVerifier
import SchedulingCycle
import SchedulingModel

/// Prints one JSON line per measurement: name, size, and nanoseconds. Thresholds are for people; nothing fails here.
///
/// Arguments, if any, name the groups to run: `place`, `openb`, `snapshot`, `cycle`, `gang`, `refusal`, `plan`,
/// `purchase`, `extender`, and those that run only when named: `place-small`, `openb-hot` and `snapshot-hot` for instruction
/// counts, `memory` for the peak of a process of its own.
@main
enum BerthBenchmarks {
    static func main() {
        let chosen = CommandLine.arguments.dropFirst()
        let runs = { (name: String) in chosen.isEmpty || chosen.contains(name) }
        if runs("place") { for nodes in [1_000, 10_000, 100_000] { Self.onePlacement(nodes: nodes) } }
        if chosen.contains("place-small") { Self.onePlacement(nodes: 1_000) }
        if runs("openb") { for nodes in [1_213, 10_000, 100_000] { Self.openbPlacement(nodes: nodes) } }
        if chosen.contains("openb-hot") { Self.openbHotPath(nodes: 1_213, rounds: 40) }
        if chosen.contains("memory") { Self.memory(nodes: 100_000, pods: 400_000) }
        if runs("snapshot") {
            for nodes in [1_000, 10_000, 100_000] { SnapshotBenchmark.run(nodes: nodes, changed: 10) }
        }
        if chosen.contains("snapshot-hot") { SnapshotBenchmark.hotPath(nodes: 10_000, changed: 10, rounds: 20_000) }
        if runs("cycle") { for nodes in [1_000, 5_000] { CycleBenchmark.run(nodes: nodes, cycles: 10) } }
        if runs("gang") {
            Self.gang(members: 128, nodes: 12_800)
            Self.gangWithoutRoom(members: 4_096, nodes: 12_800)
        }
        if runs("refusal") { RefusalBenchmark.run(members: 4_096, nodes: 12_800) }
        if runs("purchase") { Self.purchase(pods: 20_000, types: 400) }
        if runs("extender") { ExtenderWorld.measure(nodes: 5_000, pods: 20_000, calls: 2_000) }
        if runs("plan") { Self.fullPlan(pods: 20_000, nodes: 5_000) }
    }

    /// What to buy for so many pods from so many machine types: the search and its proof of the lower bound, then with the
    /// planner's and the verifier's pass over the bought nodes.
    private static func purchase(pods: Int, types: Int) {
        let snapshot = ClusterSnapshot(nodes: [], pods: PurchaseWorld.pods(pods, seed: 3))
        let plan = PurchaseWorld.pending(snapshot)
        let pools = [PurchaseWorld.pool(types: types, seed: 4)]
        let planner = CapacityPlanner()
        Self.report(
            "purchase-search", size: pods,
            samples: (0..<3).map { _ in
                Self.nanoseconds { _ = planner.search(snapshot, leaving: plan, pools: pools) }
            })
        Self.report(
            "purchase-verified", size: pods,
            samples: [
                Self.nanoseconds { _ = try? planner.plan(snapshot, leaving: plan, pools: pools) }
            ])
        if let bought = try? planner.plan(snapshot, leaving: plan, pools: pools) {
            print(
                #"{"name":"purchase-cost","pods":\#(pods),"types":\#(types),"#
                    + #""microUSDPerHour":\#(bought.expectedCostPerHourMicroUSD),"#
                    + #""lowerBoundMicroUSDPerHour":\#(bought.lowerBoundPerHourMicroUSD),"#
                    + #""unserved":\#(bought.unserved.count)}"#)
        }
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

    /// The openb workload on the openb cluster, or a larger one like it, with Berth's policy: pods arrive one by one until
    /// half of the GPUs are taken, then the next ones are timed, and then pods are released at random.
    ///
    /// Planning ahead happens between placements and is timed apart.
    private static func openbPlacement(nodes: Int) {
        // Six pods and a half per node fill the cluster.
        let measured = min(20_000, nodes)
        let fill = nodes * 13 / 4
        let snapshot = ClusterSnapshot(
            nodes: Worlds.openbNodes(nodes), pods: Worlds.openbPods(fill + measured, seed: 11))
        var placer = OnlinePlacer(SolverState(snapshot))
        for pod in 0..<fill {
            placer.planIfDue(for: pod)
            _ = placer.place(pod)
        }
        var planning: [Int64] = []
        var samples: [Int64] = []
        samples.reserveCapacity(measured)
        for pod in fill..<fill + measured {
            let isDue = placer.isPlanDue
            let time = Self.nanoseconds { placer.planIfDue(for: pod) }
            if isDue { planning.append(time) }
            samples.append(Self.nanoseconds { _ = placer.place(pod) })
        }
        Self.report("openb-place-one-pod", size: nodes, samples: samples)
        Self.report("openb-plan-ahead", size: nodes, samples: planning)
        var generator = SeededGenerator(seed: 5)
        let released = (0..<measured).map { _ in generator.int(in: 0...fill - 1) }.filter {
            placer.state.node(of: $0) != nil
        }
        Self.report(
            "openb-release-one-pod", size: nodes,
            samples: released.map { pod in Self.nanoseconds { placer.release(pod) } })
    }

    /// The same placements over and over, for profilers and instruction counts: nothing else happens in between.
    private static func openbHotPath(nodes: Int, rounds: Int) {
        let (fill, measured) = (nodes * 13 / 4, nodes)
        let snapshot = ClusterSnapshot(
            nodes: Worlds.openbNodes(nodes), pods: Worlds.openbPods(fill + measured, seed: 11))
        var placer = OnlinePlacer(SolverState(snapshot))
        for pod in 0..<fill {
            placer.planIfDue(for: pod)
            _ = placer.place(pod)
        }
        var state = placer.state
        let start = state.checkpoint
        var samples: [Int64] = []
        for _ in 0..<rounds {
            samples.append(
                Self.nanoseconds {
                    for pod in fill..<fill + measured {
                        if let candidate = state.bestNode(for: pod) { state.assume(pod, candidate) }
                    }
                } / Int64(measured))
            state.rollback(to: start)
        }
        Self.report("openb-hot-path", size: nodes, samples: samples)
    }

    /// A full cluster held in memory: the snapshot and the solver's state of it.
    private static func memory(nodes: Int, pods: Int) {
        let snapshot = ClusterSnapshot(
            nodes: Worlds.nodes(nodes), pods: Worlds.boundPods(pods, nodes: nodes), topology: Worlds.topology)
        let withSnapshot = ProcessFigures.residentMiB
        let state = SolverState(snapshot)
        withExtendedLifetime((snapshot, state)) {
            print(
                #"{"name":"memory","nodes":\#(nodes),"gpus":\#(nodes * 8),"pods":\#(pods),"#
                    + #""snapshotMiB":\#(withSnapshot),"withStateMiB":\#(ProcessFigures.residentMiB),"#
                    + #""peakMiB":\#(ProcessFigures.peakMiB)}"#)
        }
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

    static func nanoseconds(_ work: () -> Void) -> Int64 {
        let elapsed = ContinuousClock().measure(work)
        return elapsed.components.seconds * 1_000_000_000 + elapsed.components.attoseconds / 1_000_000_000
    }

    static func report(_ name: String, size: Int, samples: [Int64]) {
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
