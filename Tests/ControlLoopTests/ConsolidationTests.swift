import ControlLoop
import SchedulingModel
import TestSupport
import Testing

@Suite("Moving pods off under-used nodes")
struct ConsolidationTests {
    static func pod(
        _ name: String, _ count: Int = 2, on node: String?, group: String? = nil, uid: String? = nil,
        version: UInt64 = 1,
        change: (inout PodState) -> Void = { _ in }
    ) -> ObservedPod {
        var state = PodState.gpu(name, count: count, on: node, group: group)
        state.labels = ["app": name]
        change(&state)
        return ObservedPod(
            state: state, uid: uid ?? name, version: version, door: node == nil ? .gate : .scheduler)
    }

    static let emptying = Taint(key: "berth.dev/giving-back", value: "emptying", effect: .noSchedule)

    static func evicted(_ world: CapacityWorld) -> [String] {
        world.actions.compactMap { action -> String? in
            if case .evict(let target, .consolidated(let node)) = action.kind {
                "\(target.key.name) off \(node)"
            } else {
                nil
            }
        }.sorted()
    }

    /// Through the delay, the taint, and the time after it.
    static func settle(_ world: inout CapacityWorld) {
        world.pass(600_000)
        guard let action = world.asked.first(where: { $0.kind.brief.hasPrefix("taint") }) else { return }
        guard case .taint(let name, _, _) = action.kind else { return }
        world.answer(action, .succeeded)
        world.apply(.nodeChanged(CapacityWorld.node(name.rawValue, taints: [Self.emptying])))
        world.pass(5000)
        // The cycle that this asks for.
        world.pass(0)
        world.write()
    }

