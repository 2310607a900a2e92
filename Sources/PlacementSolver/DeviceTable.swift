import SchedulingModel

/// The devices of all nodes in flat arrays: pools by node, loads by pool.
///
/// A pool here is one node's; pools that are alike share a kind, so that names and rules are kept once.
struct DeviceTable: Sendable {
    /// Distinct pools, as the nodes describe them.
    let kinds: [DevicePool]
    let rules: [DeviceRule]
    /// The solver's row of each kind's resource.
    let rowByKind: [Int32]

    /// Pools of node *n* are `firstPool[n] ..< firstPool[n + 1]`, in the node's order.
    let firstPool: [Int32]
    let kindByPool: [Int32]
    /// Devices of pool *p* are `firstDevice[p] ..< firstDevice[p + 1]`.
    let firstDevice: [Int32]
    private(set) var loads: [DeviceLoad]

    init(_ nodes: [NodeState], rowByResource: [ResourceName: Int]) {
        var kinds: [DevicePool] = []
        var kindByPool: [Int32] = []
        var firstPool: [Int32] = [0]
        var firstDevice: [Int32] = [0]
        var known: [DevicePool: Int32] = [:]
        for node in nodes {
            for pool in node.devicePools {
                // Most nodes are like the one before.
                let kind: Int32
                if let last = kindByPool.last, kinds[Int(last)] == pool {
                    kind = last
                } else if let found = known[pool] {
                    kind = found
                } else {
                    kind = Int32(kinds.count)
                    known[pool] = kind
                    kinds.append(pool)
                }
                kindByPool.append(kind)
                firstDevice.append((firstDevice.last ?? 0) + Int32(clamping: max(0, pool.deviceCount)))
            }
            firstPool.append(Int32(kindByPool.count))
        }
        self.kinds = kinds
        self.rules = kinds.map(DeviceRule.init)
        self.rowByKind = kinds.map { Int32(rowByResource[$0.resource] ?? -1) }
        self.firstPool = firstPool
        self.kindByPool = kindByPool
        self.firstDevice = firstDevice
        self.loads = Array(repeating: DeviceLoad(), count: Int(firstDevice.last ?? 0))
    }

    // MARK: Looking

    @inline(__always)
    func pools(of node: Int) -> Range<Int> { Int(self.firstPool[node])..<Int(self.firstPool[node + 1]) }

    @inline(__always)
    func devices(of pool: Int) -> Range<Int> { Int(self.firstDevice[pool])..<Int(self.firstDevice[pool + 1]) }

    @inline(__always)
    func rule(of pool: Int) -> DeviceRule { self.rules[Int(self.kindByPool[pool])] }

    @inline(__always)
    func row(of pool: Int) -> Int { Int(self.rowByKind[Int(self.kindByPool[pool])]) }

    func kind(of pool: Int) -> DevicePool { self.kinds[Int(self.kindByPool[pool])] }

    /// The node's pool of a row, or nil.
    @inline(__always)
    func pool(on node: Int, row: Int) -> Int? {
        for pool in self.pools(of: node) where self.row(of: pool) == row { return pool }
        return nil
    }

    /// The node's pool of a resource, or nil.
    func pool(on node: Int, of resource: ResourceName) -> Int? {
        self.pools(of: node).first { self.kinds[Int(self.kindByPool[$0])].resource == resource }
    }

    /// What the devices of `pool` would give a request that the pool serves; nil where it does not fit.
    @inline(__always)
    func choose(_ request: DeviceDemandRule, from pool: Int, avoiding avoided: DeviceSet) -> DeviceSet? {
        self.rule(of: pool).choose(request, from: self.loads, self.devices(of: pool), avoiding: avoided)
    }

    /// Where a pod that already runs is assumed to be.
    func assumeHeld(_ request: DeviceDemandRule, in pool: Int) -> DeviceSet {
        self.rule(of: pool).assumeHeld(request, on: self.loads, self.devices(of: pool))
    }

