public import SchedulingCycle
public import SchedulingModel

/// Whether a bought node should make way for a cheaper one: spot for spot that has become cheaper, or on demand for spot that can be
/// had again.
///
/// Only nodes whose pods stand there alone, gangs included: of a gang over several nodes all would lose their work for one of them.
/// The proof is a plan of the cluster with the new node instead of the old one.
public struct ReplacementPlanner: Sendable {
    public var interruptions: InterruptionModel
    /// Over how many hours a saving is counted.
    public var savingHours = 4.0
    /// Offerings tried for one node, cheapest first.
    public var trialLimit = 2
    public var configuration: PlannerConfiguration

    public init(interruptions: InterruptionModel, configuration: PlannerConfiguration = PlannerConfiguration()) {
        self.interruptions = interruptions
        self.configuration = configuration
        self.configuration.searchesFixes = false
        self.configuration.provesBound = false
        self.configuration.refillLimit = 0
    }

    /// The cheapest offering on which the node's pods run so much cheaper that it pays, of pools of no lower priority than the
    /// node's, and among the first `trialLimit`; nil where the node should stay.
    ///
    /// - Parameters:
    ///   - node: It has pods.
    ///   - offering: What the node was bought as.
    ///   - blocked: Offerings that are in back-off.
    ///   - now: Seconds since 1970: work without time for an interruption is not put on spot.
    /// - Throws: `RefusedPlan` where the verifier rejects a trial: a bug of ours.
    public func replacement(
        of node: GiveBackPlanner.OwnedNode, boughtAs offering: NodeOffering, in snapshot: ClusterSnapshot,
        pools: [NodePool], limits: GiveBackPlanner.Limits, blocked: Set<OfferingKey>, atSeconds now: Int64
    ) throws(RefusedPlan) -> NodeOffering? {
        guard let least = pools.first(where: { $0.name == node.pool })?.priority else { return nil }
        let offered = pools.filter { $0.priority >= least && $0.headroom > 0 }.flatMap(\.offerings)
        let cheaper = offered.filter { !blocked.contains($0.key) && self.cost($0) < self.cost(offering) }
            .sorted { (self.cost($0), $0.key) < (self.cost($1), $1.key) }
        for candidate in cheaper.prefix(self.trialLimit) {
            if try self.takes(candidate, over: node, offering, snapshot, pools, limits, now) { return candidate }
        }
        return nil
    }

    private func cost(_ offering: NodeOffering) -> Double {
        self.interruptions.expectedCostPerHour(offering, count: 1, together: false)
    }

    private func takes(
        _ candidate: NodeOffering, over node: GiveBackPlanner.OwnedNode, _ offering: NodeOffering,
        _ snapshot: ClusterSnapshot, _ pools: [NodePool], _ limits: GiveBackPlanner.Limits, _ now: Int64
    ) throws(RefusedPlan) -> Bool {
        var pools = pools
        // The new one is there before the old one goes.
        for index in pools.indices where pools[index].name == candidate.pool { pools[index].nodeCount += 1 }
        let template = candidate.template.expected(
            as: NodeName("(new \(candidate.pool))"), launch: "new",
            sharedLevel: pools.first { $0.name == candidate.pool }?.launchLevel, sharesNVLink: false)
        let with = ClusterSnapshot(
            nodes: snapshot.nodes + [template], pods: snapshot.pods, groups: snapshot.groups,
            topology: snapshot.topology)
        let ledger = GiveBackLedger(snapshot: with, pools: pools, owned: [node], limits: limits)
        guard ledger.mayGiveBack(node), let pods = ledger.movablePods(on: node.name), !pods.isEmpty,
            pods.allSatisfy({ with.pods[$0].node == node.name }), ledger.mayMove(pods),
            self.pays(candidate, over: offering, moving: pods.map { with.pods[$0] })
        else { return false }
        let terms = DeadlineTerms(of: pods, in: with, interruptions: self.interruptions, atSeconds: now)
        guard terms != .urgent || candidate.key.capacityType != .spot else { return false }
        return try ledger.moves(of: pods, awayFrom: node.name, self.configuration) != nil
    }

    /// What is saved over the horizon against the work that is lost at the old price, and the time in which both are paid for.
    private func pays(_ candidate: NodeOffering, over offering: NodeOffering, moving pods: [PodState]) -> Bool {
        let share = GiveBackPlanner.share(of: pods, on: offering.template.devicePools)
        let lost = self.cost(offering) * share * (self.interruptions.lostWorkHours + self.interruptions.restartHours)
        let both = self.cost(candidate) * self.interruptions.restartHours
        return (self.cost(offering) - self.cost(candidate)) * self.savingHours > lost + both
    }
}
