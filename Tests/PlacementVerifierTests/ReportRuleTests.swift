import PlacementVerifier
import SchedulingModel
import TestSupport
import Testing

private typealias World = VerifierWorld

@Suite("Verifier: what a plan says of itself")
struct ReportRuleTests {
    /// Two ranked members in two racks, an unplaceable single pod, a gated and a foreign one.
    private static let snapshot: ClusterSnapshot = {
        var gated = World.pod("s1")
        gated.standing = .gatedElsewhere(gate: "else")
        var foreign = World.pod("s2")
        foreign.standing = .foreignScheduler("other")
        return World.snapshot(
            [World.node("a", rack: "r1"), World.node("b", rack: "r2")],
            [
                World.pod("g0", cpu: 3000, group: World.gang, rank: 0),
                World.pod("g1", cpu: 3000, group: World.gang, rank: 1), World.pod("s0", cpu: 9000), gated, foreign,
            ],
            [PodGroup(key: World.gang, minMember: 2)])
    }()

    private static func kinds(_ change: (inout Plan) -> Void) -> [Violation.Kind] {
        var plan = BruteForce.plan(for: Self.snapshot)
        change(&plan)
        return PlacementVerifier(snapshot: Self.snapshot).violations(in: plan).map(\.kind)
    }

    @Test("the plan as it should be is accepted")
    func accepted() {
        #expect(Self.kinds { _ in } == [])
        let plan = BruteForce.plan(for: Self.snapshot)
        #expect(plan.assignments.count == 2)
        #expect(plan.groups.first?.crossDomainHops == 2)
        #expect(plan.groups.first?.axis == .level(0))
    }

    @Test("figures of groups")
    func figures() {
        let (block, rack) = (
            TopologyDomain(axis: .level(0), path: ["b"]), TopologyDomain(axis: .level(1), path: ["b", "r1"])
        )
        #expect(Self.kinds { $0.groups[0].memberCount = 3 } == [.memberCountWrong(stated: 3, actual: 2)])
        #expect(Self.kinds { $0.groups[0].minMember = 1 } == [.minMemberWrong(stated: 1, actual: 2)])
        #expect(Self.kinds { $0.groups[0].placedCount = 1 } == [.placedCountWrong(stated: 1, actual: 2)])
        #expect(Self.kinds { $0.groups[0].axis = nil } == [.axisWrong(stated: nil, actual: .level(0))])
        #expect(Self.kinds { $0.groups[0].domains = [rack] } == [.domainsWrong(stated: [rack], actual: [block])])
        #expect(Self.kinds { $0.groups[0].crossDomainHops = 1 } == [.hopsWrong(stated: 1, actual: 2)])
        let impossible = AllReducePrediction(payloadBytes: 1, seconds: 1, boundSeconds: 2)
        #expect(Self.kinds { $0.groups[0].allReduce = impossible } == [.allReduceBelowBound])
    }

    @Test("a bound member without a rank stands in the ring where it stands among the members")
    func unrankedBoundMember() {
        let nodes = [World.node("a", rack: "r1"), World.node("b", rack: "r2")]
        let pods = [("g0", nil), ("g1", "b"), ("g2", nil), ("g3", nil)].map {
            World.pod($0.0, on: $0.1, group: World.gang)
        }
        let snapshot = World.snapshot(nodes, pods, [PodGroup(key: World.gang, minMember: 4)])
        var plan = Plan()
        plan.assignments = [
            World.assign("g0", "a", rank: 0), World.assign("g2", "b", rank: 2), World.assign("g3", "a", rank: 3),
        ]
        plan.groups = [
            GroupPlacement(
                group: World.gang, memberCount: 4, minMember: 4, placedCount: 4, axis: .level(0),
                domains: [TopologyDomain(axis: .level(0), path: ["b"])], crossDomainHops: 2)
        ]
        plan.summary.nodeCount = 2
        plan.summary.placedPods = 3
        #expect(PlacementVerifier(snapshot: snapshot).violations(in: plan) == [])
    }

    @Test("one report per group with demand, in order")
    func reports() {
        #expect(Self.kinds { $0.groups = [] } == [.groupNotReported])
        let other = GroupPlacement(
            group: PodGroupKey(namespace: "ml", name: "other"), memberCount: 0, minMember: 0, placedCount: 0)
        #expect(Self.kinds { $0.groups.append(other) } == [.groupReportedInVain])
        #expect(Self.kinds { $0.groups.append($0.groups[0]) } == [.groupsUnsorted])
    }

    @Test("demand is assigned or pending, once, and nothing else is pending")
    func pending() {
        #expect(Self.kinds { $0.pending = [] }.contains(.forgotten))
        #expect(Self.kinds { $0.pending.append($0.pending[0]) }.contains(.pendingTwice))
        let assigned = PendingPod(pod: World.key("g0"), group: World.gang, reason: .insufficientGPUs)
        #expect(Self.kinds { $0.pending.insert(assigned, at: 0) }.contains(.assignedAndPending))
        let gated = PendingPod(pod: World.key("s1"), reason: .insufficientGPUs)
        #expect(Self.kinds { $0.pending.append(gated) }.contains(.pendingWithoutDemand))
        #expect(Self.kinds { $0.pending.append(assigned) }.contains(.pendingUnsorted))
        #expect(Self.kinds { $0.pending[0].group = World.gang } == [.pendingGroupWrong(actual: nil)])
    }

    @Test("counts of the summary")
    func summary() {
        func wrong(_ figure: String, _ stated: Int, _ actual: Int) -> [Violation.Kind] {
            [.summaryWrong(figure: figure, stated: stated, actual: actual)]
        }
        #expect(Self.kinds { $0.summary.nodeCount = 3 } == wrong("nodeCount", 3, 2))
        #expect(Self.kinds { $0.summary.pendingPods = 2 } == wrong("pendingPods", 2, 1))
        #expect(Self.kinds { $0.summary.placedPods = 1 } == wrong("placedPods", 1, 2))
        #expect(Self.kinds { $0.summary.gatedElsewhere = 0 } == wrong("gatedElsewhere", 0, 1))
        #expect(Self.kinds { $0.summary.foreignScheduler = 0 } == wrong("foreignScheduler", 0, 1))
        #expect(Self.kinds { $0.summary.acceleratorsAllocatedBefore = 1 } == wrong("acceleratorsAllocatedAfter", 0, 1))
    }

    @Test("a violation names its subject and the rule")
    func description() {
        let violation = Violation(.forgotten, pod: World.key("p"), node: NodeName("a"))
        #expect(violation.description == "pod ml/p, node a: forgotten")
    }
}
