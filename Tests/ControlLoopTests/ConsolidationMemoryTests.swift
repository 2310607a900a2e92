import ControlLoop
import SchedulingModel
import TestSupport
import Testing

/// What is remembered about nodes that were looked at, and by a process that did not begin the move itself.
@Suite("What moving pods remembers")
struct ConsolidationMemoryTests {
    private typealias Moves = ConsolidationTests

    private static func claim(
        _ machine: String, _ offering: OfferingKey, replaces: String? = nil, restsUntilMillis: Int64 = 0
    ) -> LaunchClaim {
        var claim = LaunchClaim(
            token: "t-\(machine)", pool: "gpus", offering: offering, count: 1, sinceMillis: 999_990_000,
            phase: .launched, machines: [.init(id: MachineID(machine), phase: .joined)], version: 5)
        claim.replaces = replaces.map { NodeName($0) }
        claim.restsUntilMillis = restsUntilMillis
        return claim
    }

    /// Nodes of the claims' machines as a process finds them that has just begun to lead.
    private static func restarted(
        _ claims: [LaunchClaim], pods: [ObservedPod], taints: [Taint] = []
    ) -> CapacityWorld {
        let machines = claims.flatMap { claim in claim.machines.map { ($0.id, claim) } }
        return CapacityWorld(
            nodes: machines.map { CapacityWorld.node($0.0.rawValue, taints: $0.0.rawValue == "m1" ? taints : []) },
            pods: pods, claims: claims,
            machines: machines.map { .init(id: $0.0, offering: $0.1.offering, token: $0.1.token) })
    }

    private static func onDemandNode(pods: [ObservedPod]) -> CapacityWorld {
        Self.restarted([Self.claim("m1", CapacityWorld.onDemand)], pods: pods)
    }

    // MARK: What was looked at in vain

    @Test(
        "a node whose pods could not move is looked at again when the mark goes that held them",
        arguments: [true, false])
    func markGoes(isOnNode: Bool) {
        let marked = Moves.pod("a", on: "m1") { $0.refusesDisruption = !isOnNode }
        var world = CapacityWorld.bought(
            2, pods: [marked, Moves.pod("b", 4, on: "m2") { $0.refusesDisruption = true }])
        var node = CapacityWorld.node("m1")
        node.refusesDisruption = isOnNode
        world.apply(.nodeChanged(node))
        world.pass(600_000)
        world.pass(60_000)
        #expect(world.briefs.isEmpty)
        node.refusesDisruption = false
        world.apply(.nodeChanged(node))
        world.apply(.podChanged(Moves.pod("a", on: "m1", version: 2)))
        world.pass(0)
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
    }

    @Test("spot that was sold out is asked for again when its back-off ends, and the cluster has not changed")
    func backOffEnds() {
        var world = Self.onDemandNode(pods: [Moves.pod("a", 8, on: "m1")])
        world.pass(600_000)
        #expect(world.briefs == ["record t-1 1 in a launching []"])
        world.write()
        world.launch(.refused(.noCapacity))
        world.write()
        world.pass(10_000)
        for action in world.asked { world.answer(action, .succeeded) }
        #expect(!world.briefs.contains { $0.contains("launching") })
        // Between half a minute and a whole one.
        for _ in 0..<12 { world.pass(5000) }
        #expect(world.briefs.contains("record t-2 1 in a launching []"))
    }

    @Test("a node is looked at again when another has become cheaper")
    func priceFalls() {
        var dear = CapacityWorld.pool()
        dear.offerings[0].pricePerHourMicroUSD = 5_000_000
        let claims = [Self.claim("m1", CapacityWorld.onDemand)]
        var world = CapacityWorld(
            nodes: [CapacityWorld.node("m1")], pods: [Moves.pod("a", 8, on: "m1")], pool: dear, claims: claims,
            machines: [.init(id: MachineID("m1"), offering: CapacityWorld.onDemand, token: "t-m1")])
        world.pass(600_000)
        world.pass(60_000)
        #expect(world.briefs.isEmpty)
        world.apply(
            .observed(
                ObservedCluster(
                    nodes: [CapacityWorld.node("m1")], pods: [Moves.pod("a", 8, on: "m1")],
                    pools: [CapacityWorld.pool()], claims: claims)))
        world.pass(10_000)
        #expect(world.briefs == ["record t-1 1 in a launching []"])
    }

    // MARK: After a restart

