/// What to buy so that pending work starts, and what that costs.
///
/// Equal input gives an equal value. Every pod of a purchase has a place on its nodes that the planner found and the
/// verifier accepted.
public struct PurchasePlan: Hashable, Sendable {
    /// Gangs first, in the order of their demand; then single pods, by offering; then nodes that pools keep without any work.
    public var purchases: [Purchase]
    /// Pending pods that no purchase helps, sorted by key.
    public var unserved: [UnservedPod]
    /// No nodes of these pools on which the served work runs are expected to cost less: for single pods any nodes, for a gang any
    /// launch of one offering. A gang that found part of its room elsewhere counts nothing. Millionths of a dollar per hour.
    public var lowerBoundPerHourMicroUSD: Int64

    public init(purchases: [Purchase] = [], unserved: [UnservedPod] = [], lowerBoundPerHourMicroUSD: Int64 = 0) {
        self.purchases = purchases
        self.unserved = unserved
        self.lowerBoundPerHourMicroUSD = lowerBoundPerHourMicroUSD
    }

    /// With nodes that pools keep. The lower bound is of what the work needs, and stays.
    public func adding(_ kept: [Purchase]) -> PurchasePlan {
        var plan = self
        plan.purchases += kept
        return plan
    }

    public var pricePerHourMicroUSD: Int64 { self.purchases.reduce(0) { $0 + $1.pricePerHourMicroUSD } }
    public var expectedCostPerHourMicroUSD: Int64 { self.purchases.reduce(0) { $0 + $1.expectedCostPerHourMicroUSD } }
}

/// Nodes of one offering, bought in one launch: all of them or none.
public struct Purchase: Hashable, Sendable {
    public var pool: String
    public var offering: OfferingKey
    public var nodeCount: Int
    /// Of all nodes together.
    public var pricePerHourMicroUSD: Int64
    /// The price and what interruptions are expected to cost, of all nodes together.
    public var expectedCostPerHourMicroUSD: Int64
    /// The same nodes on demand; nil where the pool does not offer them so.
    public var onDemandPricePerHourMicroUSD: Int64?
    /// The gang that needs them; nil for single pods.
    public var group: PodGroupKey?
    /// Pods that run there, sorted. None: the pool keeps the nodes, by its minimum, its schedules or as warm ones.
    public var pods: [PodKey]

    public init(
        pool: String, offering: OfferingKey, nodeCount: Int, pricePerHourMicroUSD: Int64,
        expectedCostPerHourMicroUSD: Int64, onDemandPricePerHourMicroUSD: Int64? = nil, group: PodGroupKey? = nil,
        pods: [PodKey] = []
    ) {
        self.pool = pool
        self.offering = offering
        self.nodeCount = nodeCount
        self.pricePerHourMicroUSD = pricePerHourMicroUSD
        self.expectedCostPerHourMicroUSD = expectedCostPerHourMicroUSD
        self.onDemandPricePerHourMicroUSD = onDemandPricePerHourMicroUSD
        self.group = group
        self.pods = pods
    }
}

/// A pending pod for which nothing is bought, and why.
public struct UnservedPod: Hashable, Sendable {
    public enum Reason: String, Hashable, Sendable {
        /// It waits for something that no node gives: a declaration, a claim, missing members, other pods.
        case notForLackOfNodes = "NotForLackOfNodes"
        /// No offering of any pool could run it.
        case noOfferingFits = "NoOfferingFits"
        /// Offerings could run it, but their pools are at their limit or in back-off.
        case offeringsExhausted = "OfferingsExhausted"
        /// Its deadline leaves time to wait for spot, of which there is none now.
        case waitsForSpot = "WaitsForSpot"
        /// The gang needs to be nearer together than one launch promises.
        case launchCannotPromiseDomain = "LaunchCannotPromiseDomain"
        /// With the nodes that the search chose it still found no place.
        case stillUnplaced = "StillUnplaced"
    }

    public var pod: PodKey
    public var reason: Reason

    public init(pod: PodKey, reason: Reason) {
        self.pod = pod
        self.reason = reason
    }
}
