import ControlLoop
import SchedulingCycle
import SchedulingModel
import TestSupport
import Testing

/// Evictions for work of higher priority, carried out.
@Suite("Preemption in the loop")
struct LoopPreemptionTests {
    private static let nodes: [NodeState] = [.gpu("n1", count: 8)]

    private static func pod(
        _ name: String, count: Int = 8, priority: Int32 = 0, bound: String? = nil, group: String? = nil,
        uid: String? = nil, version: UInt64 = 1
    ) -> ObservedPod {
        ObservedPod(
            state: .gpu(name, count: count, on: bound, priority: priority, group: group), uid: uid ?? name,
            version: version, door: bound == nil ? .gate : .scheduler)
    }

    private static func leader(
        _ pods: [ObservedPod], gangs: [String: Int] = [:]
    ) -> (loop: ControlLoop, actions: [Action]) {
        var configuration = ControlLoopConfiguration()
        configuration.debounceMillis = 0
        configuration.planner.preempts = true
        var loop = ControlLoop(configuration: configuration)
        _ = loop.apply(.leadershipGained, atMillis: 0)
        let groups = gangs.map { PodGroup(key: PodGroupKey(namespace: "ml", name: $0.key), minMember: $0.value) }
        let cluster = ObservedCluster(nodes: Self.nodes, pods: pods, groups: groups)
        let actions = loop.apply(.observed(cluster), atMillis: 0)
        return (loop, actions)
    }

    @Test("the victim is asked to go once, the room is written down, and the preemptor is let go when it is there")
    func story() {
        var (loop, actions) = Self.leader([Self.pod("old", bound: "n1"), Self.pod("new", priority: 1)])
        #expect(actions.briefs.sorted() == ["evict old", "nominate new n1"])
        var leaving = Self.pod("old", bound: "n1", version: 2)
        leaving.state.isTerminating = true
        actions = loop.apply(.podChanged(leaving), atMillis: 10)
        #expect(actions.briefs.isEmpty)
        actions = loop.apply(.podRemoved(leaving.state.key, uid: "old"), atMillis: 20)
        #expect(actions.briefs == ["release new n1"])
        // Made anew, the victim waits behind it.
        #expect(loop.apply(.podChanged(Self.pod("old", uid: "again", version: 9)), atMillis: 30).briefs.isEmpty)
    }

    @Test("a restart finds the room in the nomination: nobody else is evicted, and nobody else gets it")
    func restart() {
        var leaving = Self.pod("old", bound: "n1")
        leaving.state.isTerminating = true
        var new = Self.pod("new", priority: 1)
        new.state.nominatedNode = NodeName("n1")
        let (loop, actions) = Self.leader([leaving, new, Self.pod("low")])
        #expect(actions.briefs.isEmpty)
        #expect(loop.published?.plan.preemptions.map(\.reservations.count) == [1])
    }

    @Test("a victim that the server refuses to let go is left alone, and the nomination is taken back")
    func refused() {
        var (loop, actions) = Self.leader([Self.pod("old", bound: "n1"), Self.pod("new", priority: 1)])
        for action in actions {
            if case .evict = action.kind {
                _ = loop.apply(.finished(action.id, .rejected("the budget is spent")), atMillis: 10)
            } else {
                _ = loop.apply(.finished(action.id, .succeeded), atMillis: 9)
            }
        }
        #expect(loop.published?.plan.preemptions.isEmpty == true)
        var shown = Self.pod("new", priority: 1, version: 3)
        shown.state.nominatedNode = NodeName("n1")
        actions = loop.apply(.podChanged(shown), atMillis: 20)
        #expect(actions.briefs.isEmpty || actions.briefs == ["nominate new nowhere"])
        // Half a minute later it may be asked again.
        #expect(loop.apply(.tick, atMillis: 31_000).briefs.contains("evict old"))
    }

    @Test("a nomination that leads a pod elsewhere than its pin is taken back, also after a restart")
    func nominationBesidesThePin() {
        func letGo(_ name: String, pinned: String, nominated: String) -> ObservedPod {
            var pod = Self.pod(name, count: 4)
            pod.door = .scheduler
            pod.pinnedNode = NodeName(pinned)
            pod.state.nominatedNode = NodeName(nominated)
            return pod
        }
        let (_, actions) = Self.leader([
            letGo("elsewhere", pinned: "n1", nominated: "n2"), letGo("there", pinned: "n1", nominated: "n1"),
        ])
        #expect(actions.briefs == ["nominate elsewhere nowhere"])
    }

    @Test(
        "room made for a gang that kube-scheduler binds is written on its members, that of a single pod is kube-scheduler's to write"
    )
    func nominationOfTheSchedulersPods() {
        func waiting(_ name: String, group: String?) -> ObservedPod {
            var pod = Self.pod(name, count: 4, priority: 1, group: group)
            pod.door = .scheduler
            return pod
        }
        let old = Self.pod("old", count: 8, bound: "n1")
        let (_, actions) = Self.leader([old, waiting("g-0", group: "g"), waiting("g-1", group: "g")], gangs: ["g": 2])
        #expect(actions.briefs.sorted() == ["evict old", "nominate g-0 n1", "nominate g-1 n1"])
        #expect(Self.leader([old, waiting("single", group: nil)]).actions.briefs.isEmpty)
    }

