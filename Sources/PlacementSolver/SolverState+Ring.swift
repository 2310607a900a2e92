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
            for (position, pod) in zip(alongTree, ring) { pods[position] = pod }
        }
        guard pods != decided else { return decided }
        let devices = decided.map { self.devices(of: $0) }
        for pod in decided { self.release(pod) }
        for (position, pod) in pods.enumerated() { self.assume(pod, on: nodes[position], devices: devices[position]) }
        return pods
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
