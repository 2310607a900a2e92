import ControlLoop
import SchedulingModel
import TestSupport
import Testing

private func gated(_ name: String, group: String? = "pair", on node: String? = nil, version: UInt64 = 1) -> ObservedPod
{
    ObservedPod(
        state: .gpu(name, count: 8, on: node, group: group), uid: name, version: version,
        door: node == nil ? .gate : .scheduler)
}

private let pair = [PodGroup(key: PodGroupKey(namespace: "ml", name: "pair"), minMember: 2)]

@Suite("Buying nodes")
struct LaunchTests {
    private static func world(maxNodes: Int = 10) -> CapacityWorld {
        CapacityWorld(pods: [gated("a"), gated("b")], groups: pair, pool: CapacityWorld.pool(maxNodes: maxNodes))
    }

    @Test("a gang that does not fit: written down, launched with its token, expected, joined, and let go")
    func story() {
        var world = Self.world()
        #expect(world.briefs == ["record t-1 2 in a launching []"])
        world.write()
        #expect(world.briefs == ["launch t-1 2 in a launching []"])
        world.launch(.launched([MachineID("m1"), MachineID("m2")]))
        #expect(world.briefs == ["record t-1 2 in a launched [m1 expected, m2 expected]"])
        world.write()
        world.pass(5000)
        #expect(world.briefs.isEmpty)
        // Registered, and without its devices yet: it is still the node that was bought.
        var bare = NodeState.gpu("m1", count: 0, labels: ["topology.kubernetes.io/zone": "a"])
        bare.providerID = "sim:///a/m1"
        world.apply(.nodeChanged(bare))
        #expect(world.briefs.isEmpty)
        world.join("m1")
        world.write()
        #expect(world.actions.allSatisfy { if case .release = $0.kind { false } else { true } })
        world.join("m2")
        world.write()
        #expect(world.actions.count { if case .release = $0.kind { true } else { false } } == 2)
        #expect(world.briefs.isEmpty)
    }

    @Test("nothing is bought before the provider has said what there is")
    func listsFirst() {
        var world = CapacityWorld(pods: [gated("a"), gated("b")], groups: pair, listed: false)
        #expect(world.briefs == ["list gpus"])
        world.answerList([])
        #expect(world.briefs == ["record t-1 2 in a launching []"])
    }

    @Test("work with time to spare waits for spot that is sold out, until its deadline leaves no time for it")
    func deadline() {
        // The latest start is 10,000 s after the loop's time 0; two interruptions take 3240 s.
        let pods = ["a", "b"].map { name in
            var pod = gated(name)
            pod.state.deadline = WorkDeadline(finishBySeconds: 1_000_000 + 13_600, runSeconds: 3600)
            return pod
        }
        var world = CapacityWorld(pods: pods, groups: pair)
        for _ in 0..<20 {
            world.write()
            world.launch(.refused(.noCapacity))
            world.write()
            for action in world.asked { if case .forget = action.kind { world.answer(action, .succeeded) } }
            #expect(!world.briefs.contains { $0.contains(" in b ") })
            world.pass(300_000)
        }
        world.pass(6_760_000 - world.now - 1)
        #expect(!world.briefs.contains { $0.contains(" in b ") })
        world.write()
        world.launch(.refused(.noCapacity))
        world.write()
        for action in world.asked { if case .forget = action.kind { world.answer(action, .succeeded) } }
        world.pass(1)
        #expect(world.briefs.contains { $0.hasPrefix("record") && $0.contains(" in b launching") })
    }

    @Test("a follower buys nothing")
    func follower() {
        var loop = ControlLoop(configuration: CapacityWorld.configuration())
        let cluster = ObservedCluster(pods: [gated("a"), gated("b")], groups: pair, pools: [CapacityWorld.pool()])
        _ = loop.apply(.observed(cluster), atMillis: 0)
        #expect(loop.takePoolActions().isEmpty)
    }

