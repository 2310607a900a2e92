import SchedulingModel

/// Members of one leaf that differ but do not depend on each other, to be placed along their ring.
///
/// The ring is laid into the domains piece by piece: each piece is as long as the domain that takes the longest one can hold, and is
/// itself laid into the domains below. Where the ring may be cut and in which direction it is walked is tried out, and so is every
/// domain that could hold the whole gang; the fewest hops win.
struct RingSearch {
    /// Pending members in ring order.
    let ring: [Int]
    /// Free units that each of them needs, by position in the ring.
    let units: [Int]
    /// Below the domain that holds the gang, widest first.
    let divisions: [AxisDomains]
    /// Fits that may still be tried.
    var fitsLeft: Int

    /// Chance decides here and there after the first tries; the same gang always has the same luck.
    var generator: SeededGenerator
    var isChancy = false

    /// One way round the ring: positions in it.
    typealias Walk = [Int]

    /// From one position all the way round.
    func walk(from start: Int, backwards: Bool) -> Walk {
        let forwards = Array(start..<self.ring.count) + Array(0..<start)
        return backwards ? forwards.reversed() : forwards
    }

    /// From each place where another kind of member begins, both ways.
    func firstWalks(_ shapes: [Int]) -> [Walk] {
        let cuts = shapes.indices.filter { shapes[$0] != shapes[($0 + shapes.count - 1) % shapes.count] }
        return cuts.prefix(Self.cutLimit).flatMap {
            [self.walk(from: $0, backwards: false), self.walk(from: $0, backwards: true)]
        }
    }

    mutating func randomWalk() -> Walk {
        let start = self.generator.int(in: 0...self.ring.count - 1)
        return self.walk(from: start, backwards: self.generator.once(in: 2))
    }

    /// Of the places where the ring may be cut so many are tried first.
    private static let cutLimit = 6
    /// Walks that chance draws in each domain that could hold the gang.
    static let randomWalks = 60
}

extension SolverState {
    /// What to search with, or nil where the members are alike, depend on each other, or prefer some nodes to others.
    mutating func ringSearch(_ group: Int, below axis: TopologyAxis?, _ search: GangSearch) -> RingSearch? {
        guard search.mode == .all, self.groups.childrenByGroup[group].isEmpty else { return nil }
        var divisions = self.domainDivisions()
        if let axis {
            guard let position = divisions.firstIndex(where: { $0.axis == axis }) else { return nil }
            divisions.removeSubrange(...position)
        }
        guard !divisions.isEmpty else { return nil }
        let ring = self.groups.membersByGroup[group].filter { self.isPlaceable($0) }
        let shapes = ring.map { self.shape(of: $0) }
        let isSimple = Set(shapes).allSatisfy { !self.needsNeighbourCheck($0) && !self.rules[$0].hasPreferences }
        guard Set(shapes).count > 1, isSimple else { return nil }
        return RingSearch(
            ring: ring, units: shapes.map { Int(self.rules[$0].unitsNeeded) }, divisions: divisions,
            fitsLeft: 2 * search.query.stepLimit, generator: SeededGenerator(seed: UInt64(ring.count)))
    }

    /// Places all members in the cell, and on the walk, with the fewest hops between domains; false where none is found.
    mutating func placeAlongRing(_ search: RingSearch, _ cells: TopologyCells, _ order: [Int]) -> Bool {
        var search = search
        let firstWalks = search.firstWalks(search.ring.map { self.shape(of: $0) })
        var best: (hops: Int, places: [Candidate])?
        for (cell, least) in self.cellsByLeastHops(search, cells, order) {
            let nodes = self.nodesAlongTree.filter { cells.cellByNode[$0] == Int32(cell) }
            for attempt in 0..<firstWalks.count + RingSearch.randomWalks {
                guard least < best?.hops ?? .max, search.fitsLeft > 0 else { break }
                search.isChancy = attempt >= firstWalks.count
                // Where even the first walks do not get round, there is hardly room.
                if search.isChancy, best == nil { break }
                let walk = search.isChancy ? search.randomWalk() : firstWalks[attempt]
                let start = self.checkpoint
                if self.lay(walk[...], on: nodes[...], depth: 0, &search) == walk.count {
                    let hops = self.hops(search)
                    if hops < best?.hops ?? .max { best = (hops, search.ring.compactMap { self.candidate(of: $0) }) }
                }
                self.rollback(to: start)
            }
        }
        guard let best else { return false }
        for (pod, place) in zip(search.ring, best.places) { self.assume(pod, place) }
        return true
    }

    private mutating func hops(_ search: RingSearch) -> Int {
        search.divisions.reduce(0) { $0 + self.crossDomainHops(ring: search.ring, on: $1.axis) }
    }

    // MARK: Cells

