import ControlLoop
import SchedulingModel
import TestSupport
import Testing

@Suite("Gangs that lose members with a node")
struct InterruptionTests {
    private static let group = PodGroupKey(namespace: "ml", name: "pair")
    private static let noticed = Event.noticed(TakenNotice(machine: MachineID("m1"), atMillis: 1_000_120_000))

    private static func node(_ name: String, zone: String = "a", taints: [Taint] = []) -> NodeState {
        var node = NodeState.gpu(
            name, count: 8, path: [zone], labels: ["topology.kubernetes.io/zone": zone], taints: taints)
        node.providerID = "sim:///\(zone)/\(name)"
        return node
    }

    private static func member(
        _ name: String, on node: String?, uid: String? = nil, version: UInt64 = 1, movesWhole: Bool = false,
        isRecreated: Bool = true
    ) -> ObservedPod {
        var pod = ObservedPod(
            state: .gpu(name, count: 8, on: node, group: "pair"), uid: uid ?? name, version: version,
            door: node == nil ? .gate : .scheduler, isRecreated: isRecreated)
        pod.movesWhole = movesWhole
        return pod
    }

    private static func claim(_ machine: String) -> LaunchClaim {
        LaunchClaim(
            token: "t-\(machine)", pool: "gpus", offering: CapacityWorld.spot, count: 1, sinceMillis: 999_990_000,
            phase: .launched, machines: [.init(id: MachineID(machine), phase: .joined)], version: 5)
    }

    /// Members `a` on `m1` and `b` on `m2`, which they fill.
    private static func world(
        _ pods: [ObservedPod]? = nil, minMember: Int = 2, pool: NodePool = CapacityWorld.pool(),
        topology: [TopologyConstraint] = []
    ) -> CapacityWorld {
        let pods = pods ?? [Self.member("a", on: "m1"), Self.member("b", on: "m2")]
        var group = PodGroup(key: Self.group, minMember: minMember)
        group.topology = topology
        let cluster = ObservedCluster(
            nodes: [Self.node("m1"), Self.node("m2")], pods: pods, groups: [group],
            topology: Topology(levels: [TopologyLevel(name: "zone", labelKey: "topology.kubernetes.io/zone")]),
            pools: [pool], claims: [Self.claim("m1"), Self.claim("m2")])
        var world = CapacityWorld(
            nodes: cluster.nodes, pods: pods, groups: cluster.groups, pool: pool, claims: cluster.claims,
            machines: ["m1", "m2"].map { .init(id: MachineID($0), offering: CapacityWorld.spot, token: "t-\($0)") })
        world.apply(.observed(cluster))
        return world
    }

    private static func answers(_ world: inout CapacityWorld) -> [InterruptionAnswer] {
        world.loop.takeNoticeRecords().compactMap { if case .answered(let answer) = $0.kind { answer } else { nil } }
    }

    /// The lost member is gone with its node, and made anew.
    private static func take(_ world: inout CapacityWorld) {
        world.apply(.podRemoved(PodKey(namespace: "ml", name: "a"), uid: "a"))
        world.apply(.podChanged(Self.member("a", on: nil, uid: "a again", version: 9)))
        world.apply(.nodeRemoved(NodeName("m1")))
    }

    @Test("an elastic gang above its minimum goes on, and only who is on the node goes")
    func elastic() {
        var world = Self.world(minMember: 1)
        world.apply(Self.noticed)
        #expect(Self.answers(&world) == [.shrink])
        world.pass(90_000)
        #expect(world.actions.evicted == ["a"])
    }

    @Test("the survivors stay for as long as the replacement is on its way, and not for longer")
    func patience() {
        var world = Self.world()
        world.apply(Self.noticed)
        #expect(Self.answers(&world) == [.replace])
        world.write()
        world.launch(.launched([MachineID("m3")]))
        world.write()
        world.pass(90_000)
        #expect(world.actions.evicted == ["a"])
        Self.take(&world)
        // Machines take longer to boot than a gang may hold room below its minimum otherwise.
        world.pass(100_000)
        world.pass(100_000)
        #expect(world.actions.evicted == ["a"])
        world.join("m3")
        #expect(world.actions.released == ["a"])
        #expect(world.actions.evicted == ["a"])
    }

    @Test("survivors of a gang whose replacement nobody sells are let go as before")
    func noReplacement() {
        var pool = CapacityWorld.pool()
        pool.maxNodes = 2
        var world = Self.world(pool: pool)
        world.apply(.nodeChanged(Self.node("m1", taints: [.notReady])))
        world.apply(.podRemoved(PodKey(namespace: "ml", name: "a"), uid: "a"))
        world.apply(.podChanged(Self.member("a", on: nil, uid: "a again", version: 9)))
        world.pass(60_000)
        #expect(world.actions.evicted == ["b"])
    }