    @inline(__always)
    func hasRoom(for request: DeviceDemandRule, in pool: Int, at device: Int) -> Bool {
        let devices = self.devices(of: pool)
        guard (0..<devices.count).contains(device) else { return false }
        return self.rule(of: pool).hasRoom(for: request, beside: self.loads[devices.lowerBound + device])
    }

    /// Idle devices of an unshared pool, free slots of a shared one.
    func freeUnits(of pool: Int) -> Int {
        let rule = self.rule(of: pool)
        var units = 0
        for device in self.devices(of: pool) {
            let load = self.loads[device]
            if rule.isExclusive {
                units += load.isIdle ? 1 : 0
            } else if !load.isTakenWhole {
                units += max(0, Int(rule.slotsPerDevice - load.clientCount))
            }
        }
        return units
    }

    @inline(__always)
    func idleCount(of pool: Int) -> Int {
        var count = 0
        for device in self.devices(of: pool) where self.loads[device].isIdle { count += 1 }
        return count
    }

    /// Thousandths of a device that a part may still take: 1000 for an idle device, less for any other.
    func partLeft(in pool: Int, at device: Int) -> Int32 {
        let load = self.loads[self.devices(of: pool).lowerBound + device]
        if load.isTakenWhole { return 0 }
        if load.isIdle { return 1000 }
        let memory = self.rule(of: pool).memoryMiBPerDevice
        var left = max(0, 1000 - load.thousandths)
        if memory > 0 {
            let (whole, rest) = (memory / 1000, memory % 1000)
            let free = max(0, memory - load.memoryMiB)
            // Free memory in thousandths of the device, rounded down.
            left = min(left, whole > 0 || rest > 0 ? Int32(clamping: free * 1000 / memory) : 0)
        }
        return min(999, left)
    }

    /// Thousandths of a device that parts may still take by the measure that binds least: memory where it is known.
    func mostLeft(in pool: Int, at device: Int) -> Int32 {
        let load = self.loads[self.devices(of: pool).lowerBound + device]
        if load.isTakenWhole { return 0 }
        if load.isIdle { return 1000 }
        let memory = self.rule(of: pool).memoryMiBPerDevice
        guard memory > 0 else { return max(0, 1000 - load.thousandths) }
        return Int32(clamping: max(0, memory - load.memoryMiB) * 1000 / memory)
    }

    /// The ledger of a pool, for reports and reasons.
    func ledger(of pool: Int) -> DeviceLedger {
        DeviceLedger(pool: self.kind(of: pool), loads: Array(self.loads[self.devices(of: pool)]))
    }

    // MARK: Booking

    /// Takes everything off the devices of a node.
    mutating func clear(_ node: Int) {
        for pool in self.pools(of: node) {
            for device in self.devices(of: pool) { self.loads[device] = DeviceLoad() }
        }
    }

    mutating func book(_ request: DeviceDemandRule, in pool: Int, devices: DeviceSet, sign: Int) {
        let rule = self.rule(of: pool)
        let first = self.devices(of: pool).lowerBound
        devices.forEach { rule.book(request, on: &self.loads[first + $0], sign: sign) }
    }

    /// Books one assignment in words. One for a resource or device that the node does not have is passed over.
    mutating func book(_ assignment: DeviceAssignment, on node: Int, sign: Int) {
        for pool in self.pools(of: node) where self.kind(of: pool).resource == assignment.resource {
            let devices = self.devices(of: pool)
            guard (0..<devices.count).contains(assignment.index) else { return }
            self.rule(of: pool).book(
                memoryMiB: assignment.memoryMiB ?? 0, thousandths: Int32(clamping: assignment.thousandths ?? 0),
                isFraction: assignment.kind == .fraction, on: &self.loads[devices.lowerBound + assignment.index],
                sign: sign)
            return
        }
    }
}
