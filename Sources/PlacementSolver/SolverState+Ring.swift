public import SchedulingModel

extension SolverState {
    /// Gives interchangeable members their nodes anew, so that ranks follow the walk of the topology tree.
    ///
    /// Which nodes and devices are used does not change, only by whom.
    mutating func straightenRing(pods: [Int]) {
        var runs: [Int: [Int]] = [:]
        for pod in pods {
            let leaf = self.groups.leafByPod[pod]
            let shape = self.shape(of: pod)
            runs[leaf * max(1, self.shapes.count) + shape, default: []].append(pod)
        }
        for key in runs.keys.sorted() {
            guard let run = runs[key], run.count > 1 else { continue }
            let places = run.map { (node: Int(self.nodeByPod[$0]), devices: self.devices(of: $0)) }
            let order = places.indices.sorted { lhs, rhs in
                let (left, right) = (places[lhs], places[rhs])
                let positions = (self.treePosition[left.node], self.treePosition[right.node])
                return positions.0 != positions.1
                    ? positions.0 < positions.1
                    : (left.devices.first?.index ?? 0, lhs) < (right.devices.first?.index ?? 0, rhs)
            }
            for pod in run { self.release(pod) }
            for (pod, place) in zip(run, order) {
                self.assume(pod, on: places[place].node, devices: places[place].devices)
            }
        }
    }

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
