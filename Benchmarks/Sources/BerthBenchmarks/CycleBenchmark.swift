import ControlLoop
import SchedulingModel

/// Cycles of the control loop in a cluster where little happens.
enum CycleBenchmark {
    /// Four pods to a node, three of them bound; ten that wait. Before each cycle one bound pod ends and another begins to wait.
    static func run(nodes: Int, cycles: Int) {
        let bound = Worlds.boundPods(nodes * 3, nodes: nodes)
        var loop = ControlLoop()
        let observed = (bound + (0..<10).map(Self.newcomer)).map(Self.observed)
        _ = loop.apply(
            .observed(ObservedCluster(nodes: Worlds.nodes(nodes), pods: observed, topology: Worlds.topology)),
            atMillis: 0)
        _ = loop.apply(.tick, atMillis: 1000)
        let samples = (0..<cycles).map { cycle in
            let now = Int64(2000 + 1000 * cycle)
            let ended = Self.observed(bound[cycle * 7])
            _ = loop.apply(.podRemoved(ended.state.key, uid: ended.uid), atMillis: now)
            _ = loop.apply(.podChanged(Self.observed(Self.newcomer(10 + cycle))), atMillis: now)
            return BerthBenchmarks.nanoseconds { _ = loop.apply(.tick, atMillis: now + 500) }
        }
        BerthBenchmarks.report("control-loop-cycle", size: nodes, samples: samples)
    }

    private static func observed(_ pod: PodState) -> ObservedPod {
        ObservedPod(state: pod, uid: "uid-\(pod.key.name)", version: 1, door: .scheduler)
    }

    private static func newcomer(_ number: Int) -> PodState {
        var pod = Worlds.boundPods(1, nodes: 1)[0]
        pod.key = PodKey(namespace: "bench", name: "new-\(number)")
        pod.standing = .pending
        return pod
    }
}