    @Test("the node is closed, its pod is moved, and its machine goes when the pod stands elsewhere")
    func story() {
        var world = CapacityWorld.bought(2, pods: [Self.pod("a", on: "m1"), Self.pod("b", 4, on: "m2")])
        world.pass(599_999)
        #expect(world.briefs.isEmpty)
        world.pass(1)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
        #expect(Self.evicted(world).isEmpty)
        Self.settle(&world)
        #expect(Self.evicted(world) == ["a off m1"])
        let key = PodKey(namespace: "ml", name: "a")
        world.apply(.podRemoved(key, uid: "a"))
        world.pass(5000)
        #expect(world.briefs.isEmpty)
        // Its successor is let go to the other node, and only then the machine is given up.
        var successor = Self.pod("a", on: nil, uid: "a2", version: 9)
        world.apply(.podChanged(successor))
        world.pass(0)
        #expect(
            world.actions.contains {
                if case .release(_, let place) = $0.kind { place.node == NodeName("m2") } else { false }
            })
        successor = Self.pod("a", on: "m2", uid: "a2", version: 10)
        world.apply(.podChanged(successor))
        world.pass(1000)
        #expect(world.briefs == ["record t-m1 1 in a launched [m1 leaving]"])
        world.write()
        #expect(world.briefs == ["delete m1"])
    }

    @Test("a successor in another zone, whose labels the API server takes from the node, is known again")
    func otherZone() {
        var world = CapacityWorld.bought(
            2,
            pods: [
                Self.pod("a", on: "m1") { $0.labels["topology.kubernetes.io/zone"] = "a" }, Self.pod("b", 4, on: "m2"),
            ])
        Self.settle(&world)
        #expect(Self.evicted(world) == ["a off m1"])
        world.apply(.podRemoved(PodKey(namespace: "ml", name: "a"), uid: "a"))
        world.apply(
            .podChanged(
                Self.pod("a", on: "m2", uid: "a2", version: 10) { $0.labels["topology.kubernetes.io/zone"] = "b" }))
        world.pass(1000)
        #expect(world.briefs == ["record t-m1 1 in a launched [m1 leaving]"])
    }

    @Test(
        "a node stays where its pods have no other place, are marked, would not come back, or have a budget",
        arguments: ["room", "mark", "owner", "system", "node", "pool", "window", "budget", "minimum"])
    func stays(why: String) {
        var pool = CapacityWorld.pool(minNodes: why == "minimum" ? 2 : 0)
        pool.movesPods = why != "pool"
        if why == "window" { pool.disruptionBudgets = [.init(limit: .count(0))] }
        var moved = Self.pod("a", on: "m1") { state in
            state.refusesDisruption = why == "mark"
            state.isProtected = why == "system"
        }
        moved.isRecreated = why != "owner"
        // The other one cannot move either: it is too large for the rest.
        var world = CapacityWorld.bought(
            2, pods: [moved, Self.pod("b", why == "room" ? 7 : 6, on: "m2") { $0.refusesDisruption = true }], pool: pool
        )
        if why == "node" {
            var node = CapacityWorld.node("m1")
            node.refusesDisruption = true
            world.apply(.nodeChanged(node))
        }
        if why == "budget" {
            let selector = LabelSelector([LabelRequirement(key: "app", .isIn(["a"]))])
            world.apply(.budgetsChanged([.init(namespace: "ml", name: "x", selector: selector, disruptionsAllowed: 0)]))
        }
        Self.settle(&world)
        world.pass(600_000)
        #expect(world.briefs.isEmpty)
        #expect(Self.evicted(world).isEmpty)
    }

    @Test("a gang is moved whole, its member elsewhere too")
    func gang() {
        let group = PodGroup(key: PodGroupKey(namespace: "ml", name: "pair"), minMember: 2)
        var world = CapacityWorld.bought(
            3,
            pods: [
                Self.pod("a", on: "m1", group: "pair"), Self.pod("b", on: "m2", group: "pair"),
                Self.pod("c", 4, on: "m3"), Self.pod("d", 4, on: "m2"),
            ], groups: [group])
        Self.settle(&world)
        #expect(Self.evicted(world) == ["a off m1", "b off m1"])
    }

    @Test("of two under-used nodes one is emptied at a time")
    func oneAtATime() {
        var world = CapacityWorld.bought(
            3, pods: [Self.pod("a", on: "m1"), Self.pod("b", on: "m2"), Self.pod("c", 4, on: "m3")])
        Self.settle(&world)
        world.pass(60_000)
        #expect(Self.evicted(world) == ["a off m1"])
        #expect(world.briefs.isEmpty)
    }

    @Test(
        "work that comes while the node is closed and fits nowhere else takes it into use again, and nothing is bought")
    func wanted() {
        var world = CapacityWorld.bought(2, pods: [Self.pod("a", on: "m1"), Self.pod("b", 4, on: "m2")])
        world.pass(600_000)
        world.answer(world.asked[0], .succeeded)
        world.apply(.nodeChanged(CapacityWorld.node("m1", taints: [Self.emptying])))
        world.apply(.podChanged(Self.pod("big", 6, on: nil)))
        world.pass(2000)
        #expect(world.briefs == ["untaint m1 berth.dev/giving-back"])
        #expect(Self.evicted(world).isEmpty)
    }

    @Test("when the room is gone before the pods are, nobody is evicted")
    func overtaken() {
        var world = CapacityWorld.bought(2, pods: [Self.pod("a", on: "m1"), Self.pod("b", 4, on: "m2")])
        world.pass(600_000)
        world.apply(.podChanged(Self.pod("late", 4, on: "m2")))
        world.answer(world.asked[0], .succeeded)
        world.apply(.nodeChanged(CapacityWorld.node("m1", taints: [Self.emptying])))
        world.pass(5000)
        #expect(Self.evicted(world).isEmpty)
        world.pass(1000)
        #expect(world.briefs == ["untaint m1 berth.dev/giving-back"])
    }

    @Test("a moved pod that finds no place elsewhere gets its node back")
    func back() {
        var world = CapacityWorld.bought(2, pods: [Self.pod("a", on: "m1"), Self.pod("b", 4, on: "m2")])
        Self.settle(&world)
        #expect(Self.evicted(world) == ["a off m1"])
        world.apply(.podRemoved(PodKey(namespace: "ml", name: "a"), uid: "a"))
        world.apply(.podChanged(Self.pod("late", 4, on: "m2")))
        world.apply(.podChanged(Self.pod("a", on: nil, uid: "a2", version: 9)))
        world.pass(2000)
        #expect(world.briefs == ["untaint m1 berth.dev/giving-back"])
    }

    @Test(
        "where a moved pod goes to a node that stood ready, the emptied node stays in its place, and the pod is not moved again"
    )
    func savedNothing() {
        var pool = CapacityWorld.pool()
        pool.warmNodes = 1
        var world = CapacityWorld.bought(3, pods: [Self.pod("a", on: "m1"), Self.pod("b", 4, on: "m2")], pool: pool)
        world.pass(599_999)
        world.pass(1)
        Self.settle(&world)
        #expect(Self.evicted(world) == ["a off m1"])
        world.actions = []
        // Somebody takes the room that was meant for it.
        world.apply(.podChanged(Self.pod("c", 4, on: "m2")))
        world.apply(.podRemoved(PodKey(namespace: "ml", name: "a"), uid: "a"))
        world.apply(.podChanged(Self.pod("a", on: "m3", uid: "a2", version: 9)))
        world.pass(0)
        #expect(!world.briefs.contains { $0.contains("leaving") })
        #expect(world.briefs.contains("untaint m1 berth.dev/giving-back"))
        world.apply(.nodeChanged(CapacityWorld.node("m1")))
        for _ in 0..<6 { world.pass(3_600_000) }
        #expect(!world.briefs.contains { $0.hasPrefix("taint") })
        #expect(Self.evicted(world).isEmpty)
    }

    @Test("work that was moved is left alone for as long as its saving is counted for")
    func rests() {
        var world = CapacityWorld.bought(
            3,
            pods: [
                Self.pod("a", on: "m1"), Self.pod("b", 4, on: "m2"),
                Self.pod("c", 4, on: "m3") { $0.refusesDisruption = true },
            ])
        Self.settle(&world)
        #expect(Self.evicted(world) == ["a off m1"])
        world.apply(.podRemoved(PodKey(namespace: "ml", name: "a"), uid: "a"))
        world.apply(.podChanged(Self.pod("a", on: "m2", uid: "a2", version: 9)))
        world.pass(2000)
        world.apply(.podRemoved(PodKey(namespace: "ml", name: "b"), uid: "b"))
        world.apply(.nodeRemoved(NodeName("m1")))
        world.actions = []
        for _ in 0..<12 { world.pass(600_000) }
        #expect(Self.evicted(world).isEmpty)
        #expect(!world.briefs.contains { $0.hasPrefix("taint m2") })
        world.pass(2 * 3_600_000)
        // Any change of the cluster has it looked at again.
        world.apply(.nodeChanged(.gpu("n1", count: 1)))
        world.pass(600_000)
        #expect(world.briefs.contains { $0.hasPrefix("taint m2") })
    }

    @Test("a refused eviction ends it")
    func refused() throws {
        var world = CapacityWorld.bought(2, pods: [Self.pod("a", on: "m1"), Self.pod("b", 4, on: "m2")])
        Self.settle(&world)
        let eviction = try #require(world.actions.last { if case .evict = $0.kind { true } else { false } })
        world.apply(.finished(eviction.id, .rejected("budget")))
        world.pass(0)
        #expect(world.briefs == ["untaint m1 berth.dev/giving-back"])
        world.answer(world.asked[0], .succeeded)
        world.apply(.nodeChanged(CapacityWorld.node("m1")))
        world.pass(300_000)
        #expect(world.briefs.isEmpty)
    }

    @Test("a restart goes on with a node that was being emptied, after the same proof")
    func restart() {
        var world = CapacityWorld.bought(
            2, pods: [Self.pod("a", on: "m1"), Self.pod("b", 4, on: "m2")], taints: [Self.emptying])
        world.pass(5000)
        world.pass(0)
        #expect(Self.evicted(world) == ["a off m1"])
        var full = CapacityWorld.bought(
            2, pods: [Self.pod("a", on: "m1"), Self.pod("b", 8, on: "m2")], taints: [Self.emptying])
        full.pass(5000)
        full.pass(0)
        #expect(Self.evicted(full).isEmpty)
        #expect(full.briefs == ["untaint m1 berth.dev/giving-back"])
    }

    @Test("a node on demand makes way for spot: the cheaper one is bought, then the pod is moved there")
    func replaced() throws {
        let claim = LaunchClaim(
            token: "t-m1", pool: "gpus", offering: CapacityWorld.onDemand, count: 1, sinceMillis: 999_990_000,
            phase: .launched, machines: [.init(id: MachineID("m1"), phase: .joined)], version: 5)
        var world = CapacityWorld(
            nodes: [CapacityWorld.node("m1")], pods: [Self.pod("a", 8, on: "m1")], claims: [claim],
            machines: [.init(id: MachineID("m1"), offering: CapacityWorld.onDemand, token: "t-m1")])
        world.pass(600_000)
        #expect(world.briefs == ["record t-1 1 in a launching []"])
        world.write()
        world.launch(.launched([MachineID("m2")]))
        world.write()
        world.join("m2")
        world.write()
        world.pass(10_000)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
        world.answer(world.asked[0], .succeeded)
        world.apply(.nodeChanged(CapacityWorld.node("m1", taints: [Self.emptying])))
        world.pass(5000)
        world.pass(0)
        #expect(Self.evicted(world) == ["a off m1"])
        world.write()
        world.apply(.podRemoved(PodKey(namespace: "ml", name: "a"), uid: "a"))
        world.apply(.podChanged(Self.pod("a", 8, on: "m2", uid: "a2", version: 9)))
        world.pass(1000)
        #expect(world.briefs == ["record t-m1 1 in b launched [m1 leaving]"])
    }

    @Test(
        "a pod that we let go to its node can go elsewhere, one that somebody else has put there cannot",
        arguments: [true, false])
    func pinned(byUs: Bool) {
        var pod = Self.pod("a", on: "m1") { state in
            let field = LabelRequirement(key: "metadata.name", .isIn(["m1"]))
            state.constraints.requiredNodeAffinity = NodeSelector([NodeSelectorTerm(fields: [field])])
        }
        pod.pinnedNode = NodeName("m1")
        pod.isPinnedByUs = byUs
        var world = CapacityWorld.bought(2, pods: [pod, Self.pod("b", 4, on: "m2") { $0.refusesDisruption = true }])
        Self.settle(&world)
        #expect(Self.evicted(world) == (byUs ? ["a off m1"] : []))
    }
}
