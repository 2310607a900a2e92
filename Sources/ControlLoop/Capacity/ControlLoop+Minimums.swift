import CapacityPlanner
import SchedulingModel

/// What pools keep whether there is work or not: their minimum, the minimums of their schedules, and nodes that stand ready.
extension ControlLoop {
    /// Seconds since 1970 at the last event.
    var wallSeconds: Int64 { self.wallMillis(self.lastMillis) / 1000 }

    /// The pools with the nodes that they have, whoever bought them, and the minimums of now.
    var countedPools: [NodePool] { self.capacity.countedPools(self.nodes, atSeconds: self.wallSeconds) }

    /// Without the nodes that are given back or taken already: what is left must not fall below the minimum.
    var poolsWithoutLeaving: [NodePool] {
        let leaving = self.leavingCounts
        return self.countedPools.map { pool in
            var pool = pool
            pool.nodeCount -= leaving[pool.name, default: 0]
            return pool
        }
    }

    /// Machines per pool that are on their way out.
    private var leavingCounts: [String: Int] {
        let closed = self.closedNodes()
        var counts: [String: Int] = [:]
        for launch in self.capacity.launches.values {
            counts[launch.claim.pool, default: 0] += launch.claim.machines.count { machine in
                machine.phase == .leaving || self.capacity.nodeByMachine[machine.id].map(closed.contains) ?? false
            }
        }
        return counts
    }

    /// Nodes per pool that will stand empty when all that is bought has joined and all that waits has its place. Only pools that keep
    /// some are counted.
    ///
    /// - Parameter used: Nodes that something that waits will stand on.
    func emptyCounts(_ future: FutureCluster, _ used: Set<NodeName>) -> [String: Int] {
        guard self.capacity.pools.contains(where: { $0.warmNodes > 0 }) else { return [:] }
        let holders = used.union(future.snapshot.pods.filter { !$0.belongsToNode }.compactMap(\.node))
        let unfit = holders.union(self.closedNodes())
        let pools = self.poolsByNode
        var counts: [String: Int] = [:]
        for node in future.snapshot.nodes where !unfit.contains(node.name) && !node.taints.contains(.unschedulable) {
            let launch = future.tokens[node.name].flatMap { self.capacity.launches[$0]?.claim.pool }
            guard let pool = launch ?? pools[node.name] ?? node.labels[NodePool.label] else { continue }
            counts[pool, default: 0] += 1
        }
        return counts
    }

    private var poolsByNode: [NodeName: String] {
        var pools: [NodeName: String] = [:]
        for launch in self.capacity.launches.values {
            for machine in launch.claim.machines {
                if let node = self.capacity.nodeByMachine[machine.id] { pools[node] = launch.claim.pool }
            }
        }
        return pools
    }

    /// Pools that have no more than they must: launches of theirs are wanted even if no pod waits for them.
    func poolsInNeed(_ empty: [String: Int]) -> Set<String> {
        let inNeed = self.poolsWithoutLeaving.filter { pool in
            pool.nodeCount <= pool.minNodes || pool.warmNodes > 0 && empty[pool.name, default: 0] <= pool.warmNodes
        }
        return Set(inNeed.map(\.name))
    }

    /// Brings pools to their minimum and fills up what stands ready: first with nodes that were to be given back, then with the
    /// cheapest of their offerings that is not in back-off.
    ///
    /// - Parameter empty: What stands ready, per pool; nil while work waits that may need the room under the limit more.
    /// - Returns: What is bought.
    mutating func fillUp(_ empty: [String: Int]?, _ now: Int64) -> [Purchase] {
        guard self.capacity.isListed else { return [] }
        var bought: [Purchase] = []
        let counted = self.countedPools
        for pool in self.poolsWithoutLeaving {
            let warm = empty.map { pool.warmNodes - $0[pool.name, default: 0] } ?? 0
            var missing = max(pool.minNodes - pool.nodeCount, warm)
            guard missing > 0 else { continue }
            missing -= self.keepDraining(missing, of: pool.name)
            let room = counted.first { $0.name == pool.name }?.headroom ?? 0
            guard min(missing, room) > 0 else { continue }
            bought += [self.buyCheapest(min(missing, room), of: pool, now)].compactMap(\.self)
        }
        return bought
    }

