import SchedulingModel

/// Topology domains inside one another, with room for so many pods in each: what a gang that needs several of them takes.
///
/// What counts is the number of domains in use, summed over all divisions. Walked along the tree a ring of pods crosses
/// between domains of a division as often as it uses domains there, so this is its number of hops, one between blocks
/// counting for the racks as well.
struct DomainTree {
    /// Widest first.
    let divisions: [AxisDomains]
    /// Pods that fit on each node.
    let room: [Int32]

    /// A set of narrowest domains that holds what was asked for.
    struct Choice: Equatable {
        /// One slice of nodes per narrowest domain, along the tree.
        var leaves: [ArraySlice<Int>]
        var room: Int
    }

    /// The fewest domains that hold `count` pods, summed over the divisions; nil where all the nodes do not.
    ///
    /// - Parameter nodes: Along the tree: nodes of one domain stand together on every division.
    /// - Complexity: O(*n* + *d* · *w*²), *d* domains with room, *w* domains in use at most.
    func fewestDomains(holding count: Int, among nodes: ArraySlice<Int>) -> Int? {
        self.most(nodes, depth: 0, cap: count).firstIndex { $0 >= count }
    }

    /// The fewest domains, and of the narrowest ones a last one that is left with the least room to spare. Of equals the
    /// first along the tree.
    func choice(holding count: Int, among nodes: ArraySlice<Int>) -> Choice? {
        guard let cost = self.fewestDomains(holding: count, among: nodes) else { return nil }
        var leaves: [ArraySlice<Int>] = []
        self.collect(nodes, depth: 0, cap: count, cost: cost, into: &leaves)
        var choice = Choice(leaves: leaves, room: leaves.reduce(0) { $0 + self.sum($1) })
        if choice.room > count { self.tighten(&choice, to: count, self.siblings(nodes)) }
        return choice
    }

    // MARK: The knapsack

    /// The most pods by number of domains in use below these nodes' domain, up to the first number that holds `cap`.
    ///
    /// Children are combined by (max, +) convolution; a child in use costs one more than what is in use inside it.
    private func most(_ nodes: ArraySlice<Int>, depth: Int, cap: Int) -> [Int] {
        guard depth < self.divisions.count else { return [self.sum(nodes)] }
        return self.children(of: nodes, depth).reduce([0]) { most, child in
            Self.combined(most, [0] + self.most(child, depth: depth + 1, cap: cap), cap: cap)
        }
    }

    private static func combined(_ most: [Int], _ inside: [Int], cap: Int) -> [Int] {
        guard inside.last ?? 0 > 0 else { return most }
        var combined = [Int](repeating: 0, count: most.count + inside.count - 1)
        for (cost, pods) in most.enumerated() {
            for (further, more) in inside.enumerated() {
                combined[cost + further] = max(combined[cost + further], pods + more)
            }
        }
        if let enough = combined.firstIndex(where: { $0 >= cap }) { combined.removeSubrange((enough + 1)...) }
        return combined
    }

    /// The narrowest domains of a best set of so many domains, earlier ones preferred.
    private func collect(
        _ nodes: ArraySlice<Int>, depth: Int, cap: Int, cost: Int, into leaves: inout [ArraySlice<Int>]
    ) {
        guard depth < self.divisions.count else { return leaves.append(nodes) }
        let children = self.children(of: nodes, depth)
        let insides = children.map { [0] + self.most($0, depth: depth + 1, cap: cap) }
        var tables = [[0]]
        for inside in insides { tables.append(Self.combined(tables[tables.count - 1], inside, cap: cap)) }
        var left = cost
        var chosen: [(child: Int, cost: Int)] = []
        for child in children.indices.reversed() {
            let (before, after, inside) = (tables[child], tables[child + 1], insides[child])
            let taken = inside.indices.first { taken in
                before.indices.contains(left - taken) && before[left - taken] + inside[taken] == after[left]
            }
            guard let taken, taken > 0 else { continue }
            chosen.append((child, taken - 1))
            left -= taken
        }
        for (child, cost) in chosen.reversed() {
            self.collect(children[child], depth: depth + 1, cap: cap, cost: cost, into: &leaves)
        }
    }

    // MARK: What is left over

    /// Exchanges one narrowest domain for a sibling that is not in use and has just as much room less as is to spare.
    private func tighten(_ choice: inout Choice, to count: Int, _ families: [[ArraySlice<Int>]]) {
        let spare = choice.room - count
        let used = Set(choice.leaves.map(\.startIndex))
        var best: (position: Int, leaf: ArraySlice<Int>, saved: Int)?
        for (position, leaf) in choice.leaves.enumerated() {
            let room = self.sum(leaf)
            let family = families.first { $0.contains { $0.startIndex == leaf.startIndex } } ?? []
            for other in family where !used.contains(other.startIndex) {
                let saved = room - self.sum(other)
                if saved <= spare, saved > best?.saved ?? 0 { best = (position, other, saved) }
            }
        }
        guard let best else { return }
        choice.leaves[best.position] = best.leaf
        choice.room -= best.saved
    }

    /// The narrowest domains by the domain they share next.
    private func siblings(_ nodes: ArraySlice<Int>, depth: Int = 0) -> [[ArraySlice<Int>]] {
        guard depth < self.divisions.count else { return [] }
        let children = self.children(of: nodes, depth)
        if depth + 1 == self.divisions.count { return [children] }
        return children.flatMap { self.siblings($0, depth: depth + 1) }
    }

    // MARK: Nodes

    /// The nodes by domain of a division.
    private func children(of nodes: ArraySlice<Int>, _ depth: Int) -> [ArraySlice<Int>] {
        Self.children(of: nodes, in: self.divisions[depth])
    }

    /// - Parameter nodes: Along the tree.
    static func children(of nodes: ArraySlice<Int>, in division: AxisDomains) -> [ArraySlice<Int>] {
        let domains = division.domainByNode
        var children: [ArraySlice<Int>] = []
        var start = nodes.startIndex
        for position in nodes.indices.dropFirst() where domains[nodes[position]] != domains[nodes[position - 1]] {
            children.append(nodes[start..<position])
            start = position
        }
        if start < nodes.endIndex { children.append(nodes[start...]) }
        return children
    }

    private func sum(_ nodes: ArraySlice<Int>) -> Int { nodes.reduce(0) { $0 + Int(self.room[$1]) } }
}
