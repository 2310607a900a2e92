import PlacementSolver
import SchedulingModel

/// Looks for the cheapest victims (`DisruptionCost`) that let one pod or gang in.
///
/// Region by region: for a pod each node, for a gang each domain of each level and then the whole cluster. In a region the
/// victims of the lowest priority are let go all together until the subject fits; then as many as possible are spared, dearest
/// first; then sets are tried out exhaustively while steps are left. Exact where the limit is not reached, among sets that lie
/// in one region. Nodes are looked at in the order of their cheapest victim, and no further than to where it alone costs what
/// the best set does.
struct PreemptionSearch {
    struct Result {
        /// Nil where nothing that may be evicted makes room; empty where those who leave already do.
        var victims: [VictimUnit]?
        var stepCount = 0
        var limitReached = false
    }

    let subject: DemandUnit.Subject
    let victims: VictimUnits
    /// Whoever goes is below it; nil where nobody may be evicted.
    let priority: Int32?
    let budgets: BudgetLedger
    let stepLimit: Int

    /// Of the search for room that is made each time a gang is tried.
    static var query: GangQuery {
        var query = GangQuery()
        query.stepLimit = FixSearch.gangStepLimit
        return query
    }
    /// What trying a gang once counts for, beside a pod on one node.
    private static let gangStepCount = 20
    /// Regions that are looked at for a gang, beside the whole cluster.
    private static let regionLimit = 64

    /// - Parameter state: The world without those who leave already; unchanged when this returns.
    func run(on state: inout SolverState) -> Result {
        var run = Run(search: self, stepsLeft: self.stepLimit)
        if self.fits(on: &state, node: nil) { return Result(victims: [], stepCount: 1) }
        switch self.subject {
        case .pod: self.lookOnNodes(&run, &state)
        case .group: for region in self.domains(state) { run.look(in: region, &state) }
        }
        return Result(
            victims: run.best?.set, stepCount: self.stepLimit - run.stepsLeft, limitReached: run.limitReached)
    }

    /// Gives the subject the nodes it fits on now.
    ///
    /// - Returns: The pods that got one.
    func place(on state: inout SolverState) -> [Int] {
        switch self.subject {
        case .pod(let pod):
            guard let candidate = state.bestNode(for: pod) else { return [] }
            state.assume(pod, candidate)
            return [pod]
        case .group(let top):
            if case .satisfied(let placed) = state.placeGroup(top, Self.query) { return placed }
            return []
        }
    }

    private func fits(on state: inout SolverState, node: Int?) -> Bool {
        switch self.subject {
        case .pod(let pod):
            if let node { return state.fit(pod, on: node) != nil }
            return state.bestNode(for: pod) != nil
        case .group(let top):
            let start = state.checkpoint
            defer { state.rollback(to: start) }
            if case .satisfied(let placed) = state.placeGroup(top, Self.query) { return !placed.isEmpty }
            return false
        }
    }

    // MARK: Regions

    struct Region {
        /// The node to fit on, for a single pod.
        var node: Int?
        /// Positions in the victims' units, cheapest first.
        var units: [Int]
    }

    private func isOpen(_ position: Int) -> Bool {
        self.priority.map { self.victims.isOpen(position, below: $0) } ?? false
    }

    /// A gang's members above the minimum go with it, wherever they stand.
    private func lookOnNodes(_ run: inout Run, _ state: inout SolverState) {
        var seen: Set<Int> = []
        for (position, unit) in self.victims.units.enumerated() where self.isOpen(position) {
            if let best = run.best, best.cost <= unit.cost { return }
            for node in Set(unit.pods.compactMap { state.node(of: $0) }).subtracting(seen).sorted() {
                seen.insert(node)
                let units = (self.victims.positionsByNode[node] ?? []).filter(self.isOpen)
                guard run.stepsLeft > 0 else {
                    run.limitReached = true
                    return
                }
                run.look(in: Region(node: node, units: units), &state)
            }
        }
    }

    private func domains(_ state: SolverState) -> [Region] {
        let unitsByNode = self.victims.positionsByNode.mapValues { $0.filter(self.isOpen) }.filter { !$0.value.isEmpty }
        var regions: [Region] = []
        let levels = state.snapshot.topology.levels.indices.reversed().map(TopologyAxis.level)
        for axis in [.host] + levels where regions.count < Self.regionLimit {
            let byDomain = Dictionary(grouping: unitsByNode.keys) { state.snapshot.nodes[$0].domain(on: axis) }
            for (_, nodes) in byDomain.sorted(by: { $0.key < $1.key }) where regions.count < Self.regionLimit {
                regions.append(Region(units: Set(nodes.flatMap { unitsByNode[$0] ?? [] }).sorted()))
            }
        }
        let all = self.victims.units.indices.filter(self.isOpen)
        return all.isEmpty ? [] : regions + [Region(units: all)]
    }

    // MARK: One region

    private struct Run {
        let search: PreemptionSearch
        var stepsLeft: Int
        var limitReached = false
        var best: (set: [VictimUnit], cost: DisruptionCost)?

        init(search: PreemptionSearch, stepsLeft: Int) {
            self.search = search
            self.stepsLeft = stepsLeft
        }

        /// Sets of more units are thinned out only, not tried out.
        private static let exhaustiveUnitLimit = 20

