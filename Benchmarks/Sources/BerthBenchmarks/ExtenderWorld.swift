import ControlLoop
import SchedulerExtender
import SchedulingModel

/// kube-scheduler's questions about single pods, each with the names of all nodes, as `nodeCacheCapable` makes it ask.
enum ExtenderWorld {
    /// Questions about pods that the plan knows, and about pods that the scheduler has seen first.
    static func measure(nodes: Int, pods: Int, calls: Int) {
        let bound = Worlds.boundPods(pods * 3 / 4, nodes: nodes)
        let pending = Worlds.pods(500, seed: 21, prefix: "waiting").filter { !$0.deviceRequests.isEmpty }
        let extender = SchedulerExtender()
        var loop = ControlLoop()
        let observed = (bound + pending).map {
            ObservedPod(state: $0, uid: "uid-\($0.key.name)", version: 1, door: .scheduler)
        }
        let cluster = ObservedCluster(nodes: Worlds.nodes(nodes), pods: observed, topology: Worlds.topology)
        _ = loop.apply(.observed(cluster), atMillis: 0)
        _ = loop.apply(.tick, atMillis: 1000)
        guard let plan = loop.published else { return }
        let uids = Dictionary(uniqueKeysWithValues: observed.map { ($0.state.key, $0.uid) })
        BerthBenchmarks.report(
            "extender-publish", size: nodes,
            samples: (0..<3).map { _ in BerthBenchmarks.nanoseconds { extender.publish(plan, uids: uids) } })
        let names = cluster.nodes.map { "\"\($0.name.rawValue)\"" }.joined(separator: ",")
        let known = pending.map { Self.arguments($0.key.name, names) }
        let unseen = (0..<pending.count).map { Self.arguments("unseen-\($0)", names) }
        for (title, questions) in [("known", known), ("unseen", unseen)] {
            let asked = (0..<calls).map { questions[$0 % questions.count] }
            BerthBenchmarks.report(
                "extender-filter-\(title)", size: nodes,
                samples: asked.map { body in BerthBenchmarks.nanoseconds { _ = try? extender.filter(body) } })
            BerthBenchmarks.report(
                "extender-prioritize-\(title)", size: nodes,
                samples: asked.map { body in BerthBenchmarks.nanoseconds { _ = try? extender.prioritize(body) } })
        }
    }

    private static func arguments(_ pod: String, _ names: String) -> [UInt8] {
        let resources = #"{"limits":{"nvidia.com/gpu":"2"},"requests":{"cpu":"8","nvidia.com/gpu":"2"}}"#
        let text = #"""
            {"Pod":{"metadata":{"name":"\#(pod)","namespace":"bench","uid":"uid-\#(pod)"},"spec":{"containers":\#
            [{"name":"main","image":"x","resources":\#(resources)}]}},"Nodes":null,"NodeNames":[\#(names)]}
            """#
        return Array(text.utf8)
    }
}
