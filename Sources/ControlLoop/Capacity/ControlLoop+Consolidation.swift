import CapacityPlanner
import SchedulingCycle
import SchedulingModel

/// Moving pods off nodes that cost more than the disturbance does.
///
/// One node at a time: it is tainted, and once no binding can be under way to it any more, a plan of the cluster without it places all
/// its pods, and all members of their gangs; then they are evicted together. The node is kept until others like them stand
/// somewhere, and taken into use again where they find no other place; only then it is given back.
extension ControlLoop {
    /// Chooses a node to empty, or empties the one that was chosen, in a cluster where nothing else is going on.
    ///
    /// - Parameters:
    ///   - version: Tells this state of the cluster from others.
    ///   - isBuying: Whether this cycle buys nodes.
    mutating func consolidate(
        _ plan: Plan, _ snapshot: ClusterSnapshot, version: String, isBuying: Bool, _ now: Int64
    ) throws(RefusedPlan) {
        self.noteOccupancy(now)
        self.forgetReplacements(now)
        self.capacity.consolidation.lookMillis = nil
        let emptying = self.emptyingNodes
        let isCalm = !isBuying && self.isCalm && plan.preemptions.isEmpty
        if let due = emptying.first(where: { $0.value.isDue && $0.value.evictedMillis == nil }) {
            let isAlone = emptying.allSatisfy { $0.value.evictedMillis == nil }
            guard isCalm, isAlone else { return self.cancelEmptying(due.key, now) }
            try self.empty(due.key, due.value, self.settled(plan, snapshot), now)
        } else if emptying.isEmpty, isCalm {
            try self.chooseNodeToEmpty(plan, snapshot, version, now)
        }
    }

    /// By name.
    private var emptyingNodes: [(key: NodeName, value: Emptying)] {
        self.capacity.giving.sorted { $0.key < $1.key }.compactMap { name, giving in
            if case .emptying(let emptying) = giving { (name, emptying) } else { nil }
        }
    }

    var isEmptyingNodes: Bool { !self.emptyingNodes.isEmpty }

    /// Pods that were asked to go, and are still there.
    var movedPods: Set<PodKey> {
        let evicted = self.emptyingNodes.reduce(into: Set<String>()) { $0.formUnion($1.value.evicted) }
        guard !evicted.isEmpty else { return [] }
        return Set(
            self.pods.values.filter { evicted.contains($0.uid) && !self.late.contains($0.state.key) }.map(\.state.key))
    }

    /// Nobody is on the way out by our doing, no node on the way in, none about to be taken.
    private var isCalm: Bool {
        self.capacity.isListed && self.evicting.isEmpty && self.capacity.notices.isEmpty
            && self.capacity.launches.values.allSatisfy {
                $0.claim.phase != .launching && $0.claim.machines(.expected).isEmpty
            }
    }

    private mutating func noteOccupancy(_ now: Int64) {
        let bought = Set(self.capacity.nodeByMachine.values)
        var pods: [NodeName: Set<String>] = [:]
        for pod in self.pods.values where !pod.state.belongsToNode {
            guard let node = pod.state.node, bought.contains(node) else { continue }
            pods[node, default: []].insert(pod.uid)
        }
        let before = self.capacity.consolidation.occupancy
        self.capacity.consolidation.occupancy = pods.reduce(into: [:]) { occupancy, entry in
            let known = before[entry.key].flatMap { $0.pods == entry.value ? $0 : nil }
            occupancy[entry.key] = known ?? .init(pods: entry.value, sinceMillis: now)
        }
    }

    // MARK: Choosing

    private mutating func chooseNodeToEmpty(
        _ plan: Plan, _ snapshot: ClusterSnapshot, _ version: String, _ now: Int64
    ) throws(RefusedPlan) {
        let candidates = self.candidates(now)
        let quietTimes = self.quietTimes(candidates, now)
        let quiet = zip(candidates, quietTimes).filter { $0.1 <= now }.map(\.0)
        let next = self.nextLook(quietTimes, now)
        let earliest = self.capacity.consolidation.notBeforeMillis
        guard !quiet.isEmpty, earliest <= now else {
            self.capacity.consolidation.lookMillis = quiet.isEmpty ? next : min(next ?? earliest, earliest)
            return
        }
        let question = self.question(version, snapshot, candidates, now)
        if self.capacity.consolidation.question != question { self.capacity.consolidation.tried = [] }
        self.capacity.consolidation.question = question
        let untried = quiet.filter { !self.capacity.consolidation.tried.contains($0.name) }
        guard !untried.isEmpty else {
            self.capacity.consolidation.lookMillis = next
            return
        }
        let snapshot = self.settled(plan, snapshot)
        let limits = self.moveLimits(snapshot)
        // Trials cost time: some now, others a little later.
        self.capacity.consolidation.notBeforeMillis = now + self.configuration.settleMillis
        self.capacity.consolidation.lookMillis = self.capacity.consolidation.notBeforeMillis
        for node in untried.prefix(Self.trialsPerCycle) {
            self.capacity.consolidation.tried.insert(node.name)
            var open = limits
            open.closedNodes.subtract(self.replacements(of: node.name))
            if try self.move(off: node, snapshot, open, self.poolsWithoutLeaving) != nil {
                self.capacity.giving[node.name] = .emptying(Emptying())
                return
            }
            if try self.replace(node, snapshot, limits, now) { return }
        }
    }