    @Test("a lost reply of the launch is answered by the same launch again, never by another")
    func lostReply() {
        var world = Self.world()
        world.write()
        world.launch(.unknown)
        #expect(world.briefs.isEmpty)
        world.pass(1000)
        #expect(world.briefs == ["launch t-1 2 in a launching []"])
        world.launch(.launched([MachineID("m1"), MachineID("m2")]))
        #expect(world.briefs == ["record t-1 2 in a launched [m1 expected, m2 expected]"])
    }

    @Test("room that is made for somebody is nobody else's: who waits besides gets a node")
    func roomBeingMade() {
        func pod(_ name: String, count: Int, on node: String? = nil, priority: Int32 = 0) -> ObservedPod {
            ObservedPod(
                state: .gpu(name, count: count, on: node, priority: priority), uid: name, version: 1,
                door: node == nil ? .gate : .scheduler)
        }
        let pods = [
            pod("low", count: 4, on: "n1"), pod("high", count: 8, priority: 9), pod("small", count: 4),
        ]
        let world = CapacityWorld(nodes: [.gpu("n1", count: 8)], pods: pods, preempts: true)
        #expect(world.actions.contains { if case .evict = $0.kind { true } else { false } })
        #expect(world.briefs == ["record t-1 1 in a launching []"])
    }

    @Test("a claim of a process before is written anew when somebody removes it: its launch may still bring a machine")
    func removedWhileUncertain() {
        let claim = LaunchClaim(
            token: "old-1", pool: "gpus", offering: CapacityWorld.spot, count: 1, sinceMillis: 1_000_000_000,
            phase: .closing, version: 7)
        var world = CapacityWorld(pods: [], claims: [claim], machines: [])
        #expect(world.briefs.isEmpty)
        world.apply(.claimRemoved(token: "old-1"))
        #expect(world.briefs == ["record old-1 1 in a closing []"])
    }

    @Test("a machine whose claim somebody removed stays ours, also where writing it anew is refused")
    func removedAndRefused() {
        let machine = LaunchClaim.Machine(id: MachineID("m1"), phase: .joined)
        let claim = LaunchClaim(
            token: "old-1", pool: "gpus", offering: CapacityWorld.spot, count: 1, sinceMillis: 1_000_000_000,
            phase: .launched, machines: [machine], version: 7)
        let listed = ListedMachine(id: machine.id, offering: CapacityWorld.spot, token: "old-1")
        var world = CapacityWorld(pods: [], claims: [claim], machines: [listed])
        world.join("m1")
        world.apply(.claimRemoved(token: "old-1"))
        #expect(world.briefs == ["record old-1 1 in a launched [m1 joined]"])
        world.answer(world.asked[0], .rejected("denied by a policy"))
        #expect(world.briefs.isEmpty)
        world.pass(1000)
        #expect(world.briefs == ["record old-1 1 in a launched [m1 joined]"])
    }

    @Test("a write of the claim whose reply was lost is found by the watch")
    func lostWrite() {
        var world = Self.world()
        guard let action = world.asked.first, case .record(var claim) = action.kind else { return }
        world.answer(action, .unknown)
        claim.version = 7
        world.apply(.claimChanged(claim))
        world.pass(1000)
        #expect(world.briefs == ["launch t-1 2 in a launching []"])
    }

    @Test(
        "a refusal ends the claim, and the next offering is tried",
        arguments: [LaunchRefusal.noCapacity, .quota, .invalid])
    func nextOffering(refusal: LaunchRefusal) {
        var world = Self.world()
        world.write()
        world.launch(.refused(refusal))
        #expect(world.briefs.sorted() == ["forget t-1", "record t-2 2 in b launching []"])
    }

    @Test("where the pool is denied nothing of it is tried, until the back-off ends")
    func denied() {
        var world = Self.world()
        world.write()
        world.launch(.refused(.denied))
        #expect(world.briefs == ["forget t-1"])
        world.answer(world.asked[0], .succeeded)
        world.pass(70_000)
        #expect(world.briefs.count { $0.hasPrefix("record t-2") } == 1)
    }