    private mutating func buyCheapest(_ count: Int, of pool: NodePool, _ now: Int64) -> Purchase? {
        let blocked = self.capacity.backoff.blocked(atSeconds: now / 1000)
        let open = pool.offerings.filter { !blocked.contains($0.key) }
        let costs = open.map { self.configuration.interruptions.expectedCostPerHour($0, count: 1, together: false) }
        guard let cheapest = zip(open, costs).min(by: { $0.1 < $1.1 })?.0 else {
            self.capacity.unblockMillis = self.capacity.backoff.nextEnd(atSeconds: now / 1000).map { $0 * 1000 }
            return nil
        }
        self.buy(count, cheapest.key, of: pool.name, for: nil, now)
        return Purchase(cheapest, of: pool, nodeCount: count, self.configuration.interruptions)
    }

    /// - Returns: How many nodes stay that were to be given back.
    private mutating func keepDraining(_ count: Int, of pool: String) -> Int {
        let pools = self.poolsByNode
        let kept = self.capacity.giving.keys.sorted().filter { name in
            guard case .draining? = self.capacity.giving[name], pools[name] == pool, let node = self.nodes[name],
                let claim = self.claim(of: node)
            else { return false }
            return self.isUsable(node, claim)
        }.prefix(count)
        for name in kept { self.capacity.giving[name] = .cancelled }
        return kept.count
    }

    /// What giving back has to keep: what stands ready, and the budgets of the pools less what is under way.
    var giveBackLimits: GiveBackPlanner.Limits {
        var limits = GiveBackPlanner.Limits()
        let disrupted = self.disruptedCounts
        for pool in self.countedPools {
            limits.headroom[pool.name] = pool.warmNodes
            guard let most = pool.disruptionLimit(atSeconds: self.wallSeconds) else { continue }
            limits.nodeBudgets[pool.name] = most - disrupted[pool.name, default: 0]
        }
        return limits
    }

    /// Nodes per pool that are being given back. What a cloud takes is nobody's choice.
    private var disruptedCounts: [String: Int] {
        var counts: [String: Int] = [:]
        for launch in self.capacity.launches.values {
            counts[launch.claim.pool, default: 0] += launch.claim.machines.count { machine in
                guard let node = self.node(of: machine.id), self.capacity.notices[node.name] == nil else {
                    return false
                }
                return machine.phase == .leaving || self.capacity.giving[node.name].map { $0 != .cancelled } ?? false
            }
        }
        return counts
    }

    /// When a schedule or a budget of a pool next begins or ends.
    var nextPoolChangeMillis: Int64? {
        let since = max(self.capacity.examinedMillis, 0)
        let seconds = self.wallMillis(since) / 1000
        return self.capacity.pools.compactMap { $0.nextChange(afterSeconds: seconds) }.min()
            .map { $0 * 1000 - self.configuration.epochMillis }
    }
}

extension Purchase {
    /// Nodes that nobody works on yet.
    fileprivate init(
        _ offering: NodeOffering, of pool: NodePool, nodeCount: Int, _ interruptions: InterruptionModel
    ) {
        let key = offering.key
        let onDemand = OfferingKey(instanceType: key.instanceType, zone: key.zone, capacityType: .onDemand)
        let expected = interruptions.expectedCostPerHour(offering, count: nodeCount, together: false)
        self.init(
            pool: pool.name, offering: key, nodeCount: nodeCount,
            pricePerHourMicroUSD: offering.pricePerHourMicroUSD * Int64(nodeCount),
            expectedCostPerHourMicroUSD: Int64(expected.rounded()),
            onDemandPricePerHourMicroUSD: pool.offerings.first { $0.key == onDemand }.map {
                $0.pricePerHourMicroUSD * Int64(nodeCount)
            })
    }
}
