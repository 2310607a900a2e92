import ControlLoop
import SchedulingModel
import TestSupport
import Testing

private func gated(_ name: String, group: String? = nil, uid: String = "u", version: UInt64 = 1) -> ObservedPod {
    ObservedPod(state: .gpu(name, count: 8, group: group), uid: uid, version: version, door: .gate)
}

private func leader(_ cluster: ObservedCluster) -> (loop: ControlLoop, actions: [Action]) {
    var configuration = ControlLoopConfiguration()
    configuration.debounceMillis = 0
    var loop = ControlLoop(configuration: configuration)
    let early = loop.apply(.leadershipGained, atMillis: 0)
    let actions = early + loop.apply(.observed(cluster), atMillis: 0)
    return (loop, actions)
}

extension [Action] {
    fileprivate var released: [String] {
        self.compactMap { if case .release(_, let to) = $0.kind { "\(to.pod.name)>\(to.node)" } else { nil } }
    }
}

private let pair = [PodGroup(key: PodGroupKey(namespace: "ml", name: "pair"), minMember: 2)]

@Suite("The control loop")
struct ControlLoopTests {
    @Test("a gang of 2 waits whole, with a reason, while only one member fits, and is released whole when both do")
    func wholeGang() {
        let members = [gated("a", group: "pair"), gated("b", group: "pair")]
        var (loop, actions) = leader(ObservedCluster(nodes: [.gpu("n1", count: 8)], pods: members, groups: pair))
        #expect(actions.released.isEmpty)
        #expect(actions.count == 2)
        #expect(loop.published?.plan.pending.count == 2)
        actions = loop.apply(.nodeChanged(.gpu("n2", count: 8)), atMillis: 10)
        #expect(Set(actions.released.map { $0.prefix(1) }) == ["a", "b"])
        #expect(Set(actions.released.map { $0.suffix(2) }) == ["n1", "n2"])
        #expect(loop.published?.decisions.map(\.action) == actions)
    }

    @Test("a follower publishes the plan that a leader would carry out, and asks for nothing")
    func follower() {
        var configuration = ControlLoopConfiguration()
        configuration.debounceMillis = 0
        var loop = ControlLoop(configuration: configuration)
        let cluster = ObservedCluster(nodes: [.gpu("n1", count: 8)], pods: [gated("a")])
        #expect(loop.apply(.observed(cluster), atMillis: 0).isEmpty)
        #expect(loop.published?.plan.assignments.count == 1)
        #expect(loop.apply(.leadershipGained, atMillis: 1).released == ["a>n1"])
    }

    @Test("a node is not given twice while the first pod's patch is under way, nor when its reply is lost")
    func lostReply() {
        var (loop, actions) = leader(ObservedCluster(nodes: [.gpu("n1", count: 8)], pods: [gated("a")]))
        #expect(actions.released == ["a>n1"])
        _ = loop.apply(.finished(actions[0].id, .unknown), atMillis: 5)
        #expect(loop.apply(.podChanged(gated("b", uid: "v", version: 2)), atMillis: 6).released.isEmpty)
        #expect(loop.apply(.tick, atMillis: 1005).released == ["a>n1"])
    }

    @Test("a conflict is settled by a fresh read: what did not happen is planned again")
    func conflict() {
        var (loop, actions) = leader(ObservedCluster(nodes: [.gpu("n1", count: 8)], pods: [gated("a")]))
        actions = loop.apply(.finished(actions[0].id, .conflict), atMillis: 5)
        guard case .read(let target)? = actions.first?.kind else {
            Issue.record("a conflict asks for no read: \(actions)")
            return
        }
        #expect(target.key.name == "a")
        let again = loop.apply(.finished(actions[0].id, .found(gated("a", version: 9))), atMillis: 6)
        #expect(again.released == ["a>n1"])
        #expect(again.first?.target.version == 9)
    }

    @Test("a decision that a fresh read has disproved is not asked for again")
    func disproved() {
        var (loop, actions) = leader(ObservedCluster(nodes: [.gpu("n1", count: 8)], pods: [gated("a")]))
        _ = loop.apply(.finished(actions[0].id, .unknown), atMillis: 5)
        actions = loop.apply(.nodeRemoved(NodeName("n1")), atMillis: 6)
        guard let read = actions.first(where: { if case .read = $0.kind { true } else { false } }) else {
            Issue.record("a decision for a lost node asks for no read: \(actions)")
            return
        }
        _ = loop.apply(.finished(read.id, .found(gated("a"))), atMillis: 7)
        #expect(loop.apply(.tick, atMillis: 2000).released.isEmpty)
        #expect(loop.apply(.nodeChanged(.gpu("n2", count: 8)), atMillis: 2001).released == ["a>n2"])
    }

    @Test("an answer about a pod that was replaced under the same name changes nothing for the new one")
    func replaced() {
        var (loop, actions) = leader(ObservedCluster(nodes: [.gpu("n1", count: 8)], pods: [gated("a")]))
        let first = actions[0].id
        actions = loop.apply(.podChanged(gated("a", uid: "new", version: 7)), atMillis: 5)
        #expect(actions.released == ["a>n1"])
        #expect(actions.first?.target.uid == "new")
        #expect(loop.apply(.finished(first, .rejected("gone")), atMillis: 6).isEmpty)
        #expect(loop.apply(.podRemoved(gated("a").state.key, uid: "u"), atMillis: 7).isEmpty)
        #expect(loop.published?.snapshot.pods.count == 1)
    }

