public import SchedulingModel

extension SolverState {
    /// Pods whose places a refill may change: decided and not yet carried out, asking for devices, and free of ties to
    /// other pods and of preferences.
    public mutating func isRefillable(_ pod: Int) -> Bool {
        let shape = self.shape(of: pod)
        let rule = self.rules[shape]
        return self.snapshot.pods[pod].standing == .pending && self.groups.topGroupByPod[pod] < 0
            && rule.deviceRequestCount > 0 && !rule.isCoupledAcrossNodes && !rule.hasPreferences
            && self.snapshot.pods[pod].nominatedNode == nil
    }

    /// Nodes to refill: drawn at random, those with more devices left over more often. Ascending.
    ///
    /// - Parameter nodes: What to draw from.
    public func nodesToRefill(
        among nodes: [Int], count: Int, using generator: inout SeededGenerator
    ) -> [Int] {
        let keys = nodes.map { node in
            // The smallest of exponential variables with these rates.
            generator.exponential() / (Self.leastRefillWeight + self.devicesLeft(on: node))
        }
        let order = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
        return order.prefix(count).map { nodes[$0] }.sorted()
    }

    private static let leastRefillWeight = 0.2

    /// What the pods on a node leave of its devices.
    private func devicesLeft(on node: Int) -> Double {
        self.devices.pools(of: node).reduce(0) { sum, pool in
            (0..<self.devices.devices(of: pool).count).reduce(sum) { sum, device in
                sum + Double(max(0, self.devices.partLeft(in: pool, at: device))) / 1000
            }
        }
    }

    /// Takes pods off their nodes and plans for them and for those that wait anew. Whatever serves fewer devices than
    /// before is taken back.
    ///
    /// - Parameters:
    ///   - pods: With nodes, all refillable.
    ///   - waiting: Without nodes, all refillable.
    /// - Returns: Who of all these waits now; nil where nothing was gained and nothing has changed.
    public mutating func refill(_ pods: [Int], waiting: [Int]) -> [Int]? {
        let start = self.checkpoint
        let all = (pods + waiting).sorted()
        let before = self.devicesServed(all)
        for pod in pods { self.release(pod) }
        var pending = DemandMix()
        for pod in all { self.observe(pod, in: &pending) }
        self.planFill(pending: pending, expecting: DemandMix(), .ofRefill)
        let later = all.filter { pod in
            guard let candidate = self.keptNode(for: pod) else { return true }
            self.assume(pod, candidate)
            return false
        }
        for pod in self.bySize(later) {
            if let candidate = self.bestNode(for: pod) { self.assume(pod, candidate) }
        }
        guard self.devicesServed(all) > before + 1e-9 else {
            self.rollback(to: start)
            return nil
        }
        return all.filter { self.nodeByPod[$0] < 0 }
    }

    private mutating func devicesServed(_ pods: [Int]) -> Double {
        let nodeByPod = self.nodeByPod
        return self.servedDevices(of: pods, provesBound: false) { nodeByPod[$0] >= 0 }.served
    }

    /// Largest device requests first, then most CPU, then pod order.
    private func bySize(_ pods: [Int]) -> [Int] {
        let keys = pods.map { pod -> (Int64, Int64, Int) in
            let state = self.snapshot.pods[pod]
            let size = state.deviceRequests.reduce(0) { $0 + Int64($1.count * ($1.thousandthsPerDevice ?? 1000)) }
            return (-size, -state.requests[.cpu], pod)
        }
        return keys.sorted { $0 < $1 }.map(\.2)
    }
}