        mutating func look(in region: Region, _ state: inout SolverState) {
            let units = region.units.map { self.search.victims.units[$0] }
            let priorities = Set(units.filter { $0.kind != .shrink }.map(\.priority)).sorted()
            var tried = -1
            for threshold in [nil] + priorities.map(Optional.some) {
                if let threshold, let best, Int(threshold) > best.cost.highestPriority { return }
                let eligible = units.filter { unit in
                    unit.kind == .shrink || threshold.map { unit.priority <= $0 } ?? false
                }
                let all = self.withinBudgets(eligible)
                guard all.count > tried, !all.isEmpty else { continue }
                tried = all.count
                guard self.isEnough(all, region, &state) else { continue }
                // What cannot spare anybody needs no look at its parts.
                let isSparing = self.thinOut(all, region, &state) < all.count
                if isSparing || all.count < eligible.count { self.tryOut(eligible, region, &state) }
                return
            }
        }

        /// As many as the budgets allow, cheapest first.
        private func withinBudgets(_ units: [VictimUnit]) -> [VictimUnit] {
            var (taken, pods): ([VictimUnit], [Int]) = ([], [])
            for unit in units where self.search.budgets.allows(pods + unit.pods) {
                taken.append(unit)
                pods += unit.pods
            }
            return taken
        }

        /// What goes when these go: a gang takes its members above the minimum with it.
        private func completed(_ units: [VictimUnit]) -> [VictimUnit] {
            let gangs = Set(units.filter { $0.kind == .gang }.map(\.group))
            guard !gangs.isEmpty else { return units }
            return units.filter { $0.kind != .shrink || !gangs.contains($0.group) }
                + self.search.victims.units.filter { $0.kind == .shrink && gangs.contains($0.group) }
        }

        private mutating func isEnough(_ units: [VictimUnit], _ region: Region, _ state: inout SolverState) -> Bool {
            let weight = region.node == nil ? PreemptionSearch.gangStepCount : 1
            guard self.stepsLeft >= weight else {
                self.limitReached = true
                return false
            }
            self.stepsLeft -= weight
            let start = state.checkpoint
            defer { state.rollback(to: start) }
            for pod in self.completed(units).lazy.flatMap(\.pods) { state.release(pod) }
            return self.search.fits(on: &state, node: region.node)
        }

        /// Members above the minimum count as evicted where their gang is.
        private func cost(_ units: [VictimUnit], _ snapshot: ClusterSnapshot) -> DisruptionCost {
            let gangs = Set(units.filter { $0.kind == .gang }.map(\.group))
            return units.reduce(into: DisruptionCost()) { sum, unit in
                let goesWithGang = unit.kind == .shrink && gangs.contains(unit.group)
                sum.add(goesWithGang ? snapshot.cost(of: unit.pods, isShrink: false) : unit.cost)
            }
        }

        private mutating func offer(_ units: [VictimUnit], _ snapshot: ClusterSnapshot) {
            let set = self.completed(units)
            guard self.search.budgets.allows(set.flatMap(\.pods)) else { return }
            let cost = self.cost(set, snapshot)
            if self.best.map({ cost < $0.cost }) ?? true { self.best = (set, cost) }
        }

        /// Spares whoever can be spared, dearest first: whole runs of units as long as that works, then fewer at a time.
        ///
        /// - Returns: How many units are left.
        private mutating func thinOut(_ all: [VictimUnit], _ region: Region, _ state: inout SolverState) -> Int {
            var kept: [VictimUnit] = []
            var rest = all[...]
            var run = max(1, rest.count / 2)
            while !rest.isEmpty {
                run = min(run, rest.count)
                if self.isEnough(Array(rest.dropLast(run)) + kept, region, &state) {
                    rest = rest.dropLast(run)
                    run *= 2
                } else if run > 1 {
                    run /= 2
                } else {
                    kept.append(rest.removeLast())
                }
            }
            self.offer(kept, state.snapshot)
            return kept.count
        }

        /// Depth first over all sets that could still be cheaper.
        private mutating func tryOut(_ units: [VictimUnit], _ region: Region, _ state: inout SolverState) {
            guard units.count <= Self.exhaustiveUnitLimit else {
                self.limitReached = true
                return
            }
            self.tryOut([], units[...], region, &state)
        }

        private mutating func tryOut(
            _ chosen: [VictimUnit], _ open: ArraySlice<VictimUnit>, _ region: Region, _ state: inout SolverState
        ) {
            guard let next = open.first, !self.limitReached else { return }
            let with = chosen + [next]
            let set = self.completed(with)
            // More units only cost more, so a set that is no cheaper than the best needs no look at what contains it.
            let isCheaper = self.best.map { self.cost(set, state.snapshot) < $0.cost } ?? true
            if isCheaper, self.search.budgets.allows(set.flatMap(\.pods)) {
                if self.isEnough(with, region, &state) {
                    self.offer(with, state.snapshot)
                } else if open.count > 1, self.isEnough(with + open.dropFirst(), region, &state) {
                    self.tryOut(with, open.dropFirst(), region, &state)
                }
            }
            if open.count > 1, self.isEnough(chosen + open.dropFirst(), region, &state) {
                self.tryOut(chosen, open.dropFirst(), region, &state)
            }
        }
    }
}
