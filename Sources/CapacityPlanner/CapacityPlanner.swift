public import SchedulingCycle
public import SchedulingModel

/// Decides what to buy so that pending work starts: gangs whole and in one launch, single pods as cheaply as they pack.
///
/// Nodes that could be bought stand in the snapshot like real ones, and the same planner places pods on them and has the
/// result verified. A node on which it puts nothing is not bought. Nothing is bought for work that would not start.
public struct CapacityPlanner: Sendable {
    public var interruptions: InterruptionModel
    public var configuration: PlannerConfiguration
    /// Launches tried for one gang, cheapest first, until the planner places it.
    public var launchTrialLimit = 4

    public init(
        interruptions: InterruptionModel = InterruptionModel(),
        configuration: PlannerConfiguration = PlannerConfiguration()
    ) {
        self.interruptions = interruptions
        self.configuration = configuration
        self.configuration.searchesFixes = false
        self.configuration.provesBound = false
        self.configuration.refillLimit = 0
    }

    /// What to buy for the pods that `plan` leaves pending in `snapshot`.
    ///
    /// Gangs go first, by priority, then key. Offerings of the wanted terms go first, for gangs then zones where members stand, then pools of higher priority, then cheaper ones; ties between offerings go to
    /// the lower cost, then to the order of the pools.
    ///
    /// - Parameters:
    ///   - blocked: Offerings that are in back-off.
    ///   - now: Seconds since 1970. With it deadlines count: work with time to spare waits for spot, and work without is not put on it.
    /// - Throws: `RefusedPlan` where the verifier rejects a trial: a bug of ours.
    public func plan(
        _ snapshot: ClusterSnapshot, leaving plan: Plan, pools: [NodePool], blocked: Set<OfferingKey> = [],
        atSeconds now: Int64? = nil
    ) throws(RefusedPlan) -> PurchasePlan {
        let terms = { pods in
            DeadlineTerms(of: pods, in: snapshot, interruptions: self.interruptions, atSeconds: now)
        }
        let demand = CapacityDemand(snapshot: snapshot, pending: plan.pending, terms: terms)
        var market = Market(pools: pools, blocked: blocked)
        var trial = PurchaseTrial(snapshot: snapshot, plan: plan)
        var refusals = Refusals()
        let start = market
        try self.buyAtOnce(demand.gangs, &market, &trial)
        for gang in demand.gangs where trial.placedCount(of: gang.pods) < gang.pods.count {
            let launches = GangLaunches(gang, market: market, interruptions: self.interruptions, snapshot: snapshot)
            if let reason = launches.refusal { refusals.note(gang.pods, reason) }
            try self.buy(launches, &market, &trial)
        }
        let singles = Dictionary(grouping: demand.singles) { terms([$0]) }
        var bound = 0.0
        for terms in DeadlineTerms.allCases {
            bound = max(bound, try self.buySingles(singles[terms] ?? [], terms, &market, &trial, &refusals))
        }
        trial.attributeNodes(to: demand.gangs)
        if !demand.gangs.isEmpty {
            bound = max(bound, self.lowerBound(demand, plan, start, trial))
        }
        return trial.purchasePlan(
            demand: demand, market: market, interruptions: self.interruptions, refusals: refusals, bound: bound)
    }

    /// The cheapest launch for each gang, all in one trial: most gangs need no second.
    ///
    private func buyAtOnce(
        _ gangs: [CapacityDemand.Gang], _ market: inout Market, _ trial: inout PurchaseTrial
    ) throws(RefusedPlan) {
        var (reserved, counts) = (market, [Int: Int]())
        let fitting = try trial.membersThatFit(gangs, self.configuration)
        for gang in gangs {
            // With free room for some, only the others need nodes; if that turns out too few, the gang is tried again alone.
            var rest = gang
            rest.pods = gang.requiredAxes.isEmpty ? gang.pods.filter { !fitting.contains($0) } : gang.pods
            let launches = GangLaunches(
                rest, market: reserved, interruptions: self.interruptions, snapshot: trial.original)
            guard !rest.pods.isEmpty, let launch = launches.candidates.first else { continue }
            trial.add([launch], for: gang.key)
            counts[launch.offering, default: 0] += launch.count
            reserved.take(used: counts)
        }
        guard !counts.isEmpty else { return }
        try trial.replan(self.configuration)
        trial.dropUnusedNodes()
        market.take(used: trial.usedNodes)
    }

