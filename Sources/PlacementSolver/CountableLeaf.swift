import SchedulingModel

/// Pods of one shape that only compete for what nodes have: how many fit on a node does not depend on other nodes.
struct CountableLeaf {
    /// In ring order.
    let pods: [Int]
    let shape: Int
}

extension SolverState {
    /// The pending members of a leaf, if they are interchangeable.
    mutating func countableLeaf(_ group: Int) -> CountableLeaf? {
        let runs = self.shapeRuns(group)
        guard runs.count == 1 else { return nil }
        return self.countable(runs[0])
    }

    mutating func countable(_ run: [Int]) -> CountableLeaf? {
        guard let first = run.first else { return nil }
        let shape = self.shape(of: first)
        guard !self.needsNeighbourCheck(shape) else { return nil }
        return CountableLeaf(pods: run, shape: shape)
    }

    /// Pending members of a leaf by shape: most devices first, then most memory, pods that must be near others last;
    /// inside a run in ring order.
    mutating func shapeRuns(_ group: Int) -> [[Int]] {
        var runs: [Int: [Int]] = [:]
        for pod in self.groups.membersByGroup[group] where self.isPlaceable(pod) {
            runs[self.shape(of: pod), default: []].append(pod)
        }
        let sizes = runs.mapValues { pods in self.size(of: pods[0]) }
        return runs.keys.sorted { lhs, rhs in
            guard let left = sizes[lhs], let right = sizes[rhs] else { return lhs < rhs }
            return left != right ? left.precedes(right) : lhs < rhs
        }.compactMap { runs[$0] }
    }

    private struct MemberSize: Equatable {
        let followsOthers: Int
        let devices: Int
        let deviceMemory: Int64
        let cpuMillis: Int64
        let memoryBytes: Int64

        func precedes(_ other: MemberSize) -> Bool {
            (self.followsOthers, -self.devices, -self.deviceMemory, -self.cpuMillis, -self.memoryBytes)
                < (other.followsOthers, -other.devices, -other.deviceMemory, -other.cpuMillis, -other.memoryBytes)
        }
    }

    private func size(of pod: Int) -> MemberSize {
        let state = self.snapshot.pods[pod]
        let isNearItself = state.constraints.requiredPodAffinity.allSatisfy {
            $0.matches(namespace: state.key.namespace, labels: state.labels)
        }
        return MemberSize(
            followsOthers: isNearItself ? 0 : 1,
            devices: state.deviceRequests.reduce(0) { $0 + $1.count },
            deviceMemory: state.deviceRequests.compactMap(\.memoryMiBPerDevice).max() ?? 0,
            cpuMillis: state.requests[.cpu], memoryBytes: state.requests[.memory])
    }

    // MARK: Counting

    /// How many of the pods fit on each node now, each at most the number of pods.
    mutating func room(for leaf: CountableLeaf, in allowed: NodeBitset) -> [Int32] {
        var room = [Int32](repeating: 0, count: self.nodeCount)
        var nodes = self.shapes[leaf.shape].allowedNodes
        nodes.formIntersection(allowed)
        if self.shapes[leaf.shape].isCountable {
            let shape = self.shapes[leaf.shape]
            let request = shape.deviceRequests.first
            let unitRow = request.flatMap { self.poolRowByResource[$0.resource] }.map { $0 * self.nodeCount }
            nodes.forEach { node in
                var count = leaf.pods.count
                for request in shape.requests {
                    let free = self.free[node * self.rowCount + request.row]
                    count = min(count, free < request.amount ? 0 : Int(free / request.amount))
                }
                if let unitRow, let request {
                    count = min(count, Int(self.freeUnits[unitRow + node]) / max(1, request.count))
                }
                room[node] = Int32(count)
            }
        } else {
            var list: [Int] = []
            nodes.forEach { list.append($0) }
            for node in list { room[node] = Int32(self.countByTrial(leaf, on: node)) }
        }
        return room
    }

