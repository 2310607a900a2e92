import PlacementVerifier
import SchedulingModel
import Testing

private typealias World = VerifierWorld

@Suite("Verifier: one pod and the others")
struct PodRelationTests {
    private static let host = "kubernetes.io/hostname"

    private static func term(_ app: String, key: String = Self.host) -> PodAffinityTerm {
        let selector = LabelSelector([LabelRequirement(key: "app", .isIn([app]))])
        return PodAffinityTerm(selector: selector, namespaces: ["ml"], topologyKey: key)
    }

    private static func spread(
        _ maxSkew: Int, key: String = Self.host, minDomains: Int? = nil, affinity: Bool = true, taints: Bool = false
    ) -> TopologySpreadConstraint {
        TopologySpreadConstraint(
            maxSkew: maxSkew, topologyKey: key, selector: LabelSelector([LabelRequirement(key: "app", .isIn(["x"]))]),
            minDomains: minDomains, honorsNodeAffinity: affinity, honorsNodeTaints: taints)
    }

    // MARK: Affinity

    @Test("a pod goes where a pod it wants to be near is, placed before it")
    func affinity() {
        let world = World.snapshot(
            [World.node("a", rack: "r1"), World.node("b", rack: "r1"), World.node("c", rack: "r2"), World.node("d")],
            [
                World.pod("p") { $0.requiredPodAffinity = [Self.term("x", key: "rack")] },
                World.pod("x", labels: ["app": "x"]),
            ])
        let unmet = Violation.Kind.podAffinityUnsatisfied(topologyKey: "rack")
        #expect(World.kinds(world, World.assign("x", "a"), World.assign("p", "b")) == [])
        #expect(World.kinds(world, World.assign("p", "b"), World.assign("x", "a")) == [unmet])
        #expect(World.kinds(world, World.assign("x", "a"), World.assign("p", "c")) == [unmet])
        #expect(World.kinds(world, World.assign("x", "d"), World.assign("p", "d")) == [unmet])
    }

    @Test("one pod must match all terms; two that match one each do not do")
    func allTerms() {
        let both = World.pod("p") { $0.requiredPodAffinity = [Self.term("x"), Self.term("y")] }
        let world = World.snapshot(
            [World.node("a")],
            [both, World.pod("x", on: "a", labels: ["app": "x"]), World.pod("y", on: "a", labels: ["app": "y"])])
        #expect(World.kinds(world, World.assign("p", "a")).count == 2)
    }

    @Test("the first of a series that wants itself near is let in, where the key exists")
    func bootstrap() {
        func member(_ name: String) -> PodState {
            World.pod(name, labels: ["app": "x"]) { $0.requiredPodAffinity = [Self.term("x", key: "rack")] }
        }
        let world = World.snapshot(
            [World.node("a", rack: "r1"), World.node("b", rack: "r2"), World.node("c")], [member("p"), member("q")])
        let unmet = Violation.Kind.podAffinityUnsatisfied(topologyKey: "rack")
        #expect(World.kinds(world, World.assign("p", "a"), World.assign("q", "a")) == [])
        #expect(World.kinds(world, World.assign("p", "a"), World.assign("q", "b")) == [unmet])
        #expect(World.kinds(world, World.assign("p", "c")) == [unmet])
    }