    @Test("a replacement that stands ready is used at once: nothing is bought, and nothing given back")
    func replacementStands() {
        var world = Self.restarted(
            [Self.claim("m1", CapacityWorld.onDemand), Self.claim("m2", CapacityWorld.spot, replaces: "m1")],
            pods: [Moves.pod("a", 8, on: "m1")])
        #expect(world.briefs == ["taint m1 berth.dev/giving-back"])
        world.answer(world.asked[0], .succeeded)
        world.apply(.nodeChanged(CapacityWorld.node("m1", taints: [Moves.emptying])))
        world.pass(5000)
        world.pass(0)
        #expect(Moves.evicted(world) == ["a off m1"])
        world.pass(55_000)
        #expect(!world.briefs.contains { $0.contains("taint m2") || $0.contains("launching") })
    }

    @Test("a replacement that cannot be used yet is kept for as long as a machine may take, and then given back")
    func replacementWaits() {
        var world = Self.restarted(
            [Self.claim("m1", CapacityWorld.onDemand), Self.claim("m2", CapacityWorld.spot, replaces: "m1")],
            pods: [Moves.pod("a", 8, on: "m1") { $0.refusesDisruption = true }])
        world.pass(580_000)
        #expect(world.briefs.isEmpty)
        world.pass(10_000)
        world.pass(60_000)
        #expect(world.briefs == ["taint m2 berth.dev/giving-back"])
        world.pass(600_000)
        #expect(!world.briefs.contains { $0.contains("launching") })
    }

    @Test("a replacement that is being bought is bought with its own token, and no other is")
    func replacementIsBought() {
        var replacement = Self.claim("m2", CapacityWorld.spot, replaces: "m1")
        replacement.phase = .launching
        replacement.machines = []
        var world = Self.restarted(
            [Self.claim("m1", CapacityWorld.onDemand), replacement], pods: [Moves.pod("a", 8, on: "m1")])
        #expect(world.briefs == ["launch t-m2 1 in a launching []"])
        world.pass(600_000)
        #expect(!world.briefs.contains { $0.contains("t-1") })
    }

    @Test("an emptied node is kept for the successors of those who stood there, whom nobody knows any more")
    func emptiedNode() {
        var world = Self.restarted(
            [Self.claim("m1", CapacityWorld.spot), Self.claim("m2", CapacityWorld.spot)],
            pods: [Moves.pod("b", 8, on: "m2")], taints: [Moves.emptying])
        world.pass(5000)
        world.pass(60_000)
        #expect(world.briefs.isEmpty)
        // There was room for it when the move was proven, and is none now.
        world.apply(.podChanged(Moves.pod("a", on: nil, uid: "a2", version: 9)))
        world.pass(0)
        #expect(world.briefs == ["untaint m1 berth.dev/giving-back"])
    }

    @Test("an emptied node to which nobody returns is given back after the wait")
    func emptiedNodeGoes() {
        var world = Self.restarted(
            [Self.claim("m1", CapacityWorld.spot), Self.claim("m2", CapacityWorld.spot)],
            pods: [Moves.pod("b", 8, on: "m2")], taints: [Moves.emptying])
        for _ in 0..<30 { world.pass(5000) }
        #expect(world.briefs == ["record t-m1 1 in a launched [m1 leaving]"])
    }

    @Test("work that was moved is left alone by the next process, too")
    func rests() {
        var world = CapacityWorld.bought(2, pods: [Moves.pod("a", on: "m1"), Moves.pod("b", 4, on: "m2")])
        Moves.settle(&world)
        #expect(Moves.evicted(world) == ["a off m1"])
        // The loop's time began at 1,000,000 s; the move came 605 s later, and the work rests for 4 hours.
        let until: Int64 = 1_015_005_000
        #expect(world.written["t-m2"]?.restsUntilMillis == until)
        var after = Self.restarted(
            [
                Self.claim("m1", CapacityWorld.spot, restsUntilMillis: 1_003_600_000),
                Self.claim("m2", CapacityWorld.spot),
            ],
            pods: [Moves.pod("a", on: "m1"), Moves.pod("b", 4, on: "m2") { $0.refusesDisruption = true }])
        after.pass(3_599_999)
        #expect(after.briefs.isEmpty)
        after.pass(1)
        after.apply(.nodeChanged(.gpu("n1", count: 1)))
        after.pass(10_000)
        #expect(after.briefs == ["taint m1 berth.dev/giving-back"])
    }
}
