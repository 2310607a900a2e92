import PlacementVerifier
import SchedulingCycle
import SchedulingModel
import TestSupport
import Testing

/// Who is evicted for whom, and what is kept.
@Suite("Preemption")
struct PreemptionTests {
    static func plan(
        _ nodes: [NodeState], _ pods: [PodState], gangs: [String: Int] = [:], budgets: [DisruptionBudget] = [],
        levels: [TopologyLevel] = []
    ) throws -> Plan {
        var configuration = PlannerConfiguration()
        configuration.preempts = true
        let groups = gangs.map { PodGroup(key: PodGroupKey(namespace: "ml", name: $0.key), minMember: $0.value) }
        let snapshot = ClusterSnapshot(
            nodes: nodes, pods: pods, groups: groups, topology: Topology(levels: levels), budgets: budgets)
        return try Planner(configuration: configuration).plan(snapshot)
    }

    private static func victims(_ plan: Plan) -> [String] { plan.preemptions.flatMap(\.victims).map(\.name) }

    private static let node: [NodeState] = [.gpu("n1", count: 8)]

    @Test("the pod of lowest priority goes, and no more than are needed")
    func fewest() throws {
        let running: [PodState] = [
            .gpu("a", count: 4, on: "n1", priority: 5), .gpu("b", count: 2, on: "n1", priority: 1),
            .gpu("c", count: 2, on: "n1", priority: 1),
        ]
        let plan = try Self.plan(Self.node, running + [.gpu("new", count: 2, priority: 10)])
        #expect(Self.victims(plan).count == 1)
        #expect(plan.preemptions.first?.disruptions.first?.priority == 1)
        #expect(plan.preemptions.first?.reservations.map(\.node.rawValue) == ["n1"])
        #expect(plan.assignments.isEmpty && plan.pending.map(\.pod.name) == ["new"])
    }

    @Test("long searches leave steps for every later one: all are served by one plan", .longCalculation)
    func manyPreemptors() throws {
        let nodes = (0..<60).map { NodeState.gpu("n\($0)", count: 8) }
        let running = (0..<480).map { PodState.gpu("old-\($0)", count: 1, on: "n\($0 / 8)", priority: 1) }
        let big = (0..<40).map { PodState.gpu("big-\($0)", count: 8, priority: 10) }
        let small = (0..<10).map { PodState.gpu("small-\($0)", count: 1, priority: 10) }
        let plan = try Self.plan(nodes, running + big + small)
        #expect(plan.preemptions.count == 50)
        #expect(Set(Self.victims(plan)).count == 330)
    }

