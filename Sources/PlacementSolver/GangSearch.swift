import SchedulingModel

/// What is asked of the search for one top-level group.
public struct GangQuery: Sendable {
    /// Looks for room as if no level were required. For finding out whether a wider level would help.
    public var ignoresRequiredTopology = false
    /// Replaces the group's own `minMember`, and that of its only leaf.
    public var minMember: Int?
    /// Fits that an exhaustive search may try before it gives up. It only runs where the greedy search fails and
    /// members are not interchangeable.
    public var stepLimit = 20_000

    public init() {}
}

/// How the search for one top-level group ended.
public enum GangOutcome: Hashable, Sendable {
    /// The group is satisfied; these pods were assumed, in this order. May be empty where bound members satisfy it already.
    case satisfied(placed: [Int])
    case broken(String)
    case tooFewMembers(existing: Int, needed: Int)
    case noRoom
}

extension SolverState {
    /// Places the pending members of a top-level group and assumes them, or changes nothing.
    ///
    /// All members if they fit anywhere, else as many as fit in the domain that takes most, if that satisfies the
    /// group. The narrowest axis that holds them wins: node, NVLink domain, then the levels from narrow to wide, then
    /// no common domain. Of several domains on one axis the one with the least room to spare, then the first in domain
    /// order. Inside a domain the fewest sub-domains are used, fullest first. Interchangeable members are counted,
    /// which is exact; others are placed greedily, biggest first, then exhaustively within `query.stepLimit`.
    ///
    /// - Complexity: O(*a* · *n*) for interchangeable members, *a* axes and *n* nodes.
    public mutating func placeGroup(_ top: Int, _ query: GangQuery = GangQuery()) -> GangOutcome {
        let pods = self.groups.pods(below: top)
        for group in self.subtree(of: top) {
            if let problem = self.groups.groups[group].problem { return .broken(problem) }
        }
        let pending = pods.filter { self.isPlaceable($0) }
        var search = GangSearch(query: query, top: top)
        if let shortage = self.memberShortage(top, search) { return shortage }
        guard !pending.isEmpty else { return .satisfied(placed: []) }
        self.stepsLeft = query.stepLimit
        for mode in [GangSearch.Mode.all, .atLeastMinimum] {
            search.mode = mode
            let start = self.checkpoint
            if self.place(top, in: self.everyNode, search) {
                let decided = self.podsPlaced(since: start)
                return .satisfied(placed: self.counters.isEmpty ? self.straightenRing(decided) : decided)
            }
            self.rollback(to: start)
        }
        if self.stepsLeft <= 0 { self.searchLimitReached = true }
        return .noRoom
    }

    func isPlaceable(_ pod: Int) -> Bool {
        self.snapshot.pods[pod].standing == .pending && self.nodeByPod[pod] < 0
    }

    func subtree(of group: Int) -> [Int] {
        [group] + self.groups.childrenByGroup[group].flatMap { self.subtree(of: $0) }
    }

    /// Whether the tree could be satisfied if every pending member were placed.
    private func memberShortage(_ group: Int, _ search: GangSearch) -> GangOutcome? {
        let minimum = search.minimum(of: group, self.groups)
        let children = self.groups.childrenByGroup[group]
        let existing: Int
        if children.isEmpty {
            existing = self.groups.membersByGroup[group].count { self.nodeByPod[$0] >= 0 || self.isPlaceable($0) }
        } else {
            let shortages = children.compactMap { self.memberShortage($0, search) }
            existing = children.count - shortages.count
            if existing < minimum, let first = shortages.first { return first }
        }
        return existing < minimum ? .tooFewMembers(existing: existing, needed: minimum) : nil
    }

    // MARK: The tree

    /// Places a group within `allowed`, obeying its own topology, or changes nothing and says no.
    ///
    /// Preferred levels are first treated as required, then dropped one by one from the last. Where not all members need
    /// a node, a wish gives way to more members.
    mutating func place(_ group: Int, in allowed: NodeBitset, _ search: GangSearch) -> Bool {
        var search = search
        let wishes = self.groups.groups[group].topology.count { !$0.isRequired }
        let start = self.checkpoint
        var best: (honoured: Int, placed: Int)?
        for honoured in stride(from: wishes, through: 0, by: -1) {
            search.honouredWishes[group] = honoured
            guard self.placeHonouringWishes(group, in: allowed, search) else { continue }
            if search.mode == .all || wishes == 0 { return true }
            let placed = self.podsPlaced(since: start).count
            if placed > best?.placed ?? -1 { best = (honoured, placed) }
            self.rollback(to: start)
        }
        guard let best else { return false }
        search.honouredWishes[group] = best.honoured
        return self.placeHonouringWishes(group, in: allowed, search)
    }