    @Test("an older version that the watch brings late does not undo what is known")
    func staleWatch() {
        var bound = gated("a", version: 5)
        bound.state.standing = .bound(NodeName("n1"))
        var (loop, _) = leader(ObservedCluster(nodes: [.gpu("n1", count: 8)], pods: [bound]))
        #expect(loop.apply(.podChanged(gated("a", version: 4)), atMillis: 5).isEmpty)
        #expect(loop.published?.snapshot.pods.first?.node == NodeName("n1"))
    }

    @Test("a refused pod is left alone for a while, then tried again")
    func refused() {
        var (loop, actions) = leader(ObservedCluster(nodes: [.gpu("n1", count: 8)], pods: [gated("a")]))
        actions = loop.apply(.finished(actions[0].id, .rejected("forbidden")), atMillis: 5)
        #expect(actions.released.isEmpty)
        #expect(loop.nextDeadlineMillis == 30_005)
        #expect(loop.apply(.tick, atMillis: 30_005).released == ["a>n1"])
    }

    @Test(
        "a pod pinned to a node that is gone is evicted once, where a controller makes it anew",
        arguments: [true, false])
    func lostPin(isRecreated: Bool) {
        var pod = gated("a")
        pod.pinnedNode = NodeName("n1")
        pod.isRecreated = isRecreated
        var (loop, actions) = leader(ObservedCluster(nodes: [.gpu("n1", count: 8)], pods: [pod]))
        #expect(actions.isEmpty)
        actions = loop.apply(.nodeRemoved(NodeName("n1")), atMillis: 5)
        let evictions = actions.filter { if case .evict = $0.kind { true } else { false } }
        #expect(evictions.count == (isRecreated ? 1 : 0))
        #expect(loop.apply(.nodeChanged(.gpu("n2", count: 8)), atMillis: 6).released.isEmpty)
    }

    @Test("a quiet world reaches a fixed point: the same facts again ask for nothing")
    func fixedPoint() {
        let cluster = ObservedCluster(
            nodes: [.gpu("n1", count: 8)], pods: [gated("a", group: "pair"), gated("b", group: "pair")], groups: pair)
        var (loop, actions) = leader(cluster)
        for action in actions { #expect(loop.apply(.finished(action.id, .succeeded), atMillis: 1).isEmpty) }
        actions = loop.apply(.observed(cluster), atMillis: 2)
        #expect(actions.isEmpty)
        #expect(loop.nextDeadlineMillis == nil)
    }

    @Test("after leadership is lost nothing comes out, and a late answer is ignored")
    func stepDown() {
        var (loop, actions) = leader(ObservedCluster(nodes: [.gpu("n1", count: 8)], pods: [gated("a")]))
        _ = loop.apply(.leadershipLost, atMillis: 1)
        #expect(loop.apply(.finished(actions[0].id, .unknown), atMillis: 2).isEmpty)
        #expect(loop.apply(.tick, atMillis: 5000).isEmpty)
        // What was asked before may have happened: first look, then act.
        actions = loop.apply(.leadershipGained, atMillis: 6000)
        #expect(actions.released.isEmpty)
        guard let read = actions.first, case .read = read.kind else {
            Issue.record("no read of the pod that was decided on before: \(actions)")
            return
        }
        #expect(loop.apply(.finished(read.id, .found(gated("a"))), atMillis: 6001).released == ["a>n1"])
    }
}

@Suite("A gang that has begun")
struct BegunGangTests {
    @Test("keeps the room of a member whose call met a changed pod, against work that comes first otherwise")
    func roomIsKept() {
        let members = [gated("a", group: "pair"), gated("b", group: "pair")]
        var (loop, actions) = leader(
            ObservedCluster(nodes: [.gpu("n1", count: 8), .gpu("n2", count: 8)], pods: members, groups: pair))
        #expect(actions.released.count == 2)
        let (first, second) = (actions[0], actions[1])
        _ = loop.apply(.finished(first.id, .succeeded), atMillis: 1)
        actions = loop.apply(.finished(second.id, .conflict), atMillis: 2)
        var rival = gated("rival", uid: "r", version: 3)
        rival.state.creationSeconds = -5
        #expect(loop.apply(.podChanged(rival), atMillis: 3).released.isEmpty)
        let target = second.target
        let changed = gated(target.key.name, group: "pair", version: 9)
        let again = loop.apply(.finished(actions[0].id, .found(changed)), atMillis: 4)
        #expect(again.released.map { String($0.prefix(1)) } == [target.key.name])
        #expect(again.first?.target.version == 9)
    }

    @Test("is completed by a new leader before anything else gets the room")
    func afterRestart() {
        var running = gated("a", group: "pair")
        running.pinnedNode = NodeName("n1")
        running.door = .scheduler
        let older = (0..<3).map { index in
            var pod = gated("old\(index)", uid: "o\(index)")
            pod.state.creationSeconds = -100
            return pod
        }
        let cluster = ObservedCluster(
            nodes: [.gpu("n1", count: 8), .gpu("n2", count: 8)],
            pods: older + [running, gated("b", group: "pair")], groups: pair)
        #expect(leader(cluster).actions.released == ["b>n2"])
    }
}
