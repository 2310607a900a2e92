import SchedulingModel

extension SolverState {
    // MARK: Members that differ, or depend on each other

    mutating func placeGreedily(
        _ group: Int, on axis: TopologyAxis?, _ cells: TopologyCells, _ search: GangSearch
    ) -> Bool {
        let demand = self.groups.pods(below: group).filter { self.isPlaceable($0) }
        let order = self.cellOrder(cells, demand: demand, search)
        let start = self.checkpoint
        let goal = self.placedCount(below: group) + search.wantedCount
        if let ring = self.ringSearch(group, below: axis, search), self.placeAlongRing(ring, cells, order) {
            self.claimExclusive(group)
            return true
        }
        for cell in order {
            let nodes = cells.nodes(of: cell)
            if self.placeContents(group, in: nodes, search), self.placedCount(below: group) >= goal {
                self.claimExclusive(group)
                return true
            }
            self.rollback(to: start)
        }
        for cell in order where self.stepsLeft > 0 {
            let nodes = cells.nodes(of: cell)
            if self.placeExhaustively(group, in: nodes, search) {
                self.claimExclusive(group)
                return true
            }
            self.rollback(to: start)
        }
        return false
    }

    /// Cells that could hold the demand by their free units, tightest first.
    mutating func cellOrder(_ cells: TopologyCells, demand: [Int], _ search: GangSearch) -> [Int] {
        var unitsByRow: [Int: Int] = [:]
        for pod in demand {
            for request in self.snapshot.pods[pod].deviceRequests where request.kind != .fraction {
                if let row = self.poolRowByResource[request.resource] {
                    unitsByRow[row, default: 0] += request.count
                } else if search.mode == .all {
                    return []
                }
            }
        }
        let rows = unitsByRow.keys.sorted()
        let mustHoldAll = search.mode == .all
        var free = [Int](repeating: 0, count: cells.count)
        var suffices = [Bool](repeating: true, count: cells.count)
        for row in rows {
            var sums = [Int](repeating: 0, count: cells.count)
            for (node, cell) in cells.cellByNode.enumerated() where cell >= 0 {
                sums[Int(cell)] += Int(self.freeUnits[row * self.nodeCount + node])
            }
            for cell in sums.indices {
                free[cell] += sums[cell]
                if mustHoldAll, sums[cell] < unitsByRow[row] ?? 0 { suffices[cell] = false }
            }
        }
        let order = free.indices.filter { suffices[$0] && !cells.isExcluded($0) }
        return mustHoldAll
            ? order.sorted { (free[$0], $0) < (free[$1], $1) } : order.sorted { (-free[$0], $0) < (-free[$1], $1) }
    }

    mutating func placeContents(_ group: Int, in nodes: NodeBitset, _ search: GangSearch) -> Bool {
        let children = self.groups.childrenByGroup[group]
        if children.isEmpty { return self.placeLeaf(group, in: nodes, search) }
        var satisfied = 0
        for child in self.byDemand(children) {
            let start = self.checkpoint
            var inner = search
            inner.mode = .all
            inner.wantedCount = 0
            var isPlaced = self.place(child, in: nodes, inner)
            if !isPlaced, search.mode == .atLeastMinimum {
                self.rollback(to: start)
                inner.mode = .atLeastMinimum
                isPlaced = self.place(child, in: nodes, inner)
            }
            if isPlaced {
                satisfied += 1
            } else {
                self.rollback(to: start)
                if search.mode == .all { return false }
            }
        }
        return satisfied >= search.minimum(of: group, self.groups)
    }

    /// Children that ask for most devices first.
    private func byDemand(_ children: [Int]) -> [Int] {
        let demand = children.map { child in
            self.groups.pods(below: child).reduce(0) { sum, pod in
                sum + self.snapshot.pods[pod].deviceRequests.reduce(0) { $0 + $1.count }
            }
        }
        return children.indices.sorted { (-demand[$0], $0) < (-demand[$1], $1) }.map { children[$0] }
    }

    private mutating func placeLeaf(_ group: Int, in nodes: NodeBitset, _ search: GangSearch) -> Bool {
        var placed = self.boundCount(group)
        for run in self.shapeRuns(group) {
            if let leaf = self.countable(run) {
                let room = self.room(for: leaf, in: nodes)
                let total = room.reduce(0) { $0 + Int($1) }
                if search.mode == .all, total < run.count { return false }
                let cells = TopologyCells(everything: nodes, nodeCount: self.nodeCount)
                guard self.fill(leaf, count: min(total, run.count), cell: 0, cells, room) else { return false }
                placed += min(total, run.count)
                continue
            }
            for pod in run {
                if let candidate = self.bestNode(for: pod, in: nodes) {
                    self.assume(pod, candidate)
                    placed += 1
                } else if search.mode == .all {
                    return false
                }
            }
        }
        return placed >= search.minimum(of: group, self.groups)
    }
}
