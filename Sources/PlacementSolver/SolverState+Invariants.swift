import SchedulingModel

extension SolverState {
    /// Compares everything that is kept incrementally with a fresh count. Slow; for tests and debug builds.
    public func checkInvariants() {
        self.checkAmounts()
        self.checkChains()
        self.checkDevices()
        self.checkIndexes()
    }

    /// Compares a state that was brought up to date with one compiled from the same snapshot. Slow; for tests and debug builds.
    public func checkEquals(_ compiled: SolverState) {
        precondition(self.snapshot == compiled.snapshot, "states of different snapshots")
        precondition(self.nodeByPod == compiled.nodeByPod, "pods stand on other nodes")
        precondition(self.allocatable == compiled.allocatable && self.free == compiled.free, "free amounts differ")
        precondition(self.devices.loads == compiled.devices.loads, "device loads differ")
        for pod in self.heldByPod.indices {
            precondition(self.devices(of: pod) == compiled.devices(of: pod), "pod \(pod) holds other devices")
        }
        precondition(self.hostPortsByNode.filter { !$0.value.isEmpty } == compiled.hostPortsByNode, "host ports differ")
        precondition(self.groups.leafByPod == compiled.groups.leafByPod, "pods are members of other groups")
        precondition(self.exclusiveOwners == compiled.exclusiveOwners, "domains belong to other groups")
        precondition(self.unitIndexes.map(\.contents) == compiled.unitIndexes.map(\.contents), "indexes differ")
        precondition(self.bystanderIndex.contents == compiled.bystanderIndex.contents, "indexes differ")
    }

    private func checkAmounts() {
        var fresh = self.allocatable
        for (pod, node) in self.nodeByPod.enumerated() where node >= 0 {
            let start = Int(node) * self.rowCount
            fresh[start] -= 1
            for entry in self.snapshot.pods[pod].requests.entries {
                guard let row = self.rowByResource[entry.name], row > 0 else { continue }
                fresh[start + row] = fresh[start + row].addingSaturated(-entry.amount)
            }
        }
        precondition(fresh == self.free, "free amounts differ from a fresh count")
    }

    private func checkChains() {
        for node in 0..<self.nodeCount {
            let chained = self.pods(on: node)
            precondition(
                chained.allSatisfy { self.nodeByPod[$0] == Int32(node) },
                "a pod in the chain of node \(node) is elsewhere")
        }
        let placed = self.nodeByPod.count { $0 >= 0 }
        let chained = (0..<self.nodeCount).reduce(0) { $0 + self.pods(on: $1).count }
        precondition(chained == placed, "\(chained) pods in chains, \(placed) placed")
    }

    private func checkDevices() {
        for node in 0..<self.nodeCount {
            var ledgers = self.snapshot.nodes[node].devicePools.map(DeviceLedger.init(pool:))
            for pod in self.pods(on: node) { ledgers.take(self.devices(of: pod)) }
            for (kept, counted) in zip(self.deviceLedgers(on: node), ledgers) {
                kept.checkInvariants()
                precondition(
                    kept.loads.map(\.clientCount) == counted.loads.map(\.clientCount),
                    "device clients on \(self.snapshot.nodes[node].name) differ from a fresh count")
            }
        }
    }

    private func checkIndexes() {
        let level = { (node: Int) in FreeUnitIndex.level(of: self.free[node * self.rowCount + self.levelRow]) }
        for pool in self.devices.kindByPool.indices {
            precondition(self.devices.row(of: pool) >= 0, "pool \(pool) has no row")
        }
        for node in 0..<self.nodeCount {
            for pool in self.devices.pools(of: node) {
                let row = self.devices.row(of: pool)
                precondition(
                    Int(self.freeUnits[row * self.nodeCount + node]) == self.devices.freeUnits(of: pool),
                    "free units of node \(node) differ from a fresh count")
            }
        }
        for (row, index) in self.unitIndexes.enumerated() {
            index.checkInvariants(
                holds: { self.devices.pool(on: $0, row: row) != nil },
                freeUnits: { Int(self.freeUnits[row * self.nodeCount + $0]) }, level: level)
        }
        self.bystanderIndex.checkInvariants(
            holds: { _ in true }, freeUnits: { self.bystanderUnits(node: $0) }, level: level)
        for (row, index) in self.partIndexes.enumerated() {
            index?.checkInvariants { node in self.devices.pool(on: node, row: row).map { self.partBits($0) } ?? 0 }
        }
    }
}
