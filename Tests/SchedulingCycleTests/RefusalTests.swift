import PlacementSolver
import SchedulingModel
import TestSupport
import Testing

@testable import SchedulingCycle

@Suite("Refused work that is alike")
struct RefusalTests {
    private func gang(_ name: String, members: Int, count: Int) -> [PodState] {
        (0..<members).map { .gpu("\(name)-\($0)", count: count, group: name) }
    }

    private func group(_ name: String, _ minMember: Int) -> PodGroup {
        PodGroup(key: PodGroupKey(namespace: "ml", name: name), minMember: minMember)
    }

    /// The cycle after everything was tried.
    private func cycle(_ pods: [PodState], _ groups: [PodGroup]) -> PlanningCycle {
        let nodes: [NodeState] = (0..<4).map { .gpu("n\($0)", count: 8) }
        let snapshot = ClusterSnapshot(nodes: nodes, pods: pods, groups: groups)
        var cycle = PlanningCycle(snapshot, SolverState(snapshot), PlannerConfiguration())
        cycle.placeDemand()
        return cycle
    }

    @Test("gangs that differ in nothing but their names are looked into once")
    func alikeGangs() {
        let names = (0..<30).map { "gang-\($0)" }
        let many = self.cycle(
            names.flatMap { self.gang($0, members: 5, count: 8) }, names.map { self.group($0, 5) })
        #expect(many.explainer.diagnosisCount == 1)
        let one = self.cycle(self.gang("gang-0", members: 5, count: 8), [self.group("gang-0", 5)])
        let (known, expected) = (many.explainer.pendingPods(), one.explainer.pendingPods())
        #expect(known.count == 150)
        for pod in known {
            #expect(pod.reason == expected[0].reason)
            #expect(pod.evidence == expected[0].evidence)
            #expect(pod.fix == expected[0].fix)
            #expect(pod.group?.name == String(pod.pod.name.dropLast(2)))
        }
    }

    @Test("gangs that differ in size, minimum, request or priority are looked into each")
    func differentGangs() {
        var important = self.gang("d", members: 5, count: 8)
        for index in important.indices { important[index].priority = 5 }
        let pods =
            self.gang("a", members: 5, count: 8) + self.gang("b", members: 6, count: 8)
            + self.gang("c", members: 9, count: 4) + important + self.gang("e", members: 6, count: 8)
        let groups = [
            self.group("a", 5), self.group("b", 6), self.group("c", 9), self.group("d", 5), self.group("e", 5),
        ]
        #expect(self.cycle(pods, groups).explainer.diagnosisCount == 5)
    }

    @Test("single pods alike are looked into once")
    func alikePods() {
        let pods: [PodState] = (0..<50).map { .gpu("p\($0)", count: 9) }
        #expect(self.cycle(pods, []).explainer.diagnosisCount == 1)
    }

    @Test("members without ranks get their positions, bound ones theirs in key order")
    func ranks() {
        var own = PodState.gpu("h-1", count: 8, group: "h")
        own.rank = 7
        let pods = [
            PodState.gpu("g-0", count: 8, group: "g"), .gpu("g-1", count: 8, on: "n0", group: "g"),
            .gpu("g-2", count: 8, group: "g"), .gpu("h-0", count: 8, group: "h"), own, .gpu("single", count: 1),
        ]
        let groups = [self.group("g", 1), self.group("h", 1)]
        let snapshot = ClusterSnapshot(nodes: [], pods: pods, groups: groups)
        var ranks = MemberRanks(SolverState(snapshot).groups)
        // In ring order, the one with a rank of its own comes first.
        #expect(snapshot.pods.indices.map { ranks.rank(of: $0, in: snapshot) } == [0, 1, 2, 1, 7, nil])
    }
}