    @Test("a launch that was fulfilled in part is undone at once, and another offering is tried")
    func partial() {
        var world = Self.world()
        world.write()
        world.launch(.launched([MachineID("m1")]))
        #expect(
            world.briefs.sorted() == ["record t-1 2 in a closing [m1 leaving]", "record t-2 2 in b launching []"])
        world.write()
        #expect(world.briefs.contains("delete m1"))
        for action in world.asked { if case .delete = action.kind { world.answer(action, .succeeded) } }
        #expect(world.briefs.contains("forget t-1"))
    }

    @Test("machines that never join are deleted after the delay, and their offering is left alone")
    func neverJoins() {
        var world = Self.world()
        world.write()
        world.launch(.launched([MachineID("m1"), MachineID("m2")]))
        world.write()
        world.pass(599_999)
        #expect(world.briefs.isEmpty)
        world.pass(1)
        world.pass(0)
        #expect(
            world.briefs.sorted() == [
                "record t-1 2 in a launched [m1 leaving, m2 leaving]", "record t-2 2 in b launching []",
            ])
        world.write()
        #expect(world.briefs.contains("delete m1 m2"))
    }

    @Test("a pool at its limit is not exceeded")
    func limit() {
        #expect(Self.world(maxNodes: 1).briefs.isEmpty)
    }

    @Test("a pool is filled up to its minimum, once, and that stays")
    func minimum() {
        var world = CapacityWorld(pods: [], pool: CapacityWorld.pool(minNodes: 2))
        #expect(world.briefs == ["record t-1 2 in a launching []"])
        world.write()
        world.launch(.launched([MachineID("m1"), MachineID("m2")]))
        world.write()
        for machine in ["m1", "m2"] {
            world.join(machine)
            world.write()
        }
        world.pass(3_600_000)
        #expect(world.briefs.isEmpty)
    }

    @Test("nodes that are on their way are not bought again, whatever else changes")
    func notTwice() {
        var world = Self.world()
        world.write()
        world.launch(.launched([MachineID("m1"), MachineID("m2")]))
        world.write()
        for second in 1...5 {
            world.now += 1000
            world.apply(.podChanged(gated("a", version: UInt64(10 + second))))
        }
        #expect(world.briefs.isEmpty)
    }

    // MARK: Restart

    private static let launching = LaunchClaim(
        token: "old-1", pool: "gpus", offering: CapacityWorld.spot, count: 2, sinceMillis: 999_990_000, version: 5)

    @Test("a claim of a process before us is launched with its own token where it is still wanted")
    func resumes() {
        let world = CapacityWorld(pods: [gated("a"), gated("b")], groups: pair, claims: [Self.launching])
        #expect(world.briefs == ["launch old-1 2 in a launching []"])
    }

    @Test("a claim that nobody wants any more is closed: its machines are looked for until none can come, and deleted")
    func unwanted() {
        var world = CapacityWorld(pods: [], claims: [Self.launching])
        #expect(world.briefs == ["record old-1 2 in a closing []"])
        world.write()
        #expect(world.briefs.isEmpty)
        world.pass(60_000)
        #expect(world.briefs == ["list gpus"])
        world.answerList(
            ["m1", "m2"].map {
                ListedMachine(id: MachineID($0), offering: CapacityWorld.spot, token: "old-1")
            })
        #expect(world.briefs == ["record old-1 2 in a closing [m1 leaving, m2 leaving]"])
        world.write()
        #expect(world.briefs == ["delete m1 m2"])
        world.answer(world.asked[0], .succeeded)
        #expect(world.briefs == ["forget old-1"])
    }

    @Test("a machine with our token and no claim is deleted when a second list shows it, a minute later")
    func orphan() {
        let orphan = ListedMachine(id: MachineID("m9"), offering: CapacityWorld.spot, token: "lost-1")
        let foreign = ListedMachine(id: MachineID("x1"), offering: CapacityWorld.spot, token: nil)
        var world = CapacityWorld(pods: [], machines: [orphan, foreign])
        #expect(world.briefs.isEmpty)
        world.pass(60_000)
        #expect(world.briefs == ["list gpus"])
        world.answerList([orphan, foreign])
        #expect(world.briefs == ["record lost-1 1 in a closing [m9 leaving]"])
        world.write()
        #expect(world.briefs.contains("delete m9"))
    }
}
