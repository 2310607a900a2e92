import ControlLoop
import SchedulingModel
import TestSupport
import Testing

@Suite("Giving nodes back, and nodes that are taken")
struct GivingBackTests {
    private static let claim = LaunchClaim(
        token: "t-0", pool: "gpus", offering: CapacityWorld.spot, count: 1, sinceMillis: 999_990_000, phase: .launched,
        machines: [.init(id: MachineID("m1"), phase: .joined)], version: 5)
    private static let listed = [ListedMachine(id: MachineID("m1"), offering: CapacityWorld.spot, token: "t-0")]

    private static func node(taints: [Taint] = []) -> NodeState {
        var node = NodeState.gpu("m1", count: 8, labels: ["topology.kubernetes.io/zone": "a"], taints: taints)
        node.providerID = "sim:///a/m1"
        return node
    }

    private static func world(
        pods: [ObservedPod] = [], groups: [PodGroup] = [], taints: [Taint] = [], minNodes: Int = 0
    ) -> CapacityWorld {
        CapacityWorld(
            nodes: [Self.node(taints: taints)], pods: pods, groups: groups,
            pool: CapacityWorld.pool(minNodes: minNodes),
            claims: [Self.claim], machines: Self.listed)
    }

    private static func running(_ name: String, group: String? = nil, on node: String = "m1") -> ObservedPod {
        ObservedPod(state: .gpu(name, count: 4, on: node, group: group), uid: name, version: 1, door: .scheduler)
    }

    @Test("an empty node is closed after the delay, and deleted when it has stayed empty")
    func empty() {
        var world = Self.world()
        world.pass(59_999)
        #expect(world.briefs.isEmpty)
        world.pass(1)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
        world.answer(world.asked[0], .succeeded)
        world.apply(.nodeChanged(Self.node(taints: [.givingBack])))
        world.pass(4999)
        #expect(world.briefs.isEmpty)
        world.pass(1)
        #expect(world.briefs == ["record t-0 1 in a launched [m1 leaving]"])
        world.write()
        #expect(world.briefs == ["delete m1"])
        world.answer(world.asked[0], .succeeded)
        #expect(world.briefs == ["forget t-0"])
    }

    @Test("a pod that came before the node was closed keeps it")
    func overtaken() {
        var world = Self.world()
        world.pass(60_000)
        world.apply(.nodeChanged(Self.node(taints: [.givingBack])))
        world.answer(world.asked[0], .succeeded)
        world.apply(.podChanged(Self.running("late")))
        world.pass(5000)
        #expect(world.briefs == ["untaint m1 berth.dev/giving-back"])
    }

    @Test("new work that fits takes the taint off again, and nothing is bought for it")
    func wantedAgain() {
        var world = Self.world()
        world.pass(60_000)
        world.apply(.nodeChanged(Self.node(taints: [.givingBack])))
        world.answer(world.asked[0], .succeeded)
        world.apply(.podChanged(ObservedPod(state: .gpu("new", count: 8), uid: "new", version: 1, door: .gate)))
        world.pass(2000)
        #expect(world.briefs == ["untaint m1 berth.dev/giving-back"])
        world.apply(.nodeChanged(Self.node()))
        #expect(world.actions.contains { if case .release = $0.kind { true } else { false } })
    }

    @Test("the pool's minimum is kept, and so is a node with a pod")
    func kept() {
        var least = Self.world(minNodes: 1)
        least.pass(3_600_000)
        #expect(least.briefs.isEmpty)
        var used = Self.world(pods: [Self.running("a")])
        used.pass(3_600_000)
        #expect(used.briefs.isEmpty)
    }

    @Test("a restart goes on with a node that was being given back")
    func restart() {
        var world = Self.world(taints: [.givingBack])
        world.pass(5000)
        #expect(world.briefs == ["record t-0 1 in a launched [m1 leaving]"])
    }

    @Test("a node that is gone is looked for at the provider, and its claim ends with it")
    func taken() {
        var world = Self.world(pods: [Self.running("a")])
        world.apply(.podRemoved(PodKey(namespace: "ml", name: "a"), uid: "a"))
        world.apply(.nodeRemoved(NodeName("m1")))
        #expect(world.briefs == ["list gpus"])
        world.answerList([])
        #expect(world.briefs == ["forget t-0"])
    }

    // MARK: Notices

    private static let gang = [PodGroup(key: PodGroupKey(namespace: "ml", name: "pair"), minMember: 2)]

    @Test("a notice closes the node, tells the whole gang, buys the replacement, and evicts in time")
    func notice() {
        var world = Self.world(
            pods: [Self.running("a", group: "pair"), Self.running("b", group: "pair", on: "n1")], groups: Self.gang)
        world.apply(.nodeChanged(.gpu("n1", count: 4)))
        world.apply(.noticed(TakenNotice(machine: MachineID("m1"), atMillis: 1_000_120_000)))
        #expect(
            world.briefs.sorted() == [
                "mark a by 1000090000", "mark b by 1000090000", "record t-1 1 in a launching []",
                "taint m1 berth.dev/interruption",
            ])
        #expect(world.actions.allSatisfy { if case .evict = $0.kind { false } else { true } })
        world.pass(90_000)
        let evicted = world.actions.compactMap { action -> String? in
            if case .evict(let target, .interrupted) = action.kind { target.key.name } else { nil }
        }
        #expect(evicted == ["a"])
    }

    @Test("a node that is to be taken and has no pod is given back at once")
    func emptyAndNoticed() {
        var world = Self.world()
        world.apply(.noticed(TakenNotice(machine: MachineID("m1"), atMillis: 1_003_600_000)))
        #expect(world.briefs == ["taint m1 berth.dev/interruption"])
        world.answer(world.asked[0], .succeeded)
        world.apply(.nodeChanged(Self.node(taints: [.interruption(atSeconds: 1_003_600)])))
        world.pass(5000)
        #expect(world.briefs.contains("record t-0 1 in a launched [m1 leaving]"))
    }

    @Test("a node without notice in memory is remembered by its taint")
    func remembered() {
        let taint = Taint.interruption(atSeconds: 1_000_120)
        var world = Self.world(pods: [Self.running("a")], taints: [taint])
        // Leading before the first list, as here, is not how a process starts.
        world.apply(.leadershipLost)
        world.apply(.leadershipGained)
        world.pass(90_000)
        #expect(world.actions.contains { if case .evict(_, .interrupted) = $0.kind { true } else { false } })
    }

    @Test("a recommendation tells the pods, and costs nothing")
    func rebalance() {
        var world = Self.world(pods: [Self.running("a")])
        world.apply(.noticed(TakenNotice(machine: MachineID("m1"), atMillis: nil)))
        #expect(world.briefs == ["mark a by ?"])
    }
}