    @Test("a pod whose eviction was refused stays a member of its gang: nobody takes the others for the whole")
    func refusedPin() throws {
        var pinned = Self.pod("g-2", count: 4, group: "g")
        pinned.door = .scheduler
        pinned.pinnedNode = NodeName("n1")
        let gang = (0...1).map { Self.pod("g-\($0)", count: 2, bound: "n1", group: "g") }
        let keeper = Self.pod("keeper", count: 2, priority: 9, bound: "n1")
        var (loop, actions) = Self.leader(gang + [keeper, pinned], gangs: ["g": 3])
        #expect(actions.briefs.isEmpty)
        actions = loop.apply(.tick, atMillis: 30_000)
        let eviction = try #require(actions.first)
        #expect(actions.briefs == ["evict g-2"])
        _ = loop.apply(.finished(eviction.id, .rejected("denied by a policy")), atMillis: 30_010)
        pinned.state.standing = .bound(NodeName("n1"))
        pinned.version = 2
        actions = loop.apply(.podChanged(pinned), atMillis: 30_020)
        actions += loop.apply(.podChanged(Self.pod("new", count: 4, priority: 1)), atMillis: 30_030)
        // It is protected as long as it is left alone, and with it its gang.
        #expect(!actions.briefs.contains { $0.hasPrefix("evict") })
    }

    /// A gang of three that can do with two is shrunk for `new`; the reply to the eviction of its last member is lost.
    private static func lostShrink() throws -> ControlLoop {
        let gang = (0...2).map { Self.pod("g-\($0)", count: 2, bound: "n1", group: "g") }
        let keeper = Self.pod("keeper", count: 2, priority: 9, bound: "n1")
        var (loop, actions) = Self.leader(
            gang + [keeper, Self.pod("new", count: 2, priority: 1)], gangs: ["g": 2])
        #expect(actions.briefs.sorted() == ["evict g-2", "nominate new n1"])
        let eviction = try #require(actions.first { if case .evict = $0.kind { true } else { false } })
        _ = loop.apply(.finished(eviction.id, .unknown), atMillis: 10)
        return loop
    }

    @Test(
        "an eviction that is refused while an earlier try may still land leaves the pod on its way: no other member goes for it"
    )
    func refusedAfterALostTry() throws {
        var loop = try Self.lostShrink()
        let again = try #require(loop.apply(.tick, atMillis: 1100).first)
        #expect([again].briefs == ["evict g-2"])
        _ = loop.apply(.finished(again.id, .rejected("denied by a policy")), atMillis: 1200)
        #expect(loop.apply(.tick, atMillis: 40_000).briefs.isEmpty)
        // Nothing of it can arrive any more.
        #expect(loop.apply(.tick, atMillis: 60_100).briefs == ["evict g-2"])
    }

    @Test("a lost eviction is not asked for again where its gang has lost others meanwhile")
    func lostTryOfATornGang() throws {
        var loop = try Self.lostShrink()
        _ = loop.apply(.podRemoved(PodKey(namespace: "ml", name: "g-1"), uid: "g-1"), atMillis: 500)
        #expect(!loop.apply(.tick, atMillis: 1100).briefs.contains("evict g-2"))
    }

    @Test("a preemptor that is deleted leaves nobody evicted for it who was not asked yet")
    func deleted() {
        var (loop, actions) = Self.leader([Self.pod("old", bound: "n1"), Self.pod("new", priority: 1)])
        guard let eviction = actions.first(where: { if case .evict = $0.kind { true } else { false } }) else {
            Issue.record("no eviction")
            return
        }
        _ = loop.apply(.finished(eviction.id, .unavailable), atMillis: 5)
        _ = loop.apply(.podRemoved(PodKey(namespace: "ml", name: "new"), uid: "new"), atMillis: 6)
        actions = loop.apply(.tick, atMillis: 5000)
        #expect(actions.briefs.isEmpty)
    }

    @Test("without the setting nobody is evicted")
    func off() {
        var configuration = ControlLoopConfiguration()
        configuration.debounceMillis = 0
        var loop = ControlLoop(configuration: configuration)
        _ = loop.apply(.leadershipGained, atMillis: 0)
        let pods = [Self.pod("old", bound: "n1"), Self.pod("new", priority: 1)]
        let cluster = ObservedCluster(nodes: Self.nodes, pods: pods)
        #expect(loop.apply(.observed(cluster), atMillis: 0).briefs.isEmpty)
    }
}

extension [Action] {
    /// What is asked for, explanations aside.
    fileprivate var briefs: [String] {
        self.compactMap { action in
            switch action.kind {
            case .release(let target, let to), .bind(let target, let to): "release \(target.key.name) \(to.node)"
            case .evict(let target, _): "evict \(target.key.name)"
            case .nominate(let target, let node): "nominate \(target.key.name) \(node?.rawValue ?? "nowhere")"
            case .explain: nil
            case .read(let target): "read \(target.key.name)"
            }
        }
    }
}
