import SchedulingModel

/// All offerings of all pools, and how many nodes each pool may still grow by.
struct Market {
    let pools: [NodePool]
    /// In the order of the pools.
    let offerings: [NodeOffering]
    let poolByOffering: [Int]
    private(set) var headroom: [Int]
    private let blocked: Set<OfferingKey>
    /// Only pools of this priority are open; nil: all.
    private var onlyPriority: Int?
    private var terms = DeadlineTerms.cheapest

    init(pools: [NodePool], blocked: Set<OfferingKey>) {
        self.pools = pools
        self.offerings = pools.flatMap(\.offerings)
        self.poolByOffering = pools.indices.flatMap { pool in pools[pool].offerings.map { _ in pool } }
        self.headroom = pools.map(\.headroom)
        self.blocked = blocked
    }

    /// Offerings that are not in back-off and whose pool is not at its limit.
    var openOfferings: [Int] {
        self.offerings.indices.filter { self.isOpen($0, count: 1) }
    }

    /// Of the pools, highest first.
    var priorities: [Int] { Set(self.pools.map(\.priority)).sorted(by: >) }

    func priority(of offering: Int) -> Int { self.pools[self.poolByOffering[offering]].priority }

    func only(priority: Int) -> Market {
        var market = self
        market.onlyPriority = priority
        return market
    }

    func only(_ terms: DeadlineTerms) -> Market {
        var market = self
        market.terms = terms
        return market
    }

    func isOpen(_ offering: Int, count: Int) -> Bool {
        guard self.terms.allows(self.offerings[offering].key.capacityType) else { return false }
        if let onlyPriority, self.priority(of: offering) != onlyPriority { return false }
        return self.headroom[self.poolByOffering[offering]] >= count
            && !self.blocked.contains(self.offerings[offering].key)
    }

    /// - Parameter used: All nodes that are to be bought, by offering.
    mutating func take(used: [Int: Int]) {
        self.headroom = self.pools.map(\.headroom)
        for (offering, count) in used { self.headroom[self.poolByOffering[offering]] -= count }
    }

    func launch(of offering: Int, count: Int) -> Launch {
        let pool = self.pools[self.poolByOffering[offering]]
        return Launch(
            offering: offering, count: count, template: self.offerings[offering].template, pool: pool.name,
            sharedLevel: pool.launchLevel, sharesNVLink: pool.launchSharesNVLink)
    }

    func onDemandPrice(of offering: Int) -> Int64? {
        let key = self.offerings[offering].key
        return self.offerings.first {
            $0.key.capacityType == .onDemand && $0.key.instanceType == key.instanceType && $0.key.zone == key.zone
        }?.pricePerHourMicroUSD
    }

    /// Whether all of `count` nodes of one launch are sure to share a domain of the axis.
    func promises(_ axis: TopologyAxis, _ offering: Int, count: Int) -> Bool {
        if count == 1 { return true }
        let pool = self.pools[self.poolByOffering[offering]]
        let template = self.offerings[offering].template
        switch axis {
        case .host: return false
        case .nvlink: return pool.launchSharesNVLink
        case .label(let key): return template.labels[key] != nil
        case .level(let level):
            let isKnown = template.topologyPath.prefix(level + 1).allSatisfy { $0 != nil }
            return isKnown || pool.launchLevel.map { $0 >= level } ?? false
        }
    }
}

/// Nodes of one offering that are bought together.
struct Launch {
    var offering: Int
    var count: Int
    var template: NodeState
    var pool: String
    var sharedLevel: Int?
    var sharesNVLink: Bool
}
