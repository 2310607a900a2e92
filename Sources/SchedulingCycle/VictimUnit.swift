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

extension VictimUnit {
    /// Whether all of it is of lower priority. A gang goes as a whole: one important member keeps the others from going with it.
    func isBelow(_ priority: Int32, in victims: VictimUnits) -> Bool {
        self.priority < priority
            && (self.kind != .gang || victims.highestPriorityByGroup[self.group, default: .min] < priority)
    }
}

/// Everything in the cluster that may be evicted for work of a higher priority: single pods, whole gangs, and members of
/// gangs above their minimum, the last in ring order first.
///
/// A gang of which a member may not be evicted, is only now getting a node, or stands on one that is gone, is not in it.
struct VictimUnits {
    /// Cheapest first; equals by their lowest pod index.
    private(set) var units: [VictimUnit] = []
    /// Positions in `units` by node index, cheapest first.
    private(set) var positionsByNode: [Int: [Int]] = [:]
    /// Of the units of each gang.
    private(set) var highestPriorityByGroup: [Int: Int32] = [:]
    /// By position: units that were chosen, or whose gang is no longer as it was.
    private var isGone: [Bool] = []
    private let snapshot: ClusterSnapshot

    init(_ state: SolverState) {
        self.snapshot = state.snapshot
        for pod in self.snapshot.pods.indices
        where state.groups.topGroupByPod[pod] < 0 && self.snapshot.pods[pod].isEvictable {
            self.add(.pod, [pod], group: -1)
        }
        for top in state.groups.topGroups { self.addGang(top, state) }
        self.units.sort { ($0.cost, $0.pods.first ?? 0) < ($1.cost, $1.pods.first ?? 0) }
        self.isGone = Array(repeating: false, count: self.units.count)
        for (position, unit) in self.units.enumerated() {
            for node in Set(unit.pods.compactMap { state.node(of: $0) }) {
                self.positionsByNode[node, default: []].append(position)
            }
            guard unit.group >= 0 else { continue }
            let highest = self.highestPriorityByGroup[unit.group, default: .min]
            self.highestPriorityByGroup[unit.group] = max(highest, unit.priority)
        }
    }

    /// Whether the unit may still be chosen for a preemptor of that priority.
    func isOpen(_ position: Int, below priority: Int32) -> Bool {
        !self.isGone[position] && self.units[position].isBelow(priority, in: self)
    }

    /// No unit of these is chosen from now on.
    mutating func remove(groups: Set<Int>, pods: Set<Int>) {
        for (position, unit) in self.units.enumerated() where !self.isGone[position] {
            self.isGone[position] =
                unit.group >= 0 ? groups.contains(unit.group) : unit.pods.contains(where: pods.contains)
        }
    }

    private mutating func addGang(_ top: Int, _ state: SolverState) {
        let standing = state.groups.pods(below: top).filter {
            (state.node(of: $0) != nil || self.snapshot.pods[$0].node != nil) && !self.snapshot.pods[$0].isTerminating
        }
        let isSettled = standing.allSatisfy { state.node(of: $0) != nil && self.snapshot.pods[$0].node != nil }
        guard !standing.isEmpty, isSettled else { return }
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
