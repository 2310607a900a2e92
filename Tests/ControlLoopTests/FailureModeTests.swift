import ControlLoop
import SchedulingModel
import TestSupport
import Testing

/// One test for each way in which gang schedulers fail in the field, as far as the loop alone can show it.
@Suite("Failure modes")
struct FailureModeTests {
    private static func pod(
        _ name: String, count: Int = 8, group: String? = nil, uid: String? = nil, version: UInt64 = 1,
        pinned: String? = nil, bound: String? = nil
    ) -> ObservedPod {
        var pod = ObservedPod(
            state: .gpu(name, count: count, on: bound, group: group), uid: uid ?? name, version: version,
            door: pinned == nil && bound == nil ? .gate : .scheduler)
        pod.pinnedNode = pinned.map(NodeName.init)
        return pod
    }

    private static func leader(
        nodes: [NodeState], pods: [ObservedPod], gangs: [String: Int] = [:]
    ) -> (loop: ControlLoop, actions: [Action]) {
        var configuration = ControlLoopConfiguration()
        configuration.debounceMillis = 0
        var loop = ControlLoop(configuration: configuration)
        _ = loop.apply(.leadershipGained, atMillis: 0)
        let groups = gangs.map { PodGroup(key: PodGroupKey(namespace: "ml", name: $0.key), minMember: $0.value) }
        let cluster = ObservedCluster(nodes: nodes, pods: pods, groups: groups)
        let actions = loop.apply(.observed(cluster), atMillis: 0)
        return (loop, actions)
    }

    @Test("of two gangs that hold half each one is held again, and the other starts whole")
    func halfHolding() {
        let nodes: [NodeState] = [.gpu("n1", count: 8), .gpu("n2", count: 8)]
        let pods = [
            Self.pod("a-0", group: "a", bound: "n1"), Self.pod("a-1", group: "a"),
            Self.pod("b-0", group: "b", bound: "n2"), Self.pod("b-1", group: "b"),
        ]
        var (loop, actions) = Self.leader(nodes: nodes, pods: pods, gangs: ["a": 2, "b": 2])
        #expect(actions.evicted.isEmpty && actions.released.isEmpty)
        actions = loop.apply(.tick, atMillis: 60_000)
        #expect(actions.evicted == ["b-0"])
        let again = Self.pod("b-0", group: "b", uid: "b-0 again", version: 9)
        #expect(loop.apply(.podChanged(again), atMillis: 60_100).released == ["a-1"])
    }

    @Test("a gang whose rest finds room in time is completed, and nothing of it is evicted")
    func completed() {
        let pods = [Self.pod("a-0", group: "a", bound: "n1"), Self.pod("a-1", group: "a")]
        var (loop, _) = Self.leader(nodes: [.gpu("n1", count: 8)], pods: pods, gangs: ["a": 2])
        #expect(loop.apply(.nodeChanged(.gpu("n2", count: 8)), atMillis: 30_000).released == ["a-1"])
        #expect(loop.apply(.tick, atMillis: 200_000).evicted.isEmpty)
    }

    @Test("a pin on a node that somebody else has filled is given up after a while")
    func lostRoom() {
        let pods = [Self.pod("a", pinned: "n1"), Self.pod("other", bound: "n1")]
        var (loop, actions) = Self.leader(nodes: [.gpu("n1", count: 8)], pods: pods)
        #expect(actions.evicted.isEmpty)
        actions = loop.apply(.tick, atMillis: 30_000)
        #expect(actions.evicted == ["a"])
        #expect(loop.apply(.tick, atMillis: 90_000).evicted.isEmpty)
    }

    @Test("a pin that a slow scheduler will still honour stays")
    func slowScheduler() {
        var (loop, _) = Self.leader(nodes: [.gpu("n1", count: 8)], pods: [Self.pod("a", pinned: "n1")])
        #expect(loop.apply(.tick, atMillis: 30_000).evicted.isEmpty)
        #expect(loop.apply(.tick, atMillis: 300_000).evicted.isEmpty)
    }

    @Test("who is being deleted is no member: nobody starts because of it")
    func terminatingPeer() {
        var leaving = Self.pod("a-0", group: "a", bound: "n1")
        leaving.state.isTerminating = true
        let nodes: [NodeState] = [.gpu("n1", count: 8), .gpu("n2", count: 8)]
        let (_, actions) = Self.leader(nodes: nodes, pods: [leaving, Self.pod("a-1", group: "a")], gangs: ["a": 2])
        #expect(actions.released.isEmpty)
    }

    @Test("the waits between tries grow, and after the last a fresh read ends the doubt")
    func retryStorm() {
        var (loop, actions) = Self.leader(nodes: [.gpu("n1", count: 8)], pods: [Self.pod("a")])
        var (waits, now) = ([Int64](), Int64(0))
        while let action = actions.first, case .release = action.kind {
            #expect(loop.apply(.finished(action.id, .unavailable), atMillis: now).isEmpty)
            let due = loop.nextDeadlineMillis ?? now
            waits.append(due - now)
            now = due
            actions = loop.apply(.tick, atMillis: now)
        }
        #expect(waits.count == 6)
        #expect(zip(waits, waits.dropFirst(2)).allSatisfy { $0 < $1 })
        guard case .read? = actions.first?.kind else {
            Issue.record("no read after \(waits.count) tries: \(actions)")
            return
        }
    }