    @Test("a gang that cannot go on with a member made anew ends as a whole, in time")
    func moved() {
        var world = Self.world([
            Self.member("a", on: "m1", movesWhole: true), Self.member("b", on: "m2", movesWhole: true),
        ])
        world.apply(Self.noticed)
        #expect(Self.answers(&world) == [.move])
        // Its own nodes are part of the room it will have.
        #expect(world.briefs.contains("record t-1 1 in a launching []"))
        world.pass(90_000)
        #expect(world.actions.evicted == ["a", "b"])
        world.pass(1000)
        #expect(world.actions.evicted == ["a", "b"])
    }

    @Test("a gang that must share a zone moves to another one where its own has nothing left")
    func soldOut() {
        var pool = CapacityWorld.pool()
        for index in pool.offerings.indices {
            pool.offerings[index].template.topologyPath = [pool.offerings[index].key.zone]
        }
        var world = Self.world(pool: pool, topology: [TopologyConstraint(axis: .level(0), isRequired: true)])
        world.apply(Self.noticed)
        #expect(Self.answers(&world) == [.replace])
        world.write()
        world.launch(.refused(.noCapacity))
        #expect(Self.answers(&world) == [.move])
        #expect(world.briefs.contains("record t-2 2 in b launching []"))
        world.pass(90_000)
        #expect(world.actions.evicted == ["a", "b"])
    }

    @Test("the replacement is bought where the others stand, although another zone is cheaper")
    func nearby() {
        var pool = CapacityWorld.pool()
        for index in pool.offerings.indices where pool.offerings[index].key == CapacityWorld.onDemand {
            pool.offerings[index].pricePerHourMicroUSD = 1000
        }
        var world = Self.world(pool: pool)
        world.apply(Self.noticed)
        #expect(world.briefs.contains("record t-1 1 in a launching []"))
    }

    @Test("the pin by which a member was let go does not keep its successor from a new node")
    func pinned() {
        var lost = Self.member("a", on: "m1")
        lost.state.constraints.requiredNodeAffinity = NodeSelector([
            NodeSelectorTerm(fields: [LabelRequirement(key: "metadata.name", .isIn(["m1"]))])
        ])
        var world = Self.world([lost, Self.member("b", on: "m2")])
        world.apply(Self.noticed)
        #expect(world.briefs.contains("record t-1 1 in a launching []"))
    }

    @Test("nothing is bought for a pod that nobody makes anew")
    func bare() {
        var world = Self.world([
            Self.member("a", on: "m1", isRecreated: false), Self.member("b", on: "m2", isRecreated: false),
        ])
        world.apply(Self.noticed)
        world.pass(10_000)
        #expect(!world.briefs.contains { $0.hasPrefix("record") })
    }

    @Test("a node that is still there long after its time is used again")
    func lifted() {
        var world = Self.world()
        world.apply(Self.noticed)
        let taint = Taint.interruption(atSeconds: 1_000_120)
        world.apply(.nodeChanged(Self.node("m1", taints: [taint])))
        for action in world.asked { if case .taint = action.kind { world.answer(action, .succeeded) } }
        world.pass(419_999)
        #expect(!world.briefs.contains { $0.hasPrefix("untaint") })
        world.pass(1)
        #expect(world.briefs.contains("untaint m1 berth.dev/interruption"))
        world.apply(.nodeChanged(Self.node("m1")))
        #expect(world.loop.takeNoticeRecords().last?.kind == .lifted)
    }

    @Test("a node is noticed by what others write on it")
    func signals() {
        let taints = [
            Taint(key: "cloud.google.com/impending-node-termination", effect: .noSchedule),
            .scheduledEvent("Preempt", atSeconds: 1_000_020),
        ]
        for taint in taints {
            var world = Self.world()
            world.apply(.nodeChanged(Self.node("m1", taints: [taint])))
            #expect(world.briefs.contains { $0.hasPrefix("mark b by") })
            #expect(world.briefs.contains("taint m1 berth.dev/interruption"))
            world.pass(9_000)
            #expect(world.actions.evicted.isEmpty)
            world.pass(4_000)
            #expect(world.actions.evicted == ["a"])
        }
    }
}

extension [Action] {
    fileprivate var evicted: [String] {
        self.compactMap { if case .evict(let target, _) = $0.kind { target.key.name } else { nil } }
    }

    fileprivate var released: [String] {
        self.compactMap { if case .release(let target, _) = $0.kind { target.key.name } else { nil } }
    }
}
