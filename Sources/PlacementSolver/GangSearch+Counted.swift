import SchedulingModel

extension SolverState {
    // MARK: Interchangeable members

    mutating func placeCounted(
        _ leaf: CountableLeaf, _ group: Int, in allowed: NodeBitset, _ search: GangSearch
    ) -> Bool {
        let room = self.room(for: leaf, in: allowed)
        let required = self.requiredCells(group, in: allowed, search)
        guard let wanted = self.wantedCount(leaf, room, group, in: required, search) else { return false }
        let mostOnNode = room.max() ?? 0
        for axis in self.axisOrder(group, search) where axis != .host || mostOnNode >= wanted {
            guard let cells = self.cells(of: group, on: axis, within: required) else { continue }
            let sums = Self.sums(room, cells)
            let tightest = sums.indices.filter { sums[$0] >= wanted && !cells.isExcluded($0) }
                .min { (sums[$0], $0) < (sums[$1], $1) }
            guard let tightest else { continue }
            let start = self.checkpoint
            if self.fill(leaf, count: wanted, cell: tightest, cells, room) {
                self.claimExclusive(group)
                return true
            }
            self.rollback(to: start)
        }
        return false
    }

    /// All members, or the most that one allowed cell takes; nil where that leaves the group unsatisfied.
    private mutating func wantedCount(
        _ leaf: CountableLeaf, _ room: [Int32], _ group: Int, in required: TopologyCells, _ search: GangSearch
    ) -> Int? {
        let minimum = search.minimum(of: group, self.groups) - self.boundCount(group)
        if search.mode == .all { return leaf.pods.count >= minimum ? leaf.pods.count : nil }
        guard let cells = self.cells(of: group, on: nil, within: required) else { return nil }
        let sums = Self.sums(room, cells)
        let most = sums.indices.filter { !cells.isExcluded($0) }.map { sums[$0] }.max() ?? 0
        let wanted = min(leaf.pods.count, most)
        return wanted >= minimum ? wanted : nil
    }

    private static func sums(_ room: [Int32], _ cells: TopologyCells) -> [Int] {
        var sums = [Int](repeating: 0, count: cells.count)
        for (node, cell) in cells.cellByNode.enumerated() where cell >= 0 { sums[Int(cell)] += Int(room[node]) }
        return sums
    }
}
