import ControlLoop
import SchedulingModel
import Synchronization
import Testing

@testable import Controller

@Suite("A plan that the verifier refuses")
struct RefusedPlanTests {
    @Test("is shown to nobody: the last accepted one stays, and before there is one nothing is ready")
    func refused() async throws {
        let shown = Mutex<[UInt64]>([])
        let cluster = Cluster()
        let controller = Controller(cluster.client, onPlan: { plan, _ in shown.withLock { $0.append(plan.cycle) } })
        var loop = ControlLoop()
        _ = loop.apply(.observed(ObservedCluster()), atMillis: 0)
        _ = loop.apply(.tick, atMillis: 1000)
        let accepted = try #require(loop.published)
        var refused = accepted
        refused.cycle = accepted.cycle + 1
        refused.verdict = .refused([])
        await controller.note(refused)
        #expect(await controller.isReady == false)
        await controller.note(accepted)
        #expect(await controller.isReady)
        await controller.note(refused)
        #expect(await controller.published?.cycle == accepted.cycle)
        #expect(shown.withLock { $0 } == [accepted.cycle])
        #expect(controller.metrics.text().contains(#"berth_cycles_total{result="refused"} 2.0"#))
    }
}