    struct Refusal: CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout PodState, inout PodState) -> Void
    }

    @Test(
        "nobody is evicted",
        arguments: [
            Refusal(testDescription: "for a pod of equal priority") { $1.priority = $0.priority },
            Refusal(testDescription: "for a pod of lower priority") { $1.priority = $0.priority - 1 },
            Refusal(testDescription: "for a pod whose policy is Never") { $1.mayPreempt = false },
            Refusal(testDescription: "for a pod that would not fit either way") {
                $1 = .gpu("new", count: 9, priority: 9)
            },
            Refusal(testDescription: "where the only victim belongs to its node") { old, _ in old.belongsToNode = true
            },
            Refusal(testDescription: "where the only victim is protected") { old, _ in old.isProtected = true },
            Refusal(testDescription: "where the only victim is leaving anyway") { old, _ in old.isTerminating = true },
        ])
    func nobody(_ refusal: Refusal) throws {
        var old = PodState.gpu("old", count: 8, on: "n1", priority: 1)
        var new = PodState.gpu("new", count: 8, priority: 2)
        refusal.change(&old, &new)
        let plan = try Self.plan(Self.node, [old, new])
        #expect(plan.preemptions.flatMap(\.disruptions).isEmpty)
    }

    @Test("a budget is never exceeded, over all victims of one plan")
    func budgets() throws {
        let nodes: [NodeState] = [.gpu("n1", count: 8), .gpu("n2", count: 8)]
        var running: [PodState] = [.gpu("a", count: 8, on: "n1"), .gpu("b", count: 8, on: "n2")]
        for index in running.indices { running[index].labels = ["app": "web"] }
        let selector = LabelSelector([LabelRequirement(key: "app", .isIn(["web"]))])
        let new: [PodState] = [.gpu("x", count: 8, priority: 1), .gpu("y", count: 8, priority: 1)]
        for allowed in 0...2 {
            let budget = DisruptionBudget(
                namespace: "ml", name: "web", selector: selector, disruptionsAllowed: allowed)
            let plan = try Self.plan(nodes, running + new, budgets: [budget])
            #expect(Self.victims(plan).count == allowed)
        }
    }

    @Test("a gang above its minimum is shrunk, last member first, before a smaller pod is evicted")
    func shrinkFirst() throws {
        let gang = (0..<4).map { PodState.gpu("g-\($0 as Int)", count: 2, on: "n1", group: "g", rank: $0) }
        let nodes: [NodeState] = [.gpu("n1", count: 8), .gpu("n2", count: 8)]
        let pods = gang + [.gpu("small", count: 8, on: "n2"), .gpu("new", count: 4, priority: 1)]
        let plan = try Self.plan(nodes, pods, gangs: ["g": 2])
        #expect(Self.victims(plan) == ["g-2", "g-3"])
        #expect(plan.preemptions.first?.disruptions.map(\.kind) == [.shrink])
    }

    @Test("a gang at its minimum goes whole, from every node, or not at all")
    func wholeGang() throws {
        let nodes: [NodeState] = [.gpu("n1", count: 8), .gpu("n2", count: 8)]
        let gang: [PodState] = [
            .gpu("g-0", count: 8, on: "n1", group: "g"), .gpu("g-1", count: 8, on: "n2", group: "g"),
        ]
        let plan = try Self.plan(nodes, gang + [.gpu("new", count: 1, priority: 1)], gangs: ["g": 2])
        #expect(Self.victims(plan) == ["g-0", "g-1"])
        #expect(plan.preemptions.first?.disruptions.map(\.kind) == [.gang])
        var important = gang
        important[1].priority = 1
        let spared = try Self.plan(nodes, important + [.gpu("new", count: 1, priority: 1)], gangs: ["g": 2])
        #expect(spared.preemptions.isEmpty)
    }

    @Test(
        "a gang of which a member stands on a node that is gone is left alone, and the verifier has nothing to refuse")
    func gangOnALostNode() throws {
        let gang: [PodState] = [
            .gpu("g-0", count: 8, on: "n1", group: "g"), .gpu("g-1", count: 8, on: "lost", group: "g"),
        ]
        let plan = try Self.plan(Self.node, gang + [.gpu("new", count: 1, priority: 1)], gangs: ["g": 2])
        #expect(plan.preemptions.isEmpty)
    }

    @Test("a waiting gang preempts as a whole: one victim per missing member, and none while it would not fit")
    func gangPreempts() throws {
        let running = (1...2).map { PodState.gpu("old-\($0)", count: 8, on: "n\($0)") }
        let new = (0..<2).map { PodState.gpu("g-\($0 as Int)", count: 8, priority: 1, group: "g", rank: $0) }
        let nodes: [NodeState] = [.gpu("n1", count: 8), .gpu("n2", count: 8)]
        let plan = try Self.plan(nodes, running + new, gangs: ["g": 2])
        #expect(Self.victims(plan) == ["old-1", "old-2"])
        #expect(plan.preemptions.first?.reservations.count == 2)
        #expect(try Self.plan([nodes[0]], [running[0]] + new, gangs: ["g": 2]).preemptions.isEmpty)
    }

    @Test("members above the minimum of a gang that runs evict nobody")
    func growth() throws {
        let nodes: [NodeState] = [.gpu("n1", count: 8), .gpu("n2", count: 8)]
        let pods: [PodState] = [
            .gpu("g-0", count: 8, on: "n1", priority: 1, group: "g"), .gpu("g-1", count: 8, priority: 1, group: "g"),
            .gpu("old", count: 8, on: "n2"),
        ]
        #expect(try Self.plan(nodes, pods, gangs: ["g": 1]).preemptions.isEmpty)
    }

    @Test("room that victims still hold is nobody's, and what they leave goes to nobody else")
    func keptRoom() throws {
        var old = PodState.gpu("old", count: 4, on: "n1")
        old.isTerminating = true
        var new = PodState.gpu("new", count: 8, priority: 1)
        new.nominatedNode = NodeName("n1")
        let plan = try Self.plan(Self.node, [old, new, .gpu("low", count: 4)])
        #expect(plan.assignments.isEmpty)
        #expect(plan.preemptions.map(\.disruptions) == [[]])
        old.leavesLate = true
        #expect(try Self.plan(Self.node, [old, new, .gpu("low", count: 4)]).assignments.map(\.pod.name) == ["low"])
    }

    @Test("two preemptors in one plan do not count on the same victim")
    func twoPreemptors() throws {
        let pods: [PodState] = [
            .gpu("old", count: 8, on: "n1"), .gpu("x", count: 8, priority: 2), .gpu("y", count: 8, priority: 1),
        ]
        let plan = try Self.plan(Self.node, pods)
        #expect(plan.preemptions.flatMap(\.reservations).map(\.pod.name) == ["x"])
    }

    @Test("a step limit ends the search, and the plan says so")
    func limit() throws {
        var configuration = PlannerConfiguration()
        configuration.preempts = true
        configuration.preemptionStepLimit = 0
        let pods: [PodState] = [.gpu("old", count: 8, on: "n1"), .gpu("new", count: 8, priority: 1)]
        let plan = try Planner(configuration: configuration).plan(ClusterSnapshot(nodes: Self.node, pods: pods))
        #expect(plan.preemptions.isEmpty && plan.summary.searchLimitReached)
    }

    // MARK: The oracle

    /// The cheapest victims for one pod among all sets there are, by the verifier's own replay.
    private static func cheapest(
        _ nodes: [NodeState], _ pods: [PodState], for new: PodState, _ groups: [PodGroup]
    ) -> DisruptionCost? {
        var best: DisruptionCost?
        for bits in 1..<(1 << pods.count) {
            let gone = pods.indices.filter { bits >> $0 & 1 == 1 }
            let left = pods.indices.filter { bits >> $0 & 1 == 0 }.map { pods[$0] }
            guard gone.allSatisfy({ pods[$0].priority < new.priority }) else { continue }
            var cost = DisruptionCost()
            var isTorn = false
            for pod in gone.map({ pods[$0] }) {
                let group = groups.first { $0.key == pod.group }
                let standing = left.count { $0.group == pod.group }
                if let group, standing > 0, standing < group.minMember { isTorn = true }
                // Who goes first of a gang is a rule of ours, by rank.
                if group != nil, standing > 0, left.contains(where: { $0.group == pod.group && $0.key > pod.key }) {
                    isTorn = true
                }
                let isShrink = group != nil && standing > 0
                cost.shrunkPods += isShrink ? 1 : 0
                cost.evictedPods += isShrink ? 0 : 1
                if !isShrink { cost.highestPriority = max(cost.highestPriority, Int(pod.priority)) }
                cost.accelerators += pod.deviceRequests[0].count
                cost.age = max(cost.age, -pod.creationSeconds)
            }
            let snapshot = ClusterSnapshot(nodes: nodes, pods: left + [new], groups: groups)
            guard !isTorn, !BruteForce(snapshot).feasibleNodes(for: new.key).isEmpty else { continue }
            if best.map({ cost < $0 }) ?? true { best = cost }
        }
        return best
    }

    @Test("the victims are the cheapest there are", arguments: 0..<150)
    func oracle(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let nodes = (0..<generator.int(in: 1...3)).map { NodeState.gpu("n\($0)", count: 4) }
        var free = nodes.map { _ in 4 }
        let minimum = generator.int(in: 1...2)
        var pods: [PodState] = []
        for index in 0..<generator.int(in: 2...7) {
            let node = generator.int(in: 0...nodes.count - 1)
            let count = generator.int(in: 1...3)
            guard free[node] >= count else { continue }
            free[node] -= count
            let isMember = generator.once(in: 3)
            pods.append(
                .gpu(
                    "p\(index)", count: count, on: "n\(node)",
                    priority: isMember ? 1 : Int32(generator.int(in: 0...3)), created: Int64(generator.int(in: 1...9)),
                    group: isMember ? "g" : nil, rank: isMember ? index : nil))
        }
        // A gang below its minimum is no unit of its own here.
        let members = pods.count { $0.group != nil }
        let groups = [PodGroup(key: PodGroupKey(namespace: "ml", name: "g"), minMember: min(minimum, max(1, members)))]
        let new = PodState.gpu("new", count: generator.int(in: 1...4), priority: 3)
        let plan = try Self.plan(nodes, pods + [new], gangs: ["g": groups[0].minMember])
        guard plan.assignments.isEmpty else { return }
        let found = plan.preemptions.first.map { preemption in
            preemption.disruptions.reduce(into: DisruptionCost()) { cost, disruption in
                for pod in pods where disruption.pods.contains(pod.key) {
                    cost.shrunkPods += disruption.kind == .shrink ? 1 : 0
                    cost.evictedPods += disruption.kind == .shrink ? 0 : 1
                    if disruption.kind != .shrink {
                        cost.highestPriority = max(cost.highestPriority, Int(pod.priority))
                    }
                    cost.accelerators += pod.deviceRequests[0].count
                    cost.age = max(cost.age, -pod.creationSeconds)
                }
            }
        }
        #expect(found == Self.cheapest(nodes, pods, for: new, groups))
    }
}
