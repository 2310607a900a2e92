public import SchedulingModel

extension SolverState {
    /// How many devices a demand asks for, how many of them it got, and a proven bound on what it could have got from what
    /// is free in this state.
    ///
    /// Pods count by their requests: a part of a device by its share, a slot by its share of the card. What the bound does
    /// not see (affinity between pods, ports, how amounts divide over like nodes) makes it larger, never smaller.
    ///
    /// - Parameters:
    ///   - demand: Pods, none of which has a node in this state.
    ///   - provesBound: Whether to look for a bound; without one it is what was asked for.
    ///   - isServed: Whether the pod got a node in the plan that is looked at.
    /// - Complexity: Tens to hundreds of milliseconds for a hundred shapes, nothing where all were served.
    public mutating func servedDevices(
        of demand: [Int], provesBound: Bool, isServed: (Int) -> Bool
    ) -> ServedDevices {
        let unitValues = FillProblemBuilder.unitValues(self)
        var values: [Int: Double] = [:]
        var result = ServedDevices()
        for pod in demand {
            let shape = self.shape(of: pod)
            let value = values[shape] ?? self.boundValue(of: shape, unitValues)
            values[shape] = value
            result.asked += value
            if isServed(pod) { result.served += value }
        }
        result.atMost = result.asked
        // All that was asked for is a bound as good as any.
        if provesBound, result.served < result.asked - 1e-9 {
            let most = self.mostServableDevices(demand.map { ($0, 1) })
            result.atMost = max(result.served, min(result.asked, most))
        }
        return result
    }

    /// A proven bound on the devices that weighted pods could get out of what is free, in any placement. A pod with weight
    /// one half stands for half a pod.
    public mutating func mostServableDevices(_ demand: [(pod: Int, weight: Double)]) -> Double {
        var pending = DemandMix()
        for (pod, weight) in demand { self.observe(pod, weight: weight, in: &pending) }
        let builder = FillProblemBuilder(self, pending: pending, expecting: DemandMix(), .ofBound)
        let counted = Set(builder?.shapes.map(\.shape) ?? [])
        let unitValues = FillProblemBuilder.unitValues(self)
        var beyond = 0.0
        for shape in self.shapes.indices where pending.count(ofShape: shape) > 0 && !counted.contains(shape) {
            guard self.mayHaveRoom(shape) else { continue }
            beyond += pending.count(ofShape: shape) * self.boundValue(of: shape, unitValues)
        }
        guard let builder else { return beyond }
        let problem = builder.problem().problem
        var numbers: [[Int64]: Int] = [:]
        let pools = HardwarePool.pools(of: problem) { node in
            let start = Int(node) * self.rowCount
            let amounts = Array(self.allocatable[start..<start + self.rowCount])
            let number = numbers[amounts] ?? numbers.count
            numbers[amounts] = number
            return number
        }
        guard !pools.isEmpty else { return beyond }
        var bound = AllocationBound(problem, pools)
        return beyond + bound.devices()
    }

    private func boundValue(of shape: Int, _ unitValues: [Double]) -> Double {
        FillProblemBuilder.deviceValue(of: shape, in: self, unitValues: unitValues, roundsDown: true)
    }

    /// False only where no node has anything left for the shape's first device request.
    private func mayHaveRoom(_ shape: Int) -> Bool {
        guard let row = self.shapes[shape].poolRow else { return false }
        var found = false
        self.shapes[shape].allowedNodes.forEach { node in
            guard !found, self.amountsFit(shape, on: node), let pool = self.devices.pool(on: node, row: row) else {
                return
            }
            found =
                (0..<self.devices.devices(of: pool).count).contains { self.devices.mostLeft(in: pool, at: $0) > 0 }
                || self.freeUnits[row * self.nodeCount + node] > 0
        }
        return found
    }
}
