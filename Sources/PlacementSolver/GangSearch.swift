import SchedulingModel

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

extension SolverState {
    /// Places the pending members of a top-level group and assumes them, or changes nothing.
    ///
    /// All members if they fit anywhere, else as many as fit in the domain that takes most, if that satisfies the
    /// group. The narrowest axis that holds them wins: node, NVLink domain, then the levels from narrow to wide, then
    /// no common domain. Of several domains on one axis interchangeable members take the one where they need the fewest
    /// domains below it (`DomainTree`), then the one with the least room to spare, then the first in domain order; that is
    /// exact. Other members take the one with the least room and are placed greedily, biggest first, then exhaustively
    /// within `query.stepLimit`.
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
            if self.placeGreedily(group, on: axis, cells, search) { return true }
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

    func boundCount(_ group: Int) -> Int {
        self.groups.membersByGroup[group].count { self.nodeByPod[$0] >= 0 }
    }
}
