import ControlLoop
import SchedulingModel
import TestSupport
import Testing

@Suite("Nodes that are kept whether there is work or not")
struct KeptNodesTests {
    private static func pool(
        minNodes: Int = 0, maxNodes: Int = 10, warm: Int = 0, schedules: [ScheduledMinimum] = []
    ) -> NodePool {
        var pool = CapacityWorld.pool(maxNodes: maxNodes, minNodes: minNodes)
        pool.warmNodes = warm
        pool.schedules = schedules
        return pool
    }

    private static func waiting(_ name: String) -> ObservedPod {
        ObservedPod(state: .gpu(name, count: 8), uid: name, version: 1, door: .gate)
    }

    private static func running(_ name: String, on node: String) -> ObservedPod {
        ObservedPod(state: .gpu(name, count: 8, on: node), uid: name, version: 1, door: .scheduler)
    }

    /// The loop's clock begins on a Monday in 1970, at 13:46:40.
    private static let soon = WeeklyWindow(days: [.mon], startMinute: 830, minuteCount: 10)

    @Test("warm nodes are bought without any work, and again when work has come onto them")
    func warm() {
        var world = CapacityWorld.bought(0, pods: [], pool: Self.pool(warm: 1))
        #expect(world.briefs == ["record t-1 1 in a launching []"])
        world.write()
        world.launch(.launched([MachineID("m1")]))
        world.write()
        world.join("m1")
        world.write()
        world.pass(3_600_000)
        #expect(world.briefs.isEmpty)
        world.apply(.podChanged(Self.waiting("a")))
        #expect(world.briefs == ["record t-2 1 in a launching []"])
    }

    @Test("work that waits goes before warm nodes where the pool's limit is near")
    func limit() {
        // Zone b is dearer: nobody would choose it for a warm node.
        var pod = Self.waiting("a")
        pod.state.constraints.nodeSelector["topology.kubernetes.io/zone"] = "b"
        let world = CapacityWorld.bought(0, pods: [pod], pool: Self.pool(maxNodes: 1, warm: 1))
        #expect(world.briefs == ["record t-1 1 in b launching []"])
        let full = CapacityWorld.bought(1, pods: [Self.running("a", on: "m1")], pool: Self.pool(maxNodes: 1, warm: 1))
        #expect(full.briefs.isEmpty)
    }

    @Test("of idle nodes the warm ones stay")
    func stays() {
        var world = CapacityWorld.bought(3, pods: [], pool: Self.pool(warm: 2))
        world.pass(60_000)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
        world.answer(world.asked[0], .succeeded)
        world.apply(.nodeChanged(CapacityWorld.node("m1", taints: [.givingBack])))
        world.pass(600_000)
        #expect(world.briefs == ["record t-m1 1 in a launched [m1 leaving]"])
    }

    @Test("a node that begins to be idle later is not given back below the minimum")
    func oneAfterTheOther() {
        var world = CapacityWorld.bought(2, pods: [Self.running("a", on: "m2")], pool: Self.pool(minNodes: 1))
        world.pass(60_000)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
        world.apply(.podRemoved(PodKey(namespace: "ml", name: "a"), uid: "a"))
        world.pass(60_000)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
    }

    @Test("a schedule is kept from its first minute to its last, and its nodes are given back afterwards")
    func schedule() {
        let schedule = ScheduledMinimum(window: Self.soon, minNodes: 2)
        var world = CapacityWorld.bought(0, pods: [], pool: Self.pool(schedules: [schedule]))
        #expect(world.loop.nextDeadlineMillis == 200_000)
        world.pass(199_999)
        #expect(world.briefs.isEmpty)
        world.pass(1)
        #expect(world.briefs == ["record t-1 2 in a launching []"])
        world.write()
        world.launch(.launched([MachineID("m1"), MachineID("m2")]))
        world.write()
        world.join("m1")
        world.write()
        world.join("m2")
        world.write()
        world.pass(599_999)
        #expect(world.briefs.isEmpty)
        world.pass(1)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back", "taint m2 berth.dev/giving-back"])
    }

    @Test("when a schedule begins, nodes that are given back stay instead of new ones being bought")
    func reprieve() {
        let schedule = ScheduledMinimum(window: Self.soon, minNodes: 1)
        var world = CapacityWorld.bought(1, pods: [], pool: Self.pool(schedules: [schedule]))
        world.pass(60_000)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
        // The answer is late, and so is the taint.
        world.pass(140_000)
        world.answer(world.asked[0], .succeeded)
        world.apply(.nodeChanged(CapacityWorld.node("m1", taints: [.givingBack])))
        world.pass(2000)
        #expect(world.briefs == ["untaint m1 berth.dev/giving-back"])
    }

    @Test("of idle nodes no more go at once than the budget allows")
    func budget() {
        var pool = Self.pool()
        pool.disruptionBudgets = [.init(limit: .count(1))]
        var world = CapacityWorld.bought(3, pods: [], pool: pool)
        world.pass(60_000)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
        world.answer(world.asked[0], .succeeded)
        world.apply(.nodeChanged(CapacityWorld.node("m1", taints: [.givingBack])))
        world.pass(5000)
        world.write()
        #expect(world.briefs == ["delete m1"])
        world.answer(world.asked[0], .succeeded)
        #expect(world.briefs.sorted() == ["forget t-m1", "taint m2 berth.dev/giving-back"])
    }

    @Test("while a window forbids it nothing is given back, and afterwards it is")
    func forbidden() {
        var pool = Self.pool()
        let now = WeeklyWindow(days: [.mon], startMinute: 827, minuteCount: 10)
        pool.disruptionBudgets = [.init(limit: .percent(100)), .init(limit: .count(0), window: now)]
        var world = CapacityWorld.bought(1, pods: [], pool: pool)
        world.pass(60_000)
        world.pass(559_999)
        #expect(world.briefs == [])
        world.pass(1)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
    }

    @Test("a node that asks to stay does, and so does one that asks while it is given back")
    func staysByItsMark() {
        var world = CapacityWorld.bought(1, pods: [], pool: Self.pool())
        var node = CapacityWorld.node("m1")
        node.refusesDisruption = true
        world.apply(.nodeChanged(node))
        world.pass(600_000)
        #expect(world.briefs.isEmpty)
        world.apply(.nodeChanged(CapacityWorld.node("m1")))
        world.pass(60_000)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
        world.answer(world.asked[0], .succeeded)
        node.taints = [.givingBack]
        world.apply(.nodeChanged(node))
        world.pass(2000)
        #expect(world.briefs == ["untaint m1 berth.dev/giving-back"])
    }

    @Test("a node whose time is over is replaced before it is gone")
    func noticed() {
        var world = CapacityWorld.bought(1, pods: [], pool: Self.pool(minNodes: 1))
        world.apply(.noticed(TakenNotice(machine: MachineID("m1"), atMillis: 1_000_120_000)))
        #expect(world.briefs.contains("record t-1 1 in a launching []"))
    }
}
