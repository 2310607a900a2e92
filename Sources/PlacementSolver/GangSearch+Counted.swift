import SchedulingModel

extension SolverState {
    // MARK: Interchangeable members

    mutating func placeCounted(
        _ leaf: CountableLeaf, _ group: Int, in allowed: NodeBitset, _ search: GangSearch
    ) -> Bool {
        let room = self.room(for: leaf, in: allowed)
        let required = self.requiredCells(group, in: allowed, search)
        guard let wanted = self.wantedCount(leaf, room, group, in: required, search) else { return false }
        // Every cell is a part of what is allowed.
        guard room.reduce(0, { $0 + Int($1) }) >= wanted else { return false }
        let mostOnNode = room.max() ?? 0
        for axis in self.axisOrder(group, search) where axis != .host || mostOnNode >= wanted {
            guard let cells = self.cells(of: group, on: axis, within: required) else { continue }
            guard let cell = self.bestCell(of: cells, for: wanted, room) else { continue }
            let start = self.checkpoint
            if self.fill(leaf, count: wanted, cell: cell, cells, room) {
                self.claimExclusive(group)
                return true
            }
            self.rollback(to: start)
        }
        return false
    }

    /// The cell with room for the members that needs the fewest domains, then the one with the least room to spare, then the
    /// first; nil where none has the room.
    private mutating func bestCell(of cells: TopologyCells, for wanted: Int, _ room: [Int32]) -> Int? {
        let sums = Self.sums(room, cells)
        let able = sums.indices.filter { sums[$0] >= wanted && !cells.isExcluded($0) }
        guard able.count > 1 else { return able.first }
        var nodesByCell = [[Int]](repeating: [], count: cells.count)
        for node in self.nodesAlongTree where room[node] > 0 && cells.cellByNode[node] >= 0 {
            nodesByCell[Int(cells.cellByNode[node])].append(node)
        }
        let tree = self.domainTree(room)
        let costs = able.map { tree.fewestDomains(holding: wanted, among: nodesByCell[$0][...]) ?? .max }
        return able.indices.min { (costs[$0], sums[able[$0]], $0) < (costs[$1], sums[able[$1]], $1) }.map { able[$0] }
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