    private mutating func countByTrial(_ leaf: CountableLeaf, on node: Int) -> Int {
        let start = self.checkpoint
        defer { self.rollback(to: start) }
        var count = 0
        for pod in leaf.pods {
            guard let candidate = self.fit(pod, on: node) else { break }
            self.assume(pod, candidate)
            count += 1
        }
        return count
    }

    // MARK: Filling

    /// Puts the first `count` pods on nodes of a cell, over the fewest domains, in ring order along the tree.
    mutating func fill(_ leaf: CountableLeaf, count: Int, cell: Int, _ cells: TopologyCells, _ room: [Int32]) -> Bool {
        let nodes = self.nodesAlongTree.filter { room[$0] > 0 && cells.cellByNode[$0] == Int32(cell) }
        let slots = self.shares(of: count, of: leaf.shape, nodes: nodes, room: room)
            .sorted { self.treePosition[$0.node] < self.treePosition[$1.node] }
            .flatMap { Array(repeating: $0.node, count: $0.count) }
        guard slots.count == count else { return false }
        for (pod, node) in zip(leaf.pods, slots) {
            guard let candidate = self.fit(pod, on: node) else { return false }
            self.assume(pod, candidate)
        }
        return true
    }

    struct Share: Hashable {
        let node: Int
        let count: Int
    }

    /// How many go to each node: the fewest domains are filled, and the one with the least room takes the rest.
    private mutating func shares(of count: Int, of shape: Int, nodes: [Int], room: [Int32]) -> [Share] {
        guard let choice = self.domainTree(room).choice(holding: count, among: nodes[...]) else { return [] }
        let rooms = choice.leaves.map { $0.reduce(0) { $0 + Int(room[$1]) } }
        let last = rooms.indices.reversed().min { rooms[$0] < rooms[$1] }
        return choice.leaves.indices.flatMap { leaf in
            let spare = leaf == last ? choice.room - count : 0
            return self.divideAmongNodes(rooms[leaf] - spare, of: shape, nodes: Array(choice.leaves[leaf]), room: room)
        }
    }

    mutating func domainTree(_ room: [Int32]) -> DomainTree {
        DomainTree(divisions: self.domainDivisions(), room: room)
    }

    /// Levels from wide to narrow; NVLink domains stand above the narrowest level.
    mutating func domainDivisions() -> [AxisDomains] {
        var divisions = self.snapshot.topology.levels.indices.map { self.axisDomains(.level($0)) }
        if self.hasNVLinkDomains { divisions.insert(self.axisDomains(.nvlink), at: max(0, divisions.count - 1)) }
        return divisions
    }

    private func divideAmongNodes(_ count: Int, of shape: Int, nodes: [Int], room: [Int32]) -> [Share] {
        // Between nodes with equal room the preferred one, then the one that is fuller, then the one earlier in the tree.
        let preferences = nodes.map { self.rules[shape].hasPreferences ? self.nodePreference(shape, $0) : 0 }
        let ordered = nodes.indices.sorted { lhs, rhs in
            let (left, right) = (nodes[lhs], nodes[rhs])
            return (-preferences[lhs], self.bystanderUnits(node: left), self.treePosition[left])
                < (-preferences[rhs], self.bystanderUnits(node: right), self.treePosition[right])
        }.map { nodes[$0] }
        return Self.fewest(count, of: ordered.map { Int(room[$0]) }).map {
            Share(node: ordered[$0.part], count: $0.count)
        }
    }

    /// The fewest parts that hold `count`: the largest whole, and for the rest the smallest that holds it.
    static func fewest(_ count: Int, of rooms: [Int]) -> [(part: Int, count: Int)] {
        let descending = rooms.indices.sorted { (-rooms[$0], $0) < (-rooms[$1], $1) }
        var chosen: [(part: Int, count: Int)] = []
        var left = count
        for (position, part) in descending.enumerated() where left > 0 {
            if rooms[part] >= left {
                let smallest = descending[position...].last { rooms[$0] >= left } ?? part
                let tightest = descending[position...].first { rooms[$0] == rooms[smallest] } ?? smallest
                chosen.append((tightest, left))
                left = 0
            } else {
                chosen.append((part, rooms[part]))
                left -= rooms[part]
            }
        }
        return chosen
    }
}
