import PlacementVerifier
import SchedulingCycle
import SchedulingModel
import TestSupport

/// What must hold of the plan for a small world. Each answers nil, or what is wrong.
enum OracleProperty {
    static func plan(_ snapshot: ClusterSnapshot) -> Result<Plan, RefusedPlan> {
        Result { () throws(RefusedPlan) in try Planner().plan(snapshot) }
    }

    /// The plan without a search for fixes, which most properties do not look at.
    private static func barePlan(_ snapshot: ClusterSnapshot) -> Plan {
        var configuration = PlannerConfiguration()
        configuration.searchesFixes = false
        return Planner(configuration: configuration).unverifiedPlan(snapshot)
    }

    private static func refusal(of plan: Plan, _ snapshot: ClusterSnapshot) -> String? {
        let violations = PlacementVerifier(snapshot: snapshot).violations(in: plan)
        return violations.isEmpty ? nil : "the verifier refuses: \(violations)\n\(plan.assignments)"
    }

    // MARK: Single pods

    static func singlePodIsPlacedIffItFits(_ snapshot: ClusterSnapshot) -> String? {
        guard let pod = snapshot.pods.first(where: { $0.standing == .pending }) else { return nil }
        let plan = Self.barePlan(snapshot)
        if let refusal = Self.refusal(of: plan, snapshot) { return refusal }
        let feasible = BruteForce(snapshot).feasibleNodes(for: pod.key)
        let chosen = plan.assignments.map(\.node)
        guard chosen.isEmpty != feasible.isEmpty else { return nil }
        return "\(pod.key) fits on \(feasible), placed on \(chosen)"
    }

    // MARK: Gangs

    private static let narrowestFirst: [TopologyAxis] = [.host, .nvlink, .level(1), .level(0)]

    /// 0 for the node, 4 where the members share nothing.
    private static func width(_ axes: Set<TopologyAxis>) -> Int {
        Self.narrowestFirst.firstIndex { axes.contains($0) } ?? Self.narrowestFirst.count
    }

    static func gangIsPlacedIffItFits(_ snapshot: ClusterSnapshot) -> String? {
        guard let root = snapshot.groups.first(where: { $0.parent == nil }) else { return nil }
        let plan = Self.barePlan(snapshot)
        if let refusal = Self.refusal(of: plan, snapshot) { return refusal }
        let found = BruteForce(snapshot).outcomes(of: root.key)
        guard found.isComplete, plan.assignments.isEmpty != found.outcomes.isEmpty else { return nil }
        if plan.assignments.isEmpty && Self.factsBreakTopology(snapshot) { return nil }
        return
            "\(root.key) can be placed: \(found.examples.first.map { "\($0)" } ?? "no"); planned: \(plan.assignments)"
            + Self.reasons(plan)
    }

    /// Whether bound members stand in several domains of an axis that holds them together. The rules allow to complete
    /// such a gang beside any of them, and also to leave it.
    private static func factsBreakTopology(_ snapshot: ClusterSnapshot) -> Bool {
        snapshot.groups.contains { group in
            let axes = group.topology.filter(\.isRequired).map(\.axis) + [group.exclusiveAxis].compactMap { $0 }
            let members = snapshot.pods.filter { pod in
                pod.group.map { Self.chain($0, snapshot).contains(group.key) } ?? false
            }
            let nodes = members.compactMap(\.node).compactMap(snapshot.nodeIndex(of:)).map { snapshot.nodes[$0] }
            return axes.contains { axis in Set(nodes.map { $0.domain(on: axis) }).count > 1 }
        }
    }

    private static func reasons(_ plan: Plan) -> String {
        plan.pending.map { "\n\($0.pod) waits: \($0.reason.rawValue) \($0.evidence)" }.joined()
    }

