import PlacementSolver
import SchedulingModel

/// What may be taken from one owner at once.
struct VictimUnit {
    let kind: Disruption.Kind
    /// The top-level group, -1 for a pod on its own.
    let group: Int
    /// Of a gang those members that it cannot run without; the others are units of kind `shrink`, and go with it.
    let pods: [Int]
    let priority: Int32
    let cost: DisruptionCost
}

/// Everything in the cluster that may be evicted for work of a higher priority: single pods, whole gangs, and members of
/// gangs above their minimum, the last in ring order first.
///
/// A gang of which a member may not be evicted, or is only now getting a node, is not in it.
struct VictimUnits {
    /// Cheapest first; equals by their lowest pod index.
    private(set) var units: [VictimUnit] = []
    private let snapshot: ClusterSnapshot

    init(_ state: SolverState, without victims: Set<Int>) {
        self.snapshot = state.snapshot
        for pod in self.snapshot.pods.indices
        where state.groups.topGroupByPod[pod] < 0 && self.snapshot.pods[pod].isEvictable && !victims.contains(pod) {
            self.add(.pod, [pod], group: -1)
        }
        for top in state.groups.topGroups { self.addGang(top, state, victims) }
        self.units.sort { ($0.cost, $0.pods.first ?? 0) < ($1.cost, $1.pods.first ?? 0) }
    }

    private mutating func addGang(_ top: Int, _ state: SolverState, _ victims: Set<Int>) {
        let members = state.groups.pods(below: top).filter { state.node(of: $0) != nil }
        let standing = members.filter { !self.snapshot.pods[$0].isTerminating }
        guard !standing.isEmpty, standing.allSatisfy({ self.snapshot.pods[$0].node != nil && !victims.contains($0) })
        else { return }
        let extra = Set(self.membersAboveMinimum(top, state))
        for pod in extra.sorted() { self.add(.shrink, [pod], group: top) }
        guard standing.allSatisfy({ self.snapshot.pods[$0].isEvictable }) else { return }
        self.add(.gang, standing.filter { !extra.contains($0) }, group: top)
    }

    private func membersAboveMinimum(_ top: Int, _ state: SolverState) -> [Int] {
        let children = state.groups.childrenByGroup[top]
        guard children.isEmpty else { return children.flatMap { self.membersAboveMinimum($0, state) } }
        let standing = state.groups.membersByGroup[top].filter {
            self.snapshot.pods[$0].node != nil && !self.snapshot.pods[$0].isTerminating
        }
        let extra = max(0, standing.count - state.groups.groups[top].minMember)
        return standing.reversed().filter { self.snapshot.pods[$0].isEvictable }.prefix(extra).map(\.self)
    }

    private mutating func add(_ kind: Disruption.Kind, _ pods: [Int], group: Int) {
        guard !pods.isEmpty else { return }
        self.units.append(
            VictimUnit(
                kind: kind, group: group, pods: pods, priority: pods.map { self.snapshot.pods[$0].priority }.max() ?? 0,
                cost: self.snapshot.cost(of: pods, isShrink: kind == .shrink)))
    }
}

extension ClusterSnapshot {
    func cost(of pods: [Int], isShrink: Bool) -> DisruptionCost {
        var cost = DisruptionCost()
        for pod in pods.map({ self.pods[$0] }) {
            var one = DisruptionCost()
            if isShrink {
                one.shrunkPods = 1
            } else {
                one.evictedPods = 1
                one.highestPriority = Int(pod.priority)
            }
            one.accelerators = pod.deviceRequests.reduce(0) { $0 + $1.count }
            one.age = -pod.creationSeconds
            cost.add(one)
        }
        return cost
    }
}

/// What disruption budgets still allow within one plan.
struct BudgetLedger {
    private var left: [Int]
    /// Budgets per pod that any covers.
    private let budgetsByPod: [Int: [Int]]

    init(_ snapshot: ClusterSnapshot) {
        self.left = snapshot.budgets.map(\.disruptionsAllowed)
        var budgetsByPod: [Int: [Int]] = [:]
        for (index, budget) in snapshot.budgets.enumerated() {
            for (pod, state) in snapshot.pods.enumerated() where state.node != nil && budget.covers(state) {
                budgetsByPod[pod, default: []].append(index)
            }
        }
        self.budgetsByPod = budgetsByPod
    }

    /// A pod under two budgets is never allowed: the eviction API refuses it.
    func allows(_ pods: [Int]) -> Bool {
        var taken: [Int: Int] = [:]
        for budgets in pods.lazy.compactMap({ self.budgetsByPod[$0] }) {
            if budgets.count > 1 { return false }
            taken[budgets[0], default: 0] += 1
        }
        return taken.allSatisfy { $0.value <= self.left[$0.key] }
    }

    mutating func spend(_ pods: [Int]) {
        for pod in pods {
            for budget in self.budgetsByPod[pod] ?? [] { self.left[budget] -= 1 }
        }
    }
}
