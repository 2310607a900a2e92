import SchedulingCycle
import SchedulingModel

/// What it takes to say why a large gang waits, and what would help.
enum RefusalBenchmark {
    /// Nodes full of pods of two GPUs, all but every eighth, which is empty: room for 1,600 of the members.
    ///
    /// The cluster is compiled before the time is taken, as it is in the control loop from the cycle before.
    static func run(members: Int, nodes: Int) {
        let bound = Worlds.boundPods(nodes * 4, nodes: nodes).enumerated().filter { $0.offset % nodes % 8 != 0 }
        for axis in [TopologyAxis?.none, .level(0), .level(1)] {
            let (group, pods) = Worlds.gang(members, required: axis)
            let snapshot = ClusterSnapshot(
                nodes: Worlds.nodes(nodes), pods: pods + bound.map(\.element), groups: [group],
                topology: Worlds.topology)
            var compiled = CompiledCluster()
            let planner = Planner()
            var plan = planner.unverifiedPlan(snapshot, on: &compiled)
            let samples = (0..<5).map { _ in
                BerthBenchmarks.nanoseconds { plan = planner.unverifiedPlan(snapshot, on: &compiled) }
            }
            let title = axis.map { "required-level-\($0)" } ?? "anywhere"
            BerthBenchmarks.report("refusal-\(members)x8-\(title)", size: nodes, samples: samples)
            if let pending = plan.pending.first {
                let fix = pending.fix.map { "\($0)" } ?? ""
                print(#"{"name":"refusal-answer","reason":"\#(pending.reason.rawValue)","fix":"\#(fix)"}"#)
            }
        }
    }
}
