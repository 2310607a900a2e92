public import SchedulingModel

extension SolverState {
    /// Gives interchangeable members their places anew, so that ranks follow the walk of the topology tree.
    ///
    /// Which nodes and devices are used, and in which order they were decided on, does not change: only by whom.
    ///
    /// - Parameter decided: Pods assumed for one group, in the order of the decisions.
    /// - Returns: The pods that hold the same sequence of places now.
    mutating func straightenRing(_ decided: [Int]) -> [Int] {
        var positionsByRun: [Int: [Int]] = [:]
        for (position, pod) in decided.enumerated() {
            let shape = self.shape(of: pod)
            positionsByRun[self.groups.leafByPod[pod] * self.shapes.count + shape, default: []].append(position)
        }
        let nodes = decided.map { Int(self.nodeByPod[$0]) }
        var pods = decided
        for positions in positionsByRun.values {
            let alongTree = positions.sorted { lhs, rhs in
                (self.treePosition[nodes[lhs]], lhs) < (self.treePosition[nodes[rhs]], rhs)
            }
            let ring = positions.map { decided[$0] }.sorted { self.ringOrder($0) < self.ringOrder($1) }
            let walk = self.ringWalk(ring, among: alongTree, nodes) ?? alongTree
            for (position, pod) in zip(walk, ring) { pods[position] = pod }
        }
        guard pods != decided else { return decided }
        let before = self.ringHops(decided)
        let start = self.checkpoint
        let places = decided.compactMap { self.candidate(of: $0) }
        for pod in decided { self.release(pod) }
        for (pod, place) in zip(pods, places) { self.assume(pod, place) }
        if self.ringHops(decided) <= before { return pods }
        // Members that differ may lie better than along the tree.
        self.rollback(to: start)
        return decided
    }

    /// Hops on all levels in the rings of the leaves that these pods are members of.
    private mutating func ringHops(_ pods: [Int]) -> Int {
        Set(pods.map { self.groups.leafByPod[$0] }).reduce(0) { sum, leaf in
            let ring = self.groups.membersByGroup[leaf].filter { self.nodeByPod[$0] >= 0 }
            return self.snapshot.topology.levels.indices.reduce(sum) {
                $0 + self.crossDomainHops(ring: ring, on: .level($1))
            }
        }
    }

    /// Who takes which place where other members of the leaf stand already: walking the ring from one of them, each rank
    /// takes a place on its predecessor's node, else in its narrowest domain, else the next along the tree.
    ///
    /// - Parameters:
    ///   - run: Interchangeable members of one leaf, in ring order.
    ///   - places: Positions in `nodes`, along the tree.
    /// - Returns: One place per member of the run; nil where nobody stands yet or no level is configured.
    private mutating func ringWalk(_ run: [Int], among places: [Int], _ nodes: [Int]) -> [Int]? {
        guard let narrowest = self.snapshot.topology.levels.indices.last, let member = run.first else { return nil }
        let isInRun = Set(run)
        let ring = self.groups.membersByGroup[self.groups.leafByPod[member]].filter { self.nodeByPod[$0] >= 0 }
        guard let start = ring.firstIndex(where: { !isInRun.contains($0) }) else { return nil }
        let domains = self.axisDomains(.level(narrowest)).domainByNode
        var left = places
        var placeByPod: [Int: Int] = [:]
        var previous = Int(self.nodeByPod[ring[start]])
        for step in 1..<ring.count {
            let pod = ring[(start + step) % ring.count]
            guard isInRun.contains(pod) else {
                previous = Int(self.nodeByPod[pod])
                continue
            }
            let near =
                left.firstIndex { nodes[$0] == previous }
                ?? left.firstIndex { domains[nodes[$0]] == domains[previous] } ?? left.startIndex
            let place = left.remove(at: near)
            placeByPod[pod] = place
            previous = nodes[place]
        }
        return run.compactMap { placeByPod[$0] }
    }

    private func ringOrder(_ pod: Int) -> (Int, Int) { (self.snapshot.pods[pod].rank ?? .max, pod) }

    /// Ring neighbours, first and last included, whose nodes lie in different domains of an axis.
    public mutating func crossDomainHops(ring: [Int], on axis: TopologyAxis) -> Int {
        let nodes = ring.compactMap { self.node(of: $0) }
        guard nodes.count > 1 else { return 0 }
        let domains = self.axisDomains(axis).domainByNode
        return nodes.indices.count { index in
            domains[nodes[index]] != domains[nodes[(index + 1) % nodes.count]]
        }
    }
}
