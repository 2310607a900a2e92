import PlacementVerifier
import SchedulingModel
import Testing

private typealias World = VerifierWorld

@Suite("Verifier: groups")
struct GroupRuleTests {
    private static let nodes = [
        World.node("a", rack: "r1"), World.node("b", rack: "r1"), World.node("c", rack: "r2"),
        World.node("d", rack: "r2"),
    ]

    private static func members(_ names: String..., of group: PodGroupKey = World.gang) -> [PodState] {
        names.map { World.pod($0, group: group) }
    }

    private static func required(_ axis: TopologyAxis) -> PodGroup {
        PodGroup(key: World.gang, minMember: 1, topology: [TopologyConstraint(axis: axis, isRequired: true)])
    }

    @Test("fewer than minMember is nothing; bound members count")
    func minMember() {
        let group = PodGroup(key: World.gang, minMember: 2)
        let alone = World.snapshot(Self.nodes, Self.members("p", "q"), [group])
        #expect(World.kinds(alone, World.assign("p", "a")) == [.groupUnsatisfied(satisfied: 1, minMember: 2)])
        let begun = World.snapshot(
            Self.nodes, Self.members("p", "q") + [World.pod("o", on: "a", group: World.gang)], [group])
        #expect(World.kinds(begun, World.assign("p", "a")) == [])
    }

    @Test("an inner group needs minMember satisfied children, and a child that gets something is satisfied")
    func tree() {
        let (left, right) = (PodGroupKey(namespace: "ml", name: "gang/l"), PodGroupKey(namespace: "ml", name: "gang/r"))
        func world(minChildren: Int) -> ClusterSnapshot {
            World.snapshot(
                Self.nodes, Self.members("p", of: left) + Self.members("q", "r", of: right),
                [
                    PodGroup(key: World.gang, minMember: minChildren),
                    PodGroup(key: left, parent: World.gang, minMember: 1),
                    PodGroup(key: right, parent: World.gang, minMember: 2),
                ])
        }
        let unsatisfied = Violation.Kind.groupUnsatisfied(satisfied: 1, minMember: 2)
        #expect(World.kinds(world(minChildren: 1), World.assign("p", "a")) == [])
        #expect(World.kinds(world(minChildren: 2), World.assign("p", "a")) == [unsatisfied])
        #expect(World.kinds(world(minChildren: 1), World.assign("p", "a"), World.assign("q", "a")) == [unsatisfied])
        #expect(
            World.kinds(
                world(minChildren: 2), World.assign("p", "a"), World.assign("q", "a"), World.assign("r", "b")) == [])
    }

    @Test("a group with a problem, an unknown group and an unknown parent get nothing")
    func unsound() {
        let broken = PodGroup(key: World.gang, minMember: 1, problem: "declared twice")
        #expect(
            World.kinds(World.snapshot(Self.nodes, Self.members("p"), [broken]), World.assign("p", "a"))
                == [.groupHasProblem("declared twice")])
        let (left, right) = (PodGroupKey(namespace: "ml", name: "gang/l"), PodGroupKey(namespace: "ml", name: "gang/r"))
        let tree = [
            PodGroup(key: World.gang, minMember: 1), PodGroup(key: left, parent: World.gang, minMember: 1),
            PodGroup(key: right, parent: World.gang, minMember: 1, problem: "declared twice"),
        ]
        #expect(
            World.kinds(World.snapshot(Self.nodes, Self.members("p", of: left), tree), World.assign("p", "a"))
                == [.groupHasProblem("declared twice")])
        #expect(
            World.kinds(World.snapshot(Self.nodes, Self.members("p")), World.assign("p", "a")) == [.unknownGroup])
        let orphan = PodGroup(key: World.gang, parent: PodGroupKey(namespace: "ml", name: "ghost"), minMember: 1)
        #expect(
            World.kinds(World.snapshot(Self.nodes, Self.members("p"), [orphan]), World.assign("p", "a"))
                == [.unknownGroup])
        let circle = PodGroup(key: World.gang, parent: World.gang, minMember: 1)
        #expect(
            World.kinds(World.snapshot(Self.nodes, Self.members("p"), [circle]), World.assign("p", "a"))
                == [.unknownGroup])
    }

    @Test("members of a gang stand together in the plan")
    func scattered() {
        let world = World.snapshot(
            Self.nodes, Self.members("p", "q") + [World.pod("x")], [PodGroup(key: World.gang, minMember: 2)])
        #expect(
            World.kinds(world, World.assign("p", "a"), World.assign("x", "a"), World.assign("q", "a"))
                == [.groupScattered])
    }

    @Test("a required level holds all members in one domain")
    func requiredLevel() {
        let world = World.snapshot(Self.nodes, Self.members("p", "q"), [Self.required(.level(1))])
        #expect(World.kinds(world, World.assign("p", "a"), World.assign("q", "b")) == [])
        #expect(
            World.kinds(world, World.assign("p", "a"), World.assign("q", "c")) == [.requiredTopologyBroken(.level(1))])
    }

    @Test("bound members fix the domain; where they are spread, each new member joins one of them")
    func boundMembersFixDomain() {
        let bound = [World.pod("o", on: "a", group: World.gang)]
        let one = World.snapshot(Self.nodes, Self.members("p") + bound, [Self.required(.level(1))])
        #expect(World.kinds(one, World.assign("p", "b")) == [])
        #expect(World.kinds(one, World.assign("p", "c")) == [.requiredTopologyBroken(.level(1))])
        let more = [World.pod("o2", on: "c", group: World.gang)]
        let spread = World.snapshot(
            Self.nodes + [World.node("e", rack: "r3")], Self.members("p", "q") + bound + more,
            [Self.required(.level(1))])
        #expect(World.kinds(spread, World.assign("p", "b"), World.assign("q", "d")) == [])
        #expect(World.kinds(spread, World.assign("p", "e")) == [.requiredTopologyBroken(.level(1))])
    }

    @Test("a node without the label is a domain of its own")
    func missingLabel() {
        let world = World.snapshot(
            [World.node("a"), World.node("b")], Self.members("p", "q"), [Self.required(.level(1))])
        #expect(World.kinds(world, World.assign("p", "a"), World.assign("q", "a")) == [])
        #expect(
            World.kinds(world, World.assign("p", "a"), World.assign("q", "b")) == [.requiredTopologyBroken(.level(1))])
    }

    @Test("an exclusive group stays in one domain and shares it with no other such group; facts are left alone")
    func exclusive() {
        let other = PodGroupKey(namespace: "ml", name: "other")
        let groups = [World.gang, other].map { PodGroup(key: $0, minMember: 1, exclusiveAxis: .level(1)) }
        let world = World.snapshot(Self.nodes, Self.members("p", "q") + Self.members("x", of: other), groups)
        let rack = TopologyDomain(axis: .level(1), path: ["b", "r1"])
        #expect(World.kinds(world, World.assign("p", "a"), World.assign("x", "c")) == [])
        #expect(
            World.kinds(world, World.assign("p", "a"), World.assign("x", "b"))
                == [.exclusiveDomainShared(rack, with: other), .exclusiveDomainShared(rack, with: World.gang)])
        #expect(
            World.kinds(world, World.assign("p", "a"), World.assign("q", "c")) == [.requiredTopologyBroken(.level(1))])
        let facts = [World.pod("o1", on: "a", group: World.gang), World.pod("o2", on: "b", group: other)]
        let mixed = World.snapshot(Self.nodes, Self.members("p") + facts, groups)
        #expect(World.kinds(mixed, World.assign("p", "b")) == [.exclusiveDomainShared(rack, with: other)])
    }
}
