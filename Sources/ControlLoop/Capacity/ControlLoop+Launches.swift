import CapacityPlanner
public import SchedulingCycle
import SchedulingModel

/// What to buy: once per cycle, for what would still wait when everything that is bought has joined.
extension ControlLoop {
    /// Decides on purchases and on nodes to give back.
    ///
    /// - Returns: What is bought; nil where nothing was to be decided.
    /// - Throws: `RefusedPlan` where the verifier rejects a trial: a bug of ours.
    mutating func planCapacity(
        _ plan: Plan, _ snapshot: ClusterSnapshot, version: String, _ now: Int64
    ) throws(RefusedPlan) -> PurchasePlan? {
        guard self.isLeader, !self.capacity.isIdle else {
            self.capacity.awaited = []
            return nil
        }
        self.tellOfNotices()
        self.answerInterruptions(snapshot, now)
        self.capacity.unblockMillis = nil
        let (future, ahead) = try self.lookAhead(plan, snapshot)
        self.noteAwaitedGangs(future.snapshot, ahead)
        let used = Set(ahead.assignments.map(\.node))
        let tokens = Set(used.compactMap { future.tokens[$0] })
        let empty = self.emptyCounts(future, used)
        let short = self.poolsInNeed(empty)
        for (token, launch) in self.capacity.launches where launch.tries == 0 {
            let isWanted = tokens.contains(token) || short.contains(launch.claim.pool)
            let isAwaited = self.awaitsMove(launch, now)
            self.capacity.launches[token]?.isWanted = isWanted || isAwaited
        }
        let placed = plan.assignments.map(\.node) + plan.preemptions.flatMap(\.reservations).map(\.node)
        try self.giveBack(snapshot, wanted: used.union(placed), now)
        var purchases = try self.purchases(for: ahead, future, (plan, snapshot), now)
        let isDecided = ahead.pending.isEmpty || purchases != nil || self.capacity.pools.isEmpty
        let launchCount = self.capacity.launchCount
        let kept = self.fillUp(isDecided ? empty : nil, now)
        if !kept.isEmpty { purchases = (purchases ?? PurchasePlan()).adding(kept) }
        let isBuying = self.capacity.launchCount > launchCount || purchases?.purchases.isEmpty == false
        try self.consolidate(plan, snapshot, version: version, isBuying: isBuying, now)
        return purchases
    }

    /// A node that is being emptied stays closed, unless that makes somebody wait.
    private func lookAhead(
        _ plan: Plan, _ snapshot: ClusterSnapshot
    ) throws(RefusedPlan) -> (future: FutureCluster, ahead: Plan) {
        let planner = Planner(configuration: self.lookingAhead)
        let future = FutureCluster(self, plan, snapshot)
        let ahead = try planner.plan(future.snapshot)
        guard !ahead.pending.isEmpty, self.isEmptyingNodes else { return (future, ahead) }
        let open = FutureCluster(self, plan, snapshot, opensEmptying: true)
        let better = try planner.plan(open.snapshot)
        return better.pending.count < ahead.pending.count ? (open, better) : (future, ahead)
    }

    /// Buys for what waits even then; nil where nothing waits, or not for long enough.
    ///
    /// - Parameter present: The cluster as it is, and the plan for it.
    private mutating func purchases(
        for ahead: Plan, _ future: FutureCluster, _ present: (plan: Plan, snapshot: ClusterSnapshot), _ now: Int64
    ) throws(RefusedPlan) -> PurchasePlan? {
        guard !ahead.pending.isEmpty, !self.capacity.pools.isEmpty else {
            self.capacity.demandSinceMillis = nil
            return nil
        }
        let since = self.capacity.demandSinceMillis ?? now
        self.capacity.demandSinceMillis = since
        guard now >= since + self.configuration.purchaseDelayMillis, self.capacity.isListed else { return nil }
        let planner = CapacityPlanner(
            interruptions: self.configuration.interruptions, configuration: self.lookingAhead)
        var purchases = try planner.plan(
            future.snapshot, leaving: ahead, pools: self.countedPools,
            blocked: self.capacity.backoff.blocked(atSeconds: now / 1000), atSeconds: self.wallSeconds)
        if let moved = try self.moveInstead(of: purchases, present.plan, present.snapshot, planner, now) {
            purchases = moved
        }
        for purchase in purchases.purchases {
            self.buy(purchase.nodeCount, purchase.offering, of: purchase.pool, for: purchase.group, now)
        }
        // Whatever the reason: with an offering more there may be none.
        if !purchases.unserved.isEmpty {
            let opens = self.capacity.backoff.nextEnd(atSeconds: now / 1000).map { $0 * 1000 }
            self.capacity.unblockMillis = [opens, self.endOfPatience(purchases)].compactMap(\.self).min()
        }
        return purchases
    }

    /// When the first that waits for spot has no time left for it.
    private func endOfPatience(_ purchases: PurchasePlan) -> Int64? {
        let waiting = purchases.unserved.filter { $0.reason == .waitsForSpot }
        let starts = waiting.compactMap { self.pods[$0.pod]?.state.deadline?.latestStartSeconds }
        return starts.min().map {
            ($0 - self.configuration.interruptions.reserveSeconds) * 1000 - self.configuration.epochMillis
        }
    }

    /// How the planner is asked what would still wait: plainly, and without evicting anybody.
    public var lookingAhead: PlannerConfiguration {
        var configuration = self.configuration.planner
        configuration.preempts = false
        configuration.searchesFixes = false
        configuration.provesBound = false
        configuration.refillLimit = 0
        return configuration
    }