    private static let trialsPerCycle = 4

    private func question(
        _ version: String, _ snapshot: ClusterSnapshot, _ candidates: [GiveBackPlanner.OwnedNode], _ now: Int64
    ) -> ConsolidationQuestion {
        let fixed = snapshot.pods.filter { $0.refusesDisruption || self.pods[$0.key]?.isRecreated == false }
        return ConsolidationQuestion(
            snapshot: version, fixed: Set(fixed.map(\.key)), budgets: self.giveBackLimits.nodeBudgets,
            staying: Set(candidates.filter(\.mustStay).map(\.name)),
            blocked: self.capacity.backoff.blocked(atSeconds: now / 1000),
            replaced: Set(self.capacity.consolidation.replacedUntil.keys),
            pools: self.poolsWithoutLeaving.map { pool in
                [pool.minNodes, pool.maxNodes, pool.nodeCount, pool.priority].map(Int64.init)
                    + pool.offerings.map(\.pricePerHourMicroUSD)
            })
    }

    /// When time alone makes another answer: a node has been quiet for long enough, work has rested, an offering comes out of back-off.
    private func nextLook(_ quietTimes: [Int64], _ now: Int64) -> Int64? {
        let state = self.capacity.consolidation
        var times = quietTimes + state.resting.values
        if !quietTimes.isEmpty {
            times += state.replacedUntil.values
            times += [self.capacity.backoff.nextEnd(atSeconds: now / 1000)].compactMap { $0.map { $0 * 1000 } }
        }
        return times.filter { $0 > now }.min()
    }

    /// Bought nodes with pods in pools that may be emptied, dearest first, then by name.
    private mutating func candidates(_ now: Int64) -> [GiveBackPlanner.OwnedNode] {
        let resting = self.nodesWithRestingPods(now)
        let pools = Set(self.capacity.pools.filter(\.movesPods).map(\.name))
        var owned: [GiveBackPlanner.OwnedNode] = []
        for launch in self.capacity.launches.values where pools.contains(launch.claim.pool) {
            // Whom a process before this one has moved there is known by the claim alone.
            let restsUntil = min(
                launch.claim.restsUntilMillis - self.configuration.epochMillis,
                launch.seenMillis + self.configuration.restMillis)
            if launch.tries == 0, restsUntil > now { continue }
            for machine in launch.claim.machines(.joined) {
                guard let node = self.node(of: machine), self.capacity.giving[node.name] == nil,
                    self.capacity.consolidation.occupancy[node.name] != nil, !resting.contains(node.name)
                else { continue }
                owned.append(self.owned(node, by: launch.claim))
            }
        }
        return owned.sorted { ($1.pricePerHourMicroUSD, $0.name) < ($0.pricePerHourMicroUSD, $1.name) }
    }

    private func owned(_ node: NodeState, by claim: LaunchClaim) -> GiveBackPlanner.OwnedNode {
        GiveBackPlanner.OwnedNode(
            name: node.name, pool: claim.pool, pricePerHourMicroUSD: self.price(of: claim),
            mustStay: node.refusesDisruption)
    }

    /// Nodes with pods that were moved a while ago.
    private mutating func nodesWithRestingPods(_ now: Int64) -> Set<NodeName> {
        self.capacity.consolidation.resting = self.capacity.consolidation.resting.filter { $0.value > now }
        self.capacity.consolidation.futile = self.capacity.consolidation.futile.filter { $0.value > now }
        let resting = self.capacity.consolidation.resting.merging(self.capacity.consolidation.futile) { max($0, $1) }
        guard !resting.isEmpty else { return [] }
        return Set(self.pods.values.filter { resting[AwaitedReturn.Kind($0.state)] != nil }.compactMap(\.state.node))
    }

    /// When nobody will have come to each node or left it for long enough. Where its replacement stands ready that was seen to before,
    /// maybe by another process, and both are paid for.
    private func quietTimes(_ candidates: [GiveBackPlanner.OwnedNode], _ now: Int64) -> [Int64] {
        let ready = self.capacity.launches.values.filter { !$0.claim.machines(.joined).isEmpty }
        let replaced = Set(ready.filter { self.awaitsMove($0, now) }.compactMap(\.claim.replaces))
        return candidates.map { node in
            if replaced.contains(node.name) { return .min }
            let since = self.capacity.consolidation.occupancy[node.name]?.sinceMillis ?? .max / 2
            return since + self.configuration.consolidateMillis
        }
    }