    @Test("a group that is gone while its pods are still there stops nobody else")
    func lostGroup() {
        let nodes: [NodeState] = [.gpu("n1", count: 8), .gpu("n2", count: 8)]
        let (loop, actions) = Self.leader(nodes: nodes, pods: [Self.pod("a-0", group: "gone"), Self.pod("b")])
        #expect(actions.released == ["b"])
        #expect(loop.published?.isAccepted == true)
    }

    @Test("a lost release keeps its room while it may still land, whatever else succeeds on its pod meanwhile")
    func doubtOutlivesAnExplanation() {
        var (loop, actions) = Self.leader(nodes: [], pods: [Self.pod("a")])
        let explanation = actions[0].id
        actions = loop.apply(.nodeChanged(.gpu("n1", count: 8)), atMillis: 10)
        #expect(actions.released == ["a"])
        _ = loop.apply(.finished(actions[0].id, .unknown), atMillis: 20)
        _ = loop.apply(.finished(explanation, .succeeded), atMillis: 30)
        actions = loop.apply(.tick, atMillis: 1020)
        #expect(actions.released == ["a"])
        // The first try may land in spite of this answer to the second.
        _ = loop.apply(.finished(actions[0].id, .rejected("denied by a policy")), atMillis: 1030)
        #expect(loop.apply(.podChanged(Self.pod("b", version: 2)), atMillis: 1040).released.isEmpty)
    }

    @Test(
        "nothing is placed on a node that is back under its name while a release to it may still land",
        arguments: [true, false])
    func nodeComesBack(isLost: Bool) throws {
        var (loop, actions) = Self.leader(nodes: [.gpu("n1", count: 8)], pods: [Self.pod("a")])
        let release = try #require(actions.first)
        actions = loop.apply(.nodeRemoved(NodeName("n1")), atMillis: 10)
        let read = try #require(actions.first { if case .read = $0.kind { true } else { false } })
        if isLost { _ = loop.apply(.finished(release.id, .unknown), atMillis: 15) }
        _ = loop.apply(.finished(read.id, .found(Self.pod("a"))), atMillis: 20)
        actions = loop.apply(.nodeChanged(.gpu("n1", count: 8)), atMillis: 1300)
        actions += loop.apply(.podChanged(Self.pod("b", version: 2)), atMillis: 1400)
        #expect(actions.released.isEmpty)
        // The first try has landed after all.
        _ = loop.apply(.podChanged(Self.pod("a", version: 3, pinned: "n1")), atMillis: 2000)
        actions = loop.apply(.tick, atMillis: 61_000)
        #expect(actions.released.isEmpty)
        #expect(loop.apply(.nodeChanged(.gpu("n1", count: 16)), atMillis: 61_100).released == ["b"])
    }

    @Test("a clock that jumps back does nothing; one that jumps ahead does what is due, once")
    func clockJumps() {
        var (loop, actions) = Self.leader(nodes: [.gpu("n1", count: 8)], pods: [Self.pod("a")])
        _ = loop.apply(.finished(actions[0].id, .unknown), atMillis: 5000)
        #expect(loop.apply(.tick, atMillis: 1).isEmpty)
        actions = loop.apply(.tick, atMillis: 9_000_000)
        #expect(actions.released == ["a"])
        #expect(loop.apply(.tick, atMillis: 9_000_001).isEmpty)
    }

    @Test("a node that a list does not show any more casts doubt on what was decided for it")
    func lostInAList() {
        var (loop, actions) = Self.leader(nodes: [.gpu("n1", count: 8)], pods: [Self.pod("a")])
        #expect(actions.released == ["a"])
        actions = loop.apply(
            .observed(ObservedCluster(nodes: [.gpu("n2", count: 8)], pods: [Self.pod("a")])), atMillis: 9)
        guard case .read? = actions.first?.kind else {
            Issue.record("no read of the pod that was decided on: \(actions)")
            return
        }
    }

    @Test("equal clusters have equal digests; a label, a device or a condition more is another one")
    func digests() {
        func digest(_ node: NodeState, _ pod: PodState) -> String? {
            Self.leader(nodes: [node], pods: [ObservedPod(state: pod, uid: "u", version: 1, door: .gate)]).loop
                .published?
                .snapshotDigest
        }
        var selective = PodState.gpu("a", count: 8)
        selective.constraints.nodeSelector = ["disk": "ssd"]
        let digests = [
            digest(.gpu("n1", count: 8), .gpu("a", count: 8)), digest(.gpu("n1", count: 4), .gpu("a", count: 8)),
            digest(.gpu("n1", count: 8, labels: ["x": "y"]), .gpu("a", count: 8)),
            digest(.gpu("n1", count: 8), selective),
        ]
        #expect(Set(digests).count == 4)
        #expect(digests[0] == digest(.gpu("n1", count: 8), .gpu("a", count: 8)))
    }
}

extension [Action] {
    fileprivate var released: [String] {
        self.compactMap { if case .release(_, let to) = $0.kind { to.pod.name } else { nil } }.sorted()
    }

    fileprivate var evicted: [String] {
        self.compactMap { if case .evict(let target, _) = $0.kind { target.key.name } else { nil } }.sorted()
    }
}
