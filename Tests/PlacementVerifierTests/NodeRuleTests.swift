import PlacementVerifier
import SchedulingModel
import Testing

private typealias World = VerifierWorld

@Suite("Verifier: one pod on one node")
struct NodeRuleTests {
    @Test("a pod that fits is accepted")
    func accepts() {
        let world = World.snapshot([World.node("a", gpus: 2)], [World.pod("p", cpu: 1000, request: World.whole(2))])
        #expect(World.kinds(world, World.assign("p", "a", World.whole(at: 0, 1))) == [])
    }

    @Test("pods and nodes that are not in the snapshot, pods that are no demand, pods given two nodes")
    func identity() {
        let world = World.snapshot([World.node("a")], [World.pod("p"), World.pod("q", on: "a")])
        #expect(World.kinds(world, World.assign("ghost", "a")) == [.unknownPod])
        #expect(World.kinds(world, World.assign("p", "ghost")) == [.unknownNode])
        #expect(World.kinds(world, World.assign("q", "a")) == [.notDemand])
        #expect(World.kinds(world, World.assign("p", "a"), World.assign("p", "a")) == [.assignedTwice])
    }

    @Test("what bound and new pods ask for together stays within allocatable")
    func amounts() {
        let world = World.snapshot(
            [World.node("a")],
            [World.pod("old", on: "a", cpu: 2000), World.pod("p", cpu: 1000), World.pod("q", cpu: 1001)])
        #expect(World.kinds(world, World.assign("p", "a")) == [])
        #expect(
            World.kinds(world, World.assign("p", "a"), World.assign("q", "a"))
                == [.insufficient(.cpu, total: 4001, allocatable: 4000)])
    }

    @Test("an over-committed resource takes no more askers, and others may still come")
    func overcommittedFacts() {
        let world = World.snapshot(
            [World.node("a")], [World.pod("old", on: "a", cpu: 9000), World.pod("p", cpu: 1), World.pod("q")])
        #expect(World.kinds(world, World.assign("q", "a")) == [])
        #expect(World.kinds(world, World.assign("p", "a")) == [.insufficient(.cpu, total: 9001, allocatable: 4000)])
    }

    @Test("every pod counts as one of `pods`, unless the node does not say how many it takes")
    func podCount() {
        var node = World.node("a")
        node.allocatable[.pods] = 1
        let pods = [World.pod("old", on: "a"), World.pod("p")]
        #expect(
            World.kinds(World.snapshot([node], pods), World.assign("p", "a"))
                == [.insufficient(.pods, total: 2, allocatable: 1)])
        node.allocatable[.pods] = 0
        #expect(World.kinds(World.snapshot([node], pods), World.assign("p", "a")) == [])
    }

    @Test("hard taints need a toleration; PreferNoSchedule does not", arguments: [Taint.Effect.noSchedule, .noExecute])
    func taints(effect: Taint.Effect) {
        let taint = Taint(key: "gpu", effect: effect)
        let node = World.node("a", taints: [taint, Taint(key: "soft", effect: .preferNoSchedule)])
        let tolerant = World.pod("q") { $0.tolerations = [Toleration(key: "gpu")] }
        let world = World.snapshot([node], [World.pod("p"), tolerant])
        #expect(World.kinds(world, World.assign("p", "a")) == [.untoleratedTaint(taint)])
        #expect(World.kinds(world, World.assign("q", "a")) == [])
    }

    @Test("nodeSelector and required node affinity hold")
    func nodeAffinity() {
        let named = NodeSelectorTerm(fields: [LabelRequirement(key: "metadata.name", .isIn(["b"]))])
        let world = World.snapshot(
            [World.node("a", labels: ["pool": "x"]), World.node("b", labels: ["pool": "y"])],
            [
                World.pod("p") { $0.nodeSelector = ["pool": "x"] },
                World.pod("q") { $0.requiredNodeAffinity = NodeSelector([named]) },
            ])
        #expect(World.kinds(world, World.assign("p", "a"), World.assign("q", "b")) == [])
        #expect(World.kinds(world, World.assign("p", "b")) == [.nodeAffinityMismatch])
        #expect(World.kinds(world, World.assign("q", "a")) == [.nodeAffinityMismatch])
    }

    @Test("a host port is taken once, by bound or new pods")
    func hostPorts() {
        let port = HostPort(port: 80)
        let world = World.snapshot(
            [World.node("a"), World.node("b")],
            [
                World.pod("old", on: "a") { $0.hostPorts = [HostPort(address: "10.0.0.1", port: 80)] },
                World.pod("p") { $0.hostPorts = [port] }, World.pod("q") { $0.hostPorts = [port] },
            ])
        #expect(World.kinds(world, World.assign("p", "a")) == [.hostPortConflict(port, holder: World.key("old"))])
        #expect(
            World.kinds(world, World.assign("p", "b"), World.assign("q", "b"))
                == [.hostPortConflict(port, holder: World.key("p"))])
    }

    @Test("volumes keep a pod to their nodes, and a missing claim off all")
    func volumes() {
        let inX = NodeSelector([NodeSelectorTerm(labels: [LabelRequirement(key: "pool", .isIn(["x"]))])])
        let world = World.snapshot(
            [World.node("a", labels: ["pool": "x"]), World.node("b")],
            [
                World.pod("p") { $0.volumes = .nodes([inX]) },
                World.pod("q") { $0.volumes = .unavailable(claim: "c", why: "missing") },
            ])
        #expect(World.kinds(world, World.assign("p", "a")) == [])
        #expect(World.kinds(world, World.assign("p", "b")) == [.volumeNodeAffinityMismatch])
        #expect(World.kinds(world, World.assign("q", "a")) == [.volumeUnavailable(claim: "c")])
    }
}
