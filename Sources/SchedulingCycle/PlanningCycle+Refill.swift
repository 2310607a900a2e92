import PlacementSolver
import SchedulingModel

extension PlanningCycle {
    /// Nodes that are filled anew in one step: a third of those there are, and at most so many.
    private static let mostNodes = 80
    /// Ends the search after so many steps in a row without a gain.
    private static let idleSteps = 8
    /// A step looks at every node once; larger clusters get fewer steps.
    private static let nodesLookedAt = 40_000

    /// Where single pods of one priority wait, nodes are drawn that this plan put such pods on, emptied of them, and filled
    /// anew together with those that wait; what serves more devices is kept (large neighbourhood search, Shaw 1998).
    ///
    /// - Parameters:
    ///   - units: All of the priority.
    ///   - waiting: Those of them that found no place.
    /// - Returns: Who waits now, in the order of `units`.
    mutating func refilled(_ units: ArraySlice<DemandUnit>, waiting: [DemandUnit]) -> [DemandUnit] {
        let singles = units.compactMap { unit -> Int? in
            guard case .pod(let pod) = unit.subject, self.state.isRefillable(pod) else { return nil }
            return pod
        }
        var open = singles.filter { self.state.node(of: $0) == nil }
        let steps = min(self.configuration.refillLimit, Self.nodesLookedAt / max(1, self.snapshot.nodes.count))
        guard !open.isEmpty, open.count < singles.count, steps > 0 else { return waiting }
        var generator = SeededGenerator(seed: UInt64(singles.count))
        var (hasGained, idle) = (false, 0)
        for _ in 0..<steps where idle < Self.idleSteps && !open.isEmpty {
            let placed = singles.filter { self.state.node(of: $0) != nil }
            let nodes = Set(placed.compactMap { self.state.node(of: $0) }).sorted()
            let count = min(Self.mostNodes, (nodes.count + 2) / 3)
            let drawn = Set(self.state.nodesToRefill(among: nodes, count: count, using: &generator))
            let moved = placed.filter { pod in self.state.node(of: pod).map(drawn.contains) ?? false }
            if let waits = self.state.refill(moved, waiting: open) {
                open = waits
                (hasGained, idle) = (true, 0)
            } else {
                idle += 1
            }
        }
        self.fillPlanIsDue = true
        guard hasGained else { return waiting }
        return self.settled(units, singles: singles)
    }

    /// Notes who has a place now, and tries the others once more.
    private mutating func settled(_ units: ArraySlice<DemandUnit>, singles: [Int]) -> [DemandUnit] {
        let known = Set(self.placedPods)
        self.placedPods.removeAll { self.state.node(of: $0) == nil }
        let new = singles.filter { self.state.node(of: $0) != nil && !known.contains($0) }
        self.placedPods += new
        self.explainer.forget(new)
        self.explainer.forgetRefusals()
        let waiting = units.filter { unit in unit.pods.contains { self.state.node(of: $0) == nil } }
        return waiting.filter { !self.placeChecked($0, keptPlacesOnly: false) }
    }
}