    private mutating func placeHonouringWishes(_ group: Int, in allowed: NodeBitset, _ search: GangSearch) -> Bool {
        let isLeaf = self.groups.childrenByGroup[group].isEmpty
        if isLeaf, let leaf = self.countableLeaf(group) { return self.placeCounted(leaf, group, in: allowed, search) }
        var search = search
        if search.mode == .atLeastMinimum {
            guard let most = self.mostPlaceable(group, in: allowed, search) else { return false }
            search.wantedCount = most
        }
        let required = self.requiredCells(group, in: allowed, search)
        for axis in self.axisOrder(group, search) {
            guard let cells = self.cells(of: group, on: axis, within: required) else { continue }
            if self.placeGreedily(group, cells, search) { return true }
        }
        return false
    }

    /// How many members get a node when no common domain is asked for beyond the required ones; nil where too few do.
    ///
    /// The best that the greedy search finds in any cell, then raised one by one while the exhaustive search succeeds.
    private mutating func mostPlaceable(_ group: Int, in allowed: NodeBitset, _ search: GangSearch) -> Int? {
        let required = self.requiredCells(group, in: allowed, search)
        guard let cells = self.cells(of: group, on: nil, within: required) else { return nil }
        let demand = self.groups.pods(below: group).filter { self.isPlaceable($0) }
        let order = self.cellOrder(cells, demand: demand, search)
        let start = self.checkpoint
        let before = self.placedCount(below: group)
        var most: Int?
        for cell in order where most ?? 0 < demand.count {
            if self.placeContents(group, in: cells.nodes(of: cell), search) {
                most = max(most ?? 0, self.placedCount(below: group) - before)
            }
            self.rollback(to: start)
        }
        for cell in order {
            let nodes = cells.nodes(of: cell)
            while most ?? -1 < demand.count, self.stepsLeft > 0 {
                var further = search
                further.wantedCount = most.map { $0 + 1 } ?? 0
                let isFound = self.placeExhaustively(group, in: nodes, further)
                if isFound { most = self.placedCount(below: group) - before }
                self.rollback(to: start)
                if !isFound { break }
            }
        }
        return most
    }

    func placedCount(below group: Int) -> Int {
        self.groups.pods(below: group).count { self.nodeByPod[$0] >= 0 }
    }

    private mutating func placeCounted(
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

    private mutating func placeGreedily(_ group: Int, _ cells: TopologyCells, _ search: GangSearch) -> Bool {
        let demand = self.groups.pods(below: group).filter { self.isPlaceable($0) }
        let order = self.cellOrder(cells, demand: demand, search)
        let start = self.checkpoint
        let goal = self.placedCount(below: group) + search.wantedCount
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
    private mutating func cellOrder(_ cells: TopologyCells, demand: [Int], _ search: GangSearch) -> [Int] {
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
                sums[Int(cell)] += self.freeUnits[row][node]
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

    private mutating func placeContents(_ group: Int, in nodes: NodeBitset, _ search: GangSearch) -> Bool {
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
                if let (node, devices) = self.bestNode(for: pod, in: nodes) {
                    self.assume(pod, on: node, devices: devices)
                    placed += 1
                } else if search.mode == .all {
                    return false
                }
            }
        }
        return placed >= search.minimum(of: group, self.groups)
    }

    func boundCount(_ group: Int) -> Int {
        self.groups.membersByGroup[group].count { self.nodeByPod[$0] >= 0 }
    }
}

/// The parameters of one search, handed down the tree.
struct GangSearch {
    enum Mode {
        /// Every pending member gets a node.
        case all
        /// As many as fit, if that satisfies the group.
        case atLeastMinimum
    }

    let query: GangQuery
    let top: Int
    var mode = Mode.all
    /// In mode `atLeastMinimum`: narrower domains must take as many as the widest does.
    var wantedCount = 0
    /// How many of a group's preferred levels are treated as required, from the first.
    var honouredWishes: [Int: Int] = [:]

    init(query: GangQuery, top: Int) {
        self.query = query
        self.top = top
    }

    func minimum(of group: Int, _ tree: GroupTree) -> Int {
        let isOnlyLeaf = tree.childrenByGroup[self.top].isEmpty
        if let override = self.query.minMember, group == self.top, isOnlyLeaf { return override }
        return tree.groups[group].minMember
    }
}