    /// The cells with a number of hops that no arrangement in them can be below, fewest first, else in the given order.
    private func cellsByLeastHops(
        _ search: RingSearch, _ cells: TopologyCells, _ order: [Int]
    ) -> [(cell: Int, least: Int)] {
        let needed = search.units.reduce(0, +)
        let least = order.map { cell -> Int in
            search.divisions.reduce(0) { sum, division in
                var freeByDomain = [Int](repeating: 0, count: division.domains.count)
                for node in self.nodesAlongTree where cells.cellByNode[node] == Int32(cell) {
                    freeByDomain[Int(division.domainByNode[node])] += max(0, self.bystanderUnits(node: node) - 1)
                }
                var (count, left) = (0, needed)
                for free in freeByDomain.sorted(by: >) where left > 0 {
                    count += 1
                    left -= free
                }
                return sum + (count > 1 ? count : 0)
            }
        }
        return order.indices.sorted { (least[$0], $0) < (least[$1], $1) }.map { (order[$0], least[$0]) }
    }

    // MARK: Laying the ring

    /// Places as many members from the start of a walk as the greedy search gets onto these nodes.
    ///
    /// - Parameter nodes: One domain, along the tree.
    /// - Returns: How many.
    private mutating func lay(
        _ walk: ArraySlice<Int>, on nodes: ArraySlice<Int>, depth: Int, _ search: inout RingSearch
    ) -> Int {
        guard depth < search.divisions.count else { return self.pack(walk, on: nodes, &search) }
        let domains = DomainTree.children(of: nodes, in: search.divisions[depth])
        var left = walk
        var last: Int?
        while !left.isEmpty, search.fitsLeft > 0 {
            guard let next = self.longestPiece(left, domains, besides: last, depth: depth + 1, &search) else { break }
            left = left.dropFirst(self.lay(left, on: domains[next], depth: depth + 1, &search))
            last = next
        }
        return walk.count - left.count
    }

    /// The domain that takes the longest piece: of those that take all the one with the least room, of others the first.
    private mutating func longestPiece(
        _ walk: ArraySlice<Int>, _ domains: [ArraySlice<Int>], besides last: Int?, depth: Int,
        _ search: inout RingSearch
    ) -> Int? {
        let free = domains.map { nodes in nodes.reduce(0) { $0 + max(0, self.bystanderUnits(node: $1) - 1) } }
        let bounds = free.map { Self.longest(walk, free: $0, search.units) }
        let order = domains.indices.filter { $0 != last && bounds[$0] > 0 }
            .sorted { (-bounds[$0], free[$0], $0) < (-bounds[$1], free[$1], $1) }
        var best: (domain: Int, length: Int)?
        for domain in order where bounds[domain] > best?.length ?? 0 {
            if search.isChancy, best != nil || domain != order.last, search.generator.once(in: 4) { continue }
            let start = self.checkpoint
            let length = self.lay(walk, on: domains[domain], depth: depth, &search)
            self.rollback(to: start)
            if length > best?.length ?? 0 { best = (domain, length) }
        }
        return best?.domain
    }

    /// How many members from the start of the walk need no more units than there are.
    private static func longest(_ walk: ArraySlice<Int>, free: Int, _ units: [Int]) -> Int {
        var (count, left) = (0, free)
        for position in walk {
            left -= units[position]
            if left < 0 { break }
            count += 1
        }
        return count
    }

    /// Best fit in the order of the walk; where a larger member finds no node behind smaller ones, those make way for it.
    private mutating func pack(_ walk: ArraySlice<Int>, on nodes: ArraySlice<Int>, _ search: inout RingSearch) -> Int {
        let start = self.checkpoint
        var smallest = Int.max
        for (count, position) in walk.enumerated() {
            if !self.placeTightly(search.ring[position], on: nodes, &search) {
                let piece = walk.prefix(count + 1)
                guard search.units[position] > smallest, self.repack(piece, on: nodes, from: start, &search) else {
                    return count
                }
            }
            smallest = min(smallest, search.units[position])
        }
        return walk.count
    }

    /// The piece anew, largest first; as before where that fails.
    private mutating func repack(
        _ piece: ArraySlice<Int>, on nodes: ArraySlice<Int>, from start: Checkpoint, _ search: inout RingSearch
    ) -> Bool {
        let before = piece.dropLast().compactMap { self.candidate(of: search.ring[$0]) }
        self.rollback(to: start)
        let descending = piece.sorted { (-search.units[$0], $0) < (-search.units[$1], $1) }
        if descending.allSatisfy({ self.placeTightly(search.ring[$0], on: nodes, &search) }) { return true }
        self.rollback(to: start)
        for (position, place) in zip(piece, before) { self.assume(search.ring[position], place) }
        return false
    }

    /// The node that is left with the fewest free units, the first along the tree among equals.
    private mutating func placeTightly(_ pod: Int, on nodes: ArraySlice<Int>, _ search: inout RingSearch) -> Bool {
        var best: (candidate: Candidate, units: Int)?
        for node in nodes {
            let units = self.bystanderUnits(node: node)
            if let best, units >= best.units { continue }
            search.fitsLeft -= 1
            if let candidate = self.fit(pod, on: node) { best = (candidate, units) }
        }
        if let best { self.assume(pod, best.candidate) }
        return best != nil
    }
}