    /// The least that nodes for what was served can cost: the largest of the bounds for all of it together, and for any gang.
    private func lowerBound(
        _ demand: CapacityDemand, _ plan: Plan, _ market: Market, _ trial: PurchaseTrial
    ) -> Double {
        let bound = PurchaseBound(
            trial.original, leaving: plan, market: market, interruptions: self.interruptions)
        let gangs = demand.gangs.map { gang in bound.mustBeBoughtFor(gang.pods.filter { !trial.isPending($0) }) }
        let singles = demand.singles.filter { !trial.isPending($0) }
        var ignored = Refusals()
        let together = self.choice(for: gangs.flatMap(\.self) + singles, in: trial.original, market, &ignored)
        return max(together.lowerBound, gangs.map(bound.ofEquals).max() ?? 0)
    }

    /// The cheapest launch on which the planner places more of the gang than before.
    private func buy(
        _ launches: GangLaunches, _ market: inout Market, _ trial: inout PurchaseTrial
    ) throws(RefusedPlan) {
        let before = trial.placedCount(of: launches.gang.pods)
        guard before < launches.gang.pods.count else { return }
        for launch in launches.candidates.prefix(self.launchTrialLimit) {
            var attempt = trial
            attempt.add([launch], for: launches.gang.key)
            try attempt.replan(self.configuration)
            guard attempt.placedCount(of: launches.gang.pods) > before else { continue }
            attempt.dropUnusedNodes()
            market.take(used: attempt.usedNodes)
            trial = attempt
            return
        }
    }

    /// The launches alone that `plan` would choose for single pods, before the planner has placed anything on them. For
    /// benchmarks of the search.
    public func search(_ snapshot: ClusterSnapshot, leaving plan: Plan, pools: [NodePool]) -> [OfferingKey: Int] {
        let demand = CapacityDemand(snapshot: snapshot, pending: plan.pending)
        let market = Market(pools: pools, blocked: [])
        var refusals = Refusals()
        let choice = self.choice(for: demand.singles, in: snapshot, market, &refusals)
        let counts = choice.launches.map { (market.offerings[$0.offering].key, $0.count) }
        return Dictionary(counts, uniquingKeysWith: +)
    }

    /// Single pods of the same terms. In a hurry spot is better than nothing, and nobody waits for spot who is offered none.
    ///
    /// - Returns: A lower bound of what nodes for the pods cost.
    private func buySingles(
        _ singles: [Int], _ terms: DeadlineTerms, _ market: inout Market, _ trial: inout PurchaseTrial,
        _ refusals: inout Refusals
    ) throws(RefusedPlan) -> Double {
        guard terms != .cheapest else { return try self.buySingles(singles, &market, &trial, &refusals) }
        let allowed = market.offerings.filter { terms.allows($0.key.capacityType) }
        let (could, others) = singles.filter { trial.isPending($0) }.reduce(into: ([Int](), [Int]())) { parts, pod in
            let runs = allowed.contains { CoverProblem.runs(trial.original.pods[pod], on: $0.template) }
            if runs { parts.0.append(pod) } else { parts.1.append(pod) }
        }
        var (limited, noted) = (market.only(terms), Refusals())
        let bound = try self.buySingles(could, &limited, &trial, &noted)
        market.take(used: trial.usedNodes)
        let waiting = could.filter { trial.isPending($0) }
        if terms == .patient { refusals.note(waiting, .waitsForSpot) }
        let rest = terms == .patient ? others : others + waiting
        return max(bound, try self.buySingles(rest.sorted(), &market, &trial, &refusals))
    }