    /// - Returns: The launch's token.
    @discardableResult
    mutating func buy(
        _ count: Int, _ offering: OfferingKey, of pool: String, for group: PodGroupKey?, _ now: Int64
    ) -> String {
        self.capacity.launchCount += 1
        let claim = LaunchClaim(
            token: "\(self.configuration.tokenPrefix)-\(self.capacity.launchCount)", pool: pool, offering: offering,
            count: count, group: group, sinceMillis: self.wallMillis(now))
        var launch = CapacityState.Launch(claim: claim, written: nil, seenMillis: now)
        launch.isWanted = true
        self.capacity.launches[claim.token] = launch
        return claim.token
    }
}

/// The cluster as it will be when what is bought has joined and what is taken is gone.
struct FutureCluster {
    private(set) var snapshot: ClusterSnapshot
    /// The launches of nodes that have not joined yet, by the names that they stand under.
    private(set) var tokens: [NodeName: String] = [:]

    /// - Parameter opensEmptying: Whether nodes that are being emptied may be used.
    init(_ loop: ControlLoop, _ plan: Plan, _ snapshot: ClusterSnapshot, opensEmptying: Bool = false) {
        var nodes = Dictionary(snapshot.nodes.map { ($0.name, $0) }) { $1 }
        let taken = Set(loop.capacity.notices.keys)
        for name in taken { nodes[name] = nil }
        for (name, giving) in loop.capacity.giving {
            let isOpen =
                switch giving {
                // Of a node that stays after all the taint is about to go.
                case .draining, .cancelled: true
                case .emptying: opensEmptying
                }
            if isOpen { nodes[name]?.taints.removeAll { $0.key == Taint.givingBack.key } }
        }
        let closed = loop.closedNodes()
        for name in loop.uncertainNodes.keys where !closed.contains(name) {
            nodes[name]?.taints.removeAll { $0.key == Taint.givingBack.key }
        }
        // Those who are moved are gone then, and their room is free for who comes in place of them.
        let moved = loop.movedPods
        for launch in loop.capacity.launches.values {
            for (index, name) in Self.expectedNames(launch, loop).enumerated() {
                let name = name ?? NodeName("(launch \(launch.claim.token) \(index))")
                guard !taken.contains(name), let node = loop.expectedNode(launch.claim, as: name) else { continue }
                nodes[name] = node
                self.tokens[name] = launch.claim.token
            }
        }
        self.snapshot = ClusterSnapshot(
            nodes: Array(nodes.values),
            pods: Self.later(plan, snapshot, taken: taken, loop).filter { !moved.contains($0.key) },
            groups: snapshot.groups,
            topology: snapshot.topology)
    }

    /// One per machine that is still to come: the name of its node, where it has one already.
    private static func expectedNames(_ launch: CapacityState.Launch, _ loop: ControlLoop) -> [NodeName?] {
        switch launch.claim.phase {
        case .launching: Array(repeating: nil, count: launch.claim.count)
        case .launched: launch.claim.machines(.expected).map { loop.capacity.nodeByMachine[$0] }
        case .closing: []
        }
    }

    /// As `pods`, and later: who leaves has left, and a gang that moves with a node that is taken waits again as a whole. What nobody makes anew
    /// does not come back.
    private static func later(
        _ plan: Plan, _ snapshot: ClusterSnapshot, taken: Set<NodeName>, _ loop: ControlLoop
    ) -> [PodState] {
        let moving = Set(loop.capacity.answers.filter { $0.value == .move }.keys)
        let tops = moving.isEmpty ? [:] : PodGroup.topGroups(of: snapshot.groups)
        let lost = Set(
            snapshot.pods.filter { pod in
                let isMoving = pod.group.map { moving.contains(tops[$0] ?? $0) } ?? false
                return pod.node.map { taken.contains($0) || isMoving && !pod.belongsToNode } ?? false
            }
            .map(\.key))
        let victims = Set(plan.preemptions.flatMap(\.victims))
        return Self.pods(plan, snapshot, taken: taken).compactMap { state in
            if state.node != nil, state.isTerminating, !state.leavesLate { return nil }
            if victims.contains(state.key) { return nil }
            guard lost.contains(state.key) else { return state }
            guard loop.pods[state.key]?.isRecreated != false else { return nil }
            var pod = state
            pod.standing = .pending
            pod.knownDevices = []
            // Its successor will not carry the pin by which it was let go.
            pod.dropPin()
            return pod
        }
    }

    /// What the plan places stands, and what it makes room for stands in that room; what stands on a node that is taken will wait again.
    static func pods(_ plan: Plan, _ snapshot: ClusterSnapshot, taken: Set<NodeName>) -> [PodState] {
        let places = Dictionary(plan.assignments.map { ($0.pod, $0) }) { $1 }
        let rooms = Dictionary(plan.preemptions.flatMap(\.reservations).map { ($0.pod, $0.node) }) { $1 }
        return snapshot.pods.compactMap { state in
            var pod = state
            if let room = rooms[pod.key] { pod.standing = .bound(room) }
            if let place = places[pod.key] {
                pod.standing = .bound(place.node)
                pod.knownDevices = place.devices
                if let rank = place.rank { pod.rank = rank }
            }
            guard let node = pod.node, taken.contains(node) else { return pod }
            if pod.isTerminating || pod.belongsToNode { return nil }
            pod.standing = .pending
            pod.knownDevices = []
            return pod
        }
    }
}

extension PodState {
    /// Without the pin to one node by which it was let go, which successors do not carry.
    mutating func dropPin() {
        guard let selector = self.constraints.requiredNodeAffinity, selector.onlyNode != nil else { return }
        self.constraints.requiredNodeAffinity = selector.withoutNames
    }
}
