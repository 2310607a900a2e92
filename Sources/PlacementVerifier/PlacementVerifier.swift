public import SchedulingModel

/// A second opinion on a plan, made from the model alone and in the plainest way.
///
/// It shares no code with whatever made the plan. It judges whether the plan may be carried out, not whether a better
/// one exists: priority order is not looked at.
///
/// Assignments are replayed in the plan's order, each judged against the facts and the assignments before it; rules
/// about groups are judged when all of a group's assignments are in. Facts may break any rule; a decision may not make
/// it worse.
public struct PlacementVerifier: Sendable {
    let snapshot: ClusterSnapshot
    let facts: Replay

    public init(snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
        self.facts = Replay(snapshot: snapshot)
    }

    /// Every rule the plan breaks, placements first, then what it says of groups, pending pods and figures.
    ///
    /// - Complexity: O(*a* · (*p* + *n*)) for *a* assignments with affinity or spread, *p* pods and *n* nodes; O(*a*)
    ///   without.
    public func violations(in plan: Plan) -> [Violation] {
        let (replay, violations) = self.replayed(plan.assignments)
        return violations + replay.reportViolations(in: plan) + replay.pendingViolations(in: plan)
            + replay.summaryViolations(in: plan) + self.preemptionViolations(in: plan)
    }

    /// Every rule that the assignments break by themselves, whatever is said about them.
    public func violations(of assignments: [Assignment]) -> [Violation] { self.replayed(assignments).violations }

    private func replayed(_ assignments: [Assignment]) -> (replay: Replay, violations: [Violation]) {
        var replay = self.facts
        var violations: [Violation] = []
        let roots = assignments.map { self.root(of: $0.pod) }
        var lastOfRoot: [PodGroupKey: Int] = [:]
        for (position, root) in roots.enumerated() { if let root { lastOfRoot[root] = position } }
        for (position, assignment) in assignments.enumerated() {
            violations += replay.assume(assignment)
            guard let root = roots[position], lastOfRoot[root] == position else { continue }
            violations += replay.lateAffinityViolations(under: root)
        }
        for root in replay.touchedRoots { violations += replay.groupViolations(under: root) }
        return (replay, violations + Self.scattered(roots))
    }

    private func root(of pod: PodKey) -> PodGroupKey? {
        self.snapshot.podIndex(of: pod).flatMap { self.snapshot.pods[$0].group }.map(self.facts.forest.root(of:))
    }

    /// Groups whose members do not stand together in the list.
    private static func scattered(_ roots: [PodGroupKey?]) -> [Violation] {
        var finished: Set<PodGroupKey> = []
        var violations: [Violation] = []
        for (position, root) in roots.enumerated() {
            guard let root, position == 0 || roots[position - 1] != root else { continue }
            if !finished.insert(root).inserted { violations.append(Violation(.groupScattered, group: root)) }
        }
        return violations
    }
}