    /// What `GiveBackPlanner` says to moving all pods off this node alone: nil where it must stay.
    private func move(
        off node: GiveBackPlanner.OwnedNode, _ snapshot: ClusterSnapshot, _ limits: GiveBackPlanner.Limits,
        _ pools: [NodePool]
    ) throws(RefusedPlan) -> GiveBackPlanner.GiveBack? {
        var planner = GiveBackPlanner(configuration: self.configuration.planner)
        planner.configuration.preempts = false
        planner.lostWorkHours =
            self.configuration.interruptions.lostWorkHours + self.configuration.interruptions.restartHours
        return try planner.plan(snapshot, owned: [node], pools: pools, limits: limits, atSeconds: 0).first
    }

    private func moveLimits(_ snapshot: ClusterSnapshot) -> GiveBackPlanner.Limits {
        var limits = self.giveBackLimits
        limits.protectedPods = Set(snapshot.pods.filter(self.mustNotMove).map(\.key))
        limits.podBudgets = self.budgets.map { budget in
            GiveBackPlanner.PodBudget(
                pods: Set(snapshot.pods.filter { $0.node != nil && budget.covers($0) }.map(\.key)),
                allowedDisruptions: budget.disruptionsAllowed)
        }
        // Somebody waits for what stands ready, and what is idle goes itself.
        let users = self.nodesInUse()
        limits.closedNodes = Set(self.capacity.nodeByMachine.values.filter { !users.contains($0) })
        return limits
    }

    private func mustNotMove(_ state: PodState) -> Bool {
        guard let pod = self.pods[state.key] else { return true }
        let isDeciding = state.node != nil && pod.state.node == nil
        let isPinnedByOthers = state.constraints.requiredNodeAffinity?.onlyNode != nil
        return state.refusesDisruption || state.isProtected || isDeciding || isPinnedByOthers || !pod.isRecreated
    }

    /// The cluster when this cycle's plan has been carried out. Pods that we let go to one node are free to go elsewhere: their
    /// successors will not carry the pin.
    private func settled(_ plan: Plan, _ snapshot: ClusterSnapshot) -> ClusterSnapshot {
        let pods = FutureCluster.pods(plan, snapshot, taken: []).map { state in
            guard state.node != nil, self.pods[state.key]?.isPinnedByUs == true else { return state }
            var pod = state
            pod.dropPin()
            return pod
        }
        return ClusterSnapshot(
            nodes: snapshot.nodes, pods: pods, groups: snapshot.groups, topology: snapshot.topology)
    }

    // MARK: Emptying

    /// The proof again, in the cluster of now; then everybody goes, or nobody.
    private mutating func empty(
        _ name: NodeName, _ before: Emptying, _ snapshot: ClusterSnapshot, _ now: Int64
    ) throws(RefusedPlan) {
        guard let node = self.nodes[name], let claim = self.claim(of: node) else {
            return self.cancelEmptying(name, now)
        }
        let owned = self.owned(node, by: claim)
        // It counts among those that leave already: it must be able to.
        var limits = self.moveLimits(snapshot)
        limits.closedNodes.subtract(self.replacements(of: name))
        if let budget = limits.nodeBudgets[claim.pool] { limits.nodeBudgets[claim.pool] = budget + 1 }
        var pools = self.poolsWithoutLeaving
        for index in pools.indices where pools[index].name == claim.pool { pools[index].nodeCount += 1 }
        guard let move = try self.move(off: owned, snapshot, limits, pools) else {
            return self.cancelEmptying(name, now)
        }
        var emptying = before
        emptying.isRemembered = false
        emptying.evictedMillis = now
        for assignment in move.moves {
            guard let pod = self.pods[assignment.pod] else { continue }
            emptying.evicted.insert(pod.uid)
            self.evicting[assignment.pod] = pod.uid
            self.capacity.consolidation.evictions.append(self.action(.evict(self.target(pod), .consolidated(name))))
        }
        emptying.idle = limits.closedNodes
        emptying.returns = self.awaitedReturns(of: move.moves.map(\.pod))
        for awaited in emptying.returns {
            self.capacity.consolidation.resting[awaited.kind] = now + self.configuration.restMillis
        }
        self.noteRest(on: Set(move.moves.map(\.node)), now)
        self.capacity.giving[name] = .emptying(emptying)
    }

    /// For a restart, which does not know who was moved: the claims of the nodes that they go to.
    private mutating func noteRest(on nodes: Set<NodeName>, _ now: Int64) {
        let tokens = Set(nodes.compactMap { self.nodes[$0]?.machine }.compactMap(self.capacity.token))
        let until = self.wallMillis(now) + self.configuration.restMillis
        for token in tokens { self.capacity.launches[token]?.claim.restsUntilMillis = until }
    }