    /// - Returns: The lower bound of what nodes for the pods cost.
    private func buySingles(
        _ singles: [Int], _ market: inout Market, _ trial: inout PurchaseTrial, _ refusals: inout Refusals
    ) throws(RefusedPlan) -> Double {
        let (before, first) = (market, singles.filter { trial.isPending($0) })
        guard !first.isEmpty else { return 0 }
        let whole = self.choice(for: first, in: trial.original, market, &refusals)
        for priority in market.priorities {
            // What pools of lower priority could hold is nobody's refusal yet.
            let isOnly = market.priorities.count == 1
            for round in 0..<Self.coverRounds {
                let waiting = singles.filter { trial.isPending($0) }
                var noted = isOnly ? refusals : Refusals()
                let open = market.only(priority: priority)
                let choice =
                    isOnly && round == 0 ? whole : self.choice(for: waiting, in: trial.original, open, &noted)
                if isOnly { refusals = noted }
                guard !choice.launches.isEmpty else { break }
                let nodeCount = trial.boughtNodeCount
                trial.add(choice.launches, for: nil)
                try trial.replan(self.configuration)
                trial.dropUnusedNodes()
                if trial.boughtNodeCount == nodeCount { break }
                market.take(used: trial.usedNodes)
            }
        }
        let served = first.filter { !trial.isPending($0) }
        guard served.count < first.count else { return whole.lowerBound }
        // Of those alone that got their nodes.
        var ignored = Refusals()
        return self.choice(for: served, in: trial.original, before, &ignored).lowerBound
    }

    /// The planner may pack otherwise than the cover; what is left over is covered again.
    private static let coverRounds = 3

    /// The nodes that hold these pods for least money, by offering.
    private func choice(
        for pods: [Int], in snapshot: ClusterSnapshot, _ market: Market, _ refusals: inout Refusals
    ) -> (launches: [Launch], lowerBound: Double) {
        let open = market.openOfferings
        let shapes = self.runnable(DemandShape.shapes(of: pods, in: snapshot), market, open, &refusals)
        guard !shapes.isEmpty else { return ([], 0) }
        // What is free counts a millionth of a dollar, so that fewer nodes are better than more.
        let costs = open.map {
            max(1, self.interruptions.expectedCostPerHour(market.offerings[$0], count: 1, together: false))
        }
        let problem = CoverProblem(
            shapes: shapes, offerings: open.map { market.offerings[$0] }, costs: costs,
            pools: (open.map { market.poolByOffering[$0] }, market.headroom))
        let cover = CoverSearch(problem: problem).runWithinLimits()
        for (position, count) in cover.left.enumerated() where count > 0 {
            refusals.note(shapes[position].pods, .offeringsExhausted)
        }
        var counts: [Int: Int] = [:]
        for node in cover.nodes { counts[open[node.pattern.offering], default: 0] += node.count }
        let launches = counts.sorted { $0.key < $1.key }.map { market.launch(of: $0.key, count: $0.value) }
        return (launches, cover.lowerBound)
    }

    /// Shapes that some open offering could run; of the others it is noted why not.
    private func runnable(
        _ shapes: [DemandShape], _ market: Market, _ open: [Int], _ refusals: inout Refusals
    ) -> [DemandShape] {
        shapes.filter { shape in
            if open.contains(where: { CoverProblem.runs(shape.pod, on: market.offerings[$0].template) }) { return true }
            let isOffered = market.offerings.contains { CoverProblem.runs(shape.pod, on: $0.template) }
            refusals.note(shape.pods, isOffered ? .offeringsExhausted : .noOfferingFits)
            return false
        }
    }
}

/// Why pods were not bought for; the first reason counts.
struct Refusals {
    private var reasons: [Int: UnservedPod.Reason] = [:]

    mutating func note(_ pods: [Int], _ reason: UnservedPod.Reason) {
        for pod in pods where self.reasons[pod] == nil { self.reasons[pod] = reason }
    }

    func reason(of pod: Int) -> UnservedPod.Reason { self.reasons[pod] ?? .stillUnplaced }
}