    /// For the number of members placed, the narrowest axis possible; and no more members in a domain as narrow. Where
    /// the gang prefers an axis, the first it prefers comes before narrowness.
    static func gangIsAsNarrowAsItGets(_ snapshot: ClusterSnapshot) -> String? {
        guard let root = snapshot.groups.first(where: { $0.parent == nil }) else { return nil }
        let plan = Self.barePlan(snapshot)
        guard !plan.assignments.isEmpty else { return nil }
        let found = BruteForce(snapshot).outcomes(of: root.key)
        guard found.isComplete else { return nil }
        let ours = Self.outcome(of: plan, snapshot)
        let sameSize = found.outcomes.filter { $0.placedCount == ours.placedCount }
        let preferred = root.topology.first { !$0.isRequired }?.axis
        if let preferred, !ours.sharedAxes.contains(preferred),
            let better = sameSize.first(where: { $0.sharedAxes.contains(preferred) })
        {
            return "prefers \(preferred), has \(ours), possible \(found.examples[better] ?? [])"
        }
        let width = Self.width(ours.sharedAxes)
        if preferred == nil, let better = sameSize.first(where: { Self.width($0.sharedAxes) < width }) {
            return "width \(width) planned \(plan.assignments), width \(Self.width(better.sharedAxes)) possible: "
                + "\(found.examples[better] ?? [])"
        }
        let larger = found.outcomes.first {
            $0.placedCount > ours.placedCount && Self.width($0.sharedAxes) <= width
                && (preferred.map($0.sharedAxes.contains) ?? true)
        }
        guard let larger else { return nil }
        return "\(ours) planned \(plan.assignments), and \(larger) possible: \(found.examples[larger] ?? [])"
    }

    private static func outcome(of plan: Plan, _ snapshot: ClusterSnapshot) -> GangOutcomes.Outcome {
        let places = Dictionary(plan.assignments.map { ($0.pod, $0.node) }, uniquingKeysWith: { first, _ in first })
        let nodes = snapshot.pods.filter { $0.group != nil }.compactMap { pod in
            (pod.node ?? places[pod.key]).flatMap(snapshot.nodeIndex(of:)).map { snapshot.nodes[$0] }
        }
        let axes = Self.narrowestFirst + snapshot.groups.flatMap { $0.topology.map(\.axis) }
        let shared = axes.filter { axis in Set(nodes.map { $0.domain(on: axis) }).count == 1 }
        return GangOutcomes.Outcome(placedCount: nodes.count, sharedAxes: Set(shared))
    }

    // MARK: Mixed demand

    /// No pod without a group, and no gang that got nothing, could be placed on what is left.
    static func planIsValidAndMaximal(_ snapshot: ClusterSnapshot) -> String? {
        let plan: Plan
        switch Self.plan(snapshot) {
        case .success(let accepted): plan = accepted
        case .failure(let refused): return "refused: \(refused.violations)\n\(refused.plan.assignments)"
        }
        let rest = BruteForce(snapshot, after: plan.assignments)
        for pod in snapshot.pods where pod.group == nil && pod.standing == .pending {
            guard plan.pending.contains(where: { $0.pod == pod.key }) else { continue }
            let nodes = rest.feasibleNodes(for: pod.key)
            if !nodes.isEmpty { return "\(pod.key) stays pending and fits on \(nodes) beside \(plan.assignments)" }
        }
        for report in plan.groups {
            let waiting = Set(plan.pending.filter { $0.group == report.group }.map(\.pod))
            let demand = snapshot.pods.count { pod in waiting.contains(pod.key) }
            let placed = plan.assignments.count { assignment in
                snapshot.pods.contains {
                    $0.key == assignment.pod && $0.group.map { Self.root(of: $0, snapshot) } == report.group
                }
            }
            guard demand > 0, placed == 0 else { continue }
            let found = rest.outcomes(of: report.group)
            if let example = found.examples.first?.value, found.isComplete {
                return "\(report.group) got nothing, and \(example) fits beside \(plan.assignments)"
            }
        }
        return nil
    }

    private static func chain(_ key: PodGroupKey, _ snapshot: ClusterSnapshot) -> [PodGroupKey] {
        [key] + (snapshot.group(key)?.parent.map { Self.chain($0, snapshot) } ?? [])
    }

    private static func root(of key: PodGroupKey, _ snapshot: ClusterSnapshot) -> PodGroupKey {
        Self.chain(key, snapshot).last ?? key
    }
}
