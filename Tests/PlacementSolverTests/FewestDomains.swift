import SchedulingModel

/// The least number of topology domains that a gang of interchangeable members can do with: an exact oracle.
///
/// Works on room alone (members per node) and on a tree given by its node counts, and shares nothing with the solver.
struct FewestDomains {
    /// Members that fit on each node, nodes along the tree.
    let room: [Int]
    /// Nodes per domain of each level, widest level first; each divides the one before.
    let nodesPerDomain: [Int]

    /// The narrowest level one domain of which holds `count` members: a position in `nodesPerDomain`, its count for a
    /// single node, -1 where it takes the whole cluster, nil where that does not suffice.
    func narrowestLevel(holding count: Int) -> Int? {
        for (level, size) in (self.nodesPerDomain + [1]).enumerated().reversed()
        where stride(from: 0, to: self.room.count, by: size).contains(where: { self.sum($0, size) >= count }) {
            return level
        }
        return self.room.reduce(0, +) >= count ? -1 : nil
    }

    /// Domains in use, summed over the levels below `level`, in the best domain of `level`.
    ///
    /// Walked along the tree, a ring crosses between domains of a level as often as it uses domains there, as soon as there
    /// are two of them; below the narrowest level that holds the gang there always are.
    func fewest(below level: Int, holding count: Int) -> Int? {
        let size = level < 0 ? self.room.count : (self.nodesPerDomain + [1])[level]
        return stride(from: 0, to: self.room.count, by: size)
            .compactMap { start in
                self.mostByCost(start, size, below: level).firstIndex { $0 >= count }
            }.min()
    }

    /// The most members that the nodes of a domain hold with so many domains in use below it, by that number.
    ///
    /// A knapsack over the tree: children are combined by (max, +) convolution, and each child in use costs one more.
    private func mostByCost(_ start: Int, _ size: Int, below level: Int) -> [Int] {
        guard level + 1 < self.nodesPerDomain.count else { return [self.sum(start, size)] }
        let childSize = self.nodesPerDomain[level + 1]
        var most = [0]
        for child in stride(from: start, to: min(start + size, self.room.count), by: childSize) {
            let inside = [0] + self.mostByCost(child, childSize, below: level + 1)
            var combined = [Int](repeating: 0, count: most.count + inside.count - 1)
            for (cost, members) in most.enumerated() {
                for (further, more) in inside.enumerated() {
                    combined[cost + further] = max(combined[cost + further], members + more)
                }
            }
            most = combined
        }
        return most
    }

    private func sum(_ start: Int, _ size: Int) -> Int {
        self.room[start..<min(start + size, self.room.count)].reduce(0, +)
    }
}