    private func awaitedReturns(of moved: [PodKey]) -> [AwaitedReturn] {
        let kinds = moved.compactMap { self.pods[$0].map { AwaitedReturn.Kind($0.state) } }
        let counts = kinds.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        var before: [AwaitedReturn.Kind: Set<String>] = [:]
        for pod in self.pods.values {
            let kind = AwaitedReturn.Kind(pod.state)
            if counts[kind] != nil { before[kind, default: []].insert(pod.uid) }
        }
        return counts.map { AwaitedReturn(kind: $0.key, count: $0.value, before: before[$0.key] ?? []) }
    }

    /// Where those of them are that stand somewhere again.
    private func placesOfReturned(_ awaited: AwaitedReturn) -> [NodeName] {
        self.pods.values.filter { pod in
            !pod.state.isTerminating && AwaitedReturn.Kind(pod.state) == awaited.kind
                && !awaited.before.contains(pod.uid)
        }.compactMap(self.place)
    }

    /// Successors that come one by one may find another place than was shown for all of them. On a node that stood idle they save nothing: that
    /// one would have gone, or would be bought again to stand ready, and this one can do as well.
    private func hasSavedNothing(_ emptying: Emptying) -> Bool {
        emptying.returns.flatMap(self.placesOfReturned).contains(where: emptying.idle.contains)
    }

    private static let futileRests: Int64 = 7

    /// What time and the watch bring for a node that is being emptied.
    ///
    /// - Returns: Whether its machine can be given back.
    mutating func settleEmptying(_ name: NodeName, _ before: Emptying, isTainted: Bool, _ now: Int64) -> Bool {
        var emptying = before
        emptying.taintedMillis = isTainted ? before.taintedMillis ?? now : nil
        self.capacity.giving[name] = .emptying(emptying)
        guard let tainted = emptying.taintedMillis, now >= tainted + self.configuration.settleMillis else {
            return false
        }
        let occupants = self.pods.values.filter { pod in
            !pod.state.belongsToNode && self.place(of: pod) == name
        }
        guard let evicted = emptying.evictedMillis else {
            if occupants.isEmpty {
                guard emptying.isRemembered else { return true }
                // Those who went may have successors that find no other room.
                emptying.evictedMillis = now
                self.capacity.giving[name] = .emptying(emptying)
                return false
            }
            if !emptying.isDue {
                emptying.isDue = true
                self.capacity.giving[name] = .emptying(emptying)
                self.requestCycle(now)
            }
            return false
        }
        guard occupants.isEmpty else {
            let isLate = now >= evicted + self.configuration.leavingMillis
            if isLate || !occupants.allSatisfy({ emptying.evicted.contains($0.uid) }) { self.cancelEmptying(name, now) }
            return false
        }
        let since = emptying.emptyMillis ?? now
        emptying.emptyMillis = since
        self.capacity.giving[name] = .emptying(emptying)
        let areBack = emptying.returns.allSatisfy { self.placesOfReturned($0).count >= $0.count }
        let isOver = !emptying.isRemembered && areBack
        guard isOver || now >= since + self.configuration.returnMillis else { return false }
        guard !self.hasSavedNothing(emptying) else {
            self.cancelEmptying(name, now)
            return false
        }
        self.capacity.consolidation.failures = 0
        return true
    }

    /// The taint goes again, and nothing of the kind is begun for a while: longer, the oftener it has come to nothing. Work that was evicted for
    /// nothing is left alone for a long while.
    mutating func cancelEmptying(_ name: NodeName, _ now: Int64) {
        guard case .emptying(let emptying)? = self.capacity.giving[name] else { return }
        self.capacity.giving[name] = .cancelled
        for awaited in emptying.returns {
            self.capacity.consolidation.futile[awaited.kind] = now + Self.futileRests * self.configuration.restMillis
        }
        let state = self.capacity.consolidation
        self.capacity.consolidation.notBeforeMillis =
            now + self.configuration.consolidateMillis << Int64(min(state.failures, 6))
        self.capacity.consolidation.failures += 1
        self.requestCycle(now)
    }

    /// When a node that is being emptied goes on by itself.
    func deadline(_ emptying: Emptying) -> [Int64] {
        let settled = emptying.taintedMillis.map { $0 + self.configuration.settleMillis }
        let late = emptying.evictedMillis.map { $0 + self.configuration.leavingMillis }
        let returned = emptying.emptyMillis.map { $0 + self.configuration.returnMillis }
        return [settled, late, returned].compactMap(\.self)
    }

    mutating func takeConsolidationEvictions() -> [Action] {
        defer { self.capacity.consolidation.evictions = [] }
        return self.capacity.consolidation.evictions
    }
}
