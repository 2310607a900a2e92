import SchedulingModel

/// The nodes a group may use, divided into sets of which one must take the group whole.
///
/// A cell is one domain of the axis being tried, cut by the domains of every axis the group requires.
struct TopologyCells {
    /// -1 for nodes outside.
    let cellByNode: [Int32]
    let count: Int
    /// Cells another exclusive group holds, or that lack the members bound already.
    private var excluded: Set<Int> = []

    init(cellByNode: [Int32], count: Int) {
        self.cellByNode = cellByNode
        self.count = count
    }

    init(everything nodes: NodeBitset, nodeCount: Int) {
        var cells = [Int32](repeating: -1, count: nodeCount)
        nodes.forEach { cells[$0] = 0 }
        self.init(cellByNode: cells, count: 1)
    }

    /// Cuts every cell by another division; new cells are numbered by old cell, then domain.
    func cut(by domainByNode: [Int32], domainCount: Int) -> TopologyCells {
        var numbers = [Int32](repeating: -1, count: self.count * domainCount)
        for (node, cell) in self.cellByNode.enumerated() where cell >= 0 {
            numbers[Int(cell) * domainCount + Int(domainByNode[node])] = 0
        }
        var next: Int32 = 0
        for key in numbers.indices where numbers[key] == 0 {
            numbers[key] = next
            next += 1
        }
        var cells = self.cellByNode
        for (node, cell) in self.cellByNode.enumerated() where cell >= 0 {
            cells[node] = numbers[Int(cell) * domainCount + Int(domainByNode[node])]
        }
        return TopologyCells(cellByNode: cells, count: Int(next))
    }

    mutating func exclude(where isExcluded: (Int) -> Bool) {
        for cell in 0..<self.count where isExcluded(cell) { self.excluded.insert(cell) }
    }

    func isExcluded(_ cell: Int) -> Bool { self.excluded.contains(cell) }

    func nodes(of cell: Int) -> NodeBitset {
        NodeBitset(capacity: self.cellByNode.count) { self.cellByNode[$0] == Int32(cell) }
    }
}

extension SolverState {
    /// Axes to try for a group, narrowest first. Nil stands for no common domain.
    ///
    /// Levels wider than a required one divide the nodes no further and are left out.
    func axisOrder(_ group: Int, _ search: GangSearch) -> [TopologyAxis?] {
        let widest =
            self.requiredAxes(group, search).compactMap { axis in
                if case .level(let level) = axis { level } else { nil }
            }.max() ?? 0
        var axes: [TopologyAxis?] = [.host]
        if self.hasNVLinkDomains { axes.append(.nvlink) }
        axes += self.snapshot.topology.levels.indices.dropFirst(widest).reversed().map { .level($0) }
        return axes + [nil]
    }

    func requiredAxes(_ group: Int, _ search: GangSearch) -> [TopologyAxis] {
        let exclusive = self.groups.groups[group].exclusiveAxis.map { [$0] } ?? []
        if search.query.ignoresRequiredTopology { return exclusive }
        let topology = self.groups.groups[group].topology
        let wishes = topology.filter { !$0.isRequired }.prefix(search.honouredWishes[group] ?? 0)
        return topology.filter(\.isRequired).map(\.axis) + exclusive + wishes.map(\.axis)
    }

    /// The allowed nodes, cut by every axis the group requires.
    mutating func requiredCells(_ group: Int, in allowed: NodeBitset, _ search: GangSearch) -> TopologyCells {
        var cells = TopologyCells(everything: allowed, nodeCount: self.nodeCount)
        for axis in self.requiredAxes(group, search) { cells = self.cut(cells, by: axis) }
        return cells
    }

    /// The cells a group may use on an axis, or nil where members bound already rule the axis out.
    mutating func cells(
        of group: Int, on axis: TopologyAxis?, within required: TopologyCells
    ) -> TopologyCells? {
        let bound = self.groups.pods(below: group).compactMap { self.node(of: $0) }
        if let axis, !bound.isEmpty {
            // On an axis of choice, what is bound must be in the one domain too.
            let shared = self.domainNumbers(axis)
            let boundCells = Set(bound.map { required.cellByNode[$0] })
            guard Set(bound.map { shared[$0] }).count <= 1, boundCells.count <= 1 else { return nil }
        }
        var cells = axis.map { self.cut(required, by: $0) } ?? required
        if !bound.isEmpty {
            let holding = Set(bound.map { Int(cells.cellByNode[$0]) })
            cells.exclude { !holding.contains($0) }
        }
        if let exclusive = self.groups.groups[group].exclusiveAxis { self.excludeOwned(&cells, exclusive, group) }
        return cells
    }

    private mutating func cut(_ cells: TopologyCells, by axis: TopologyAxis) -> TopologyCells {
        let count = axis == .host ? self.nodeCount : self.axisDomains(axis).domains.count
        return cells.cut(by: self.domainNumbers(axis), domainCount: count)
    }

    private mutating func domainNumbers(_ axis: TopologyAxis) -> [Int32] {
        axis == .host ? (0..<self.nodeCount).map(Int32.init) : self.axisDomains(axis).domainByNode
    }

    private mutating func excludeOwned(_ cells: inout TopologyCells, _ axis: TopologyAxis, _ group: Int) {
        let domains = self.domainNumbers(axis)
        let key = self.groups.groups[group].key
        let owners = self.exclusiveOwners
        let cellByNode = cells.cellByNode
        var owned: Set<Int> = []
        for (node, cell) in cellByNode.enumerated() where cell >= 0 {
            let owner = owners[ExclusiveDomain(axis: axis, domain: domains[node])]
            if let owner, owner != key { owned.insert(Int(cell)) }
        }
        cells.exclude { owned.contains($0) }
    }

    /// Takes the domains that placed members are in, for every group of the subtree that wants them for itself.
    mutating func claimExclusive(_ top: Int) {
        for group in self.subtree(of: top) { self.claimOwnDomains(group) }
    }

    private mutating func claimOwnDomains(_ group: Int) {
        guard let axis = self.groups.groups[group].exclusiveAxis else { return }
        let domains = self.domainNumbers(axis)
        let nodes = self.groups.pods(below: group).compactMap { self.node(of: $0) }
        for domain in Set(nodes.map { domains[$0] }).sorted() {
            self.claim(ExclusiveDomain(axis: axis, domain: domain), for: self.groups.groups[group].key)
        }
    }

    /// For trials on a copy: every domain is open to every group again.
    public mutating func forgetExclusiveOwners() { self.exclusiveOwners.removeAll() }

    mutating func claimFactsOfExclusiveGroups() {
        for group in self.groups.groups.indices { self.claimOwnDomains(group) }
        self.log.removeAll()
    }
}