    @Test("a gang's member may want a sibling that comes later")
    func lateSibling() {
        let leader = World.pod("x", labels: ["app": "x"], group: World.gang)
        let worker = World.pod("p", group: World.gang) { $0.requiredPodAffinity = [Self.term("x")] }
        let group = PodGroup(key: World.gang, minMember: 2)
        let world = World.snapshot([World.node("a"), World.node("b")], [worker, leader], [group])
        #expect(World.kinds(world, World.assign("p", "a"), World.assign("x", "a")) == [])
        #expect(
            World.kinds(world, World.assign("p", "a"), World.assign("x", "b"))
                == [.podAffinityUnsatisfied(topologyKey: Self.host)])
    }

    @Test("two members that want each other, with a match elsewhere, keep each other out")
    func circularSiblings() {
        let members = ["p", "q"].map { name in
            World.pod(name, labels: ["app": "x"], group: World.gang) { $0.requiredPodAffinity = [Self.term("x")] }
        }
        let elsewhere = World.pod("old", on: "b", labels: ["app": "x"])
        let nodes = [World.node("a"), World.node("b")]
        let group = PodGroup(key: World.gang, minMember: 2)
        let unmet = Violation.Kind.podAffinityUnsatisfied(topologyKey: Self.host)
        #expect(
            World.kinds(
                World.snapshot(nodes, members + [elsewhere], [group]), World.assign("p", "a"), World.assign("q", "a"))
                == [unmet, unmet])
    }

    // MARK: Anti-affinity

    @Test("anti-affinity holds both ways, and in neither where the key is missing")
    func antiAffinity() {
        let shy = World.pod("shy") { $0.requiredPodAntiAffinity = [Self.term("x", key: "rack")] }
        let world = World.snapshot(
            [World.node("a", rack: "r1"), World.node("b", rack: "r1"), World.node("c"), World.node("d", rack: "r2")],
            [shy, World.pod("x", labels: ["app": "x"])])
        func away(from other: String) -> [Violation.Kind] {
            [.podAntiAffinityViolated(topologyKey: "rack", other: World.key(other))]
        }
        #expect(World.kinds(world, World.assign("x", "a"), World.assign("shy", "b")) == away(from: "x"))
        #expect(World.kinds(world, World.assign("shy", "a"), World.assign("x", "b")) == away(from: "shy"))
        #expect(World.kinds(world, World.assign("shy", "c"), World.assign("x", "c")) == [])
        #expect(World.kinds(world, World.assign("shy", "a"), World.assign("x", "d")) == [])
    }

    // MARK: Spread

    @Test("no domain gets more than maxSkew above the emptiest")
    func skew() {
        let old = World.pod("old", on: "a", labels: ["app": "x"])
        let new = World.pod("p", labels: ["app": "x"]) { $0.topologySpread = [Self.spread(1)] }
        let world = World.snapshot([World.node("a"), World.node("b")], [old, new])
        #expect(World.kinds(world, World.assign("p", "b")) == [])
        #expect(
            World.kinds(world, World.assign("p", "a"))
                == [.topologySpreadViolated(topologyKey: Self.host, skew: 2, maxSkew: 1)])
    }

    @Test("pods that are leaving, of another namespace, or of an empty selector are not counted")
    func uncounted() {
        var leaving = World.pod("old", on: "a", labels: ["app": "x"])
        leaving.isTerminating = true
        var foreign = World.pod("far", on: "a", labels: ["app": "x"])
        foreign.key = PodKey(namespace: "other", name: "far")
        let new = World.pod("p", labels: ["app": "x"]) { $0.topologySpread = [Self.spread(1)] }
        let nodes = [World.node("a"), World.node("b")]
        #expect(World.kinds(World.snapshot(nodes, [leaving, foreign, new]), World.assign("p", "a")) == [])

        var everything = Self.spread(1)
        everything.selector = LabelSelector([])
        let any = World.pod("p") { $0.topologySpread = [everything] }
        let crowd = (0..<3).map { World.pod("old\($0)", on: "a") }
        #expect(World.kinds(World.snapshot(nodes, crowd + [any]), World.assign("p", "a")) == [])
    }

    @Test("with fewer domains than minDomains the emptiest counts as empty")
    func minDomains() {
        let old = World.pod("old", on: "a", labels: ["app": "x"])
        let new = World.pod("p", labels: ["app": "x"]) { $0.topologySpread = [Self.spread(1, minDomains: 2)] }
        #expect(World.kinds(World.snapshot([World.node("a")], [old, new]), World.assign("p", "a")).count == 1)
    }

    @Test("a node without one of the keys is no domain and takes no such pod")
    func missingKey() {
        let new = World.pod("p", labels: ["app": "x"]) {
            $0.topologySpread = [Self.spread(1), Self.spread(1, key: "rack")]
        }
        let old = World.pod("old", on: "a", labels: ["app": "x"])
        let world = World.snapshot([World.node("a", rack: "r1"), World.node("b")], [old, new])
        // b is no domain of either constraint, so a alone is as empty as it gets.
        #expect(World.kinds(world, World.assign("p", "a")) == [])
        #expect(
            World.kinds(world, World.assign("p", "b"))
                == [.topologySpreadViolated(topologyKey: "rack", skew: .max, maxSkew: 1)])
    }

    @Test("node inclusion policies decide whether a node the pod cannot use is a domain", arguments: [true, false])
    func inclusion(honored: Bool) {
        let taint = Taint(key: "gpu", effect: .noSchedule)
        let old = World.pod("old", on: "a", labels: ["app": "x"])
        let byTaint = World.pod("p", labels: ["app": "x"]) { $0.topologySpread = [Self.spread(1, taints: honored)] }
        let tainted = World.snapshot([World.node("a"), World.node("b", taints: [taint])], [old, byTaint])
        #expect(World.kinds(tainted, World.assign("p", "a")).isEmpty == honored)

        let bySelector = World.pod("p", labels: ["app": "x"]) {
            $0.topologySpread = [Self.spread(1, affinity: honored)]
            $0.nodeSelector = ["pool": "x"]
        }
        let selected = World.snapshot([World.node("a", labels: ["pool": "x"]), World.node("b")], [old, bySelector])
        #expect(World.kinds(selected, World.assign("p", "a")).isEmpty == honored)
    }
}
