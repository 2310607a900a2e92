public import SchedulingModel

/// What a provider says about a pool: shapes, prices and limits as they are, rather than as somebody wrote them down.
public struct PoolSupply: Hashable, Sendable {
    public var machineTypes: [PoolSettings.MachineSetting] = []
    public var prices: [PoolSettings.PriceSetting] = []
    public var minNodes: Int?
    public var maxNodes: Int?
    /// Labels that all machines of the pool come with.
    public var labels: [String: String] = [:]
    /// Taints that some machine of the pool comes with.
    public var taints: [Taint] = []
    /// What was asked and not told, for people. The file and the catalogue stand in for it.
    public var problems: [String] = []

    public init() {}
}

extension PoolSettings {
    /// The settings with what the provider says where the file is silent.
    ///
    /// The file's own prices, machine types and labels go before the provider's, the provider's prices before the catalogue's, the
    /// catalogue's shapes before the provider's. Of the limits the narrower count.
    public func completed(by supply: PoolSupply) -> PoolSettings {
        var settings = self
        settings.prices = supply.prices + self.prices
        settings.machineTypes += supply.machineTypes.filter { type in
            InstanceCatalog.machines[type.name] == nil && !self.machineTypes.contains { $0.name == type.name }
        }
        settings.minNodes = max(self.minNodes, supply.minNodes ?? 0)
        settings.maxNodes = min(self.maxNodes, supply.maxNodes ?? self.maxNodes)
        settings.minNodes = min(settings.minNodes, settings.maxNodes)
        settings.labels = supply.labels.merging(self.labels) { $1 }
        settings.taints += supply.taints.filter { !self.taints.contains($0) }
        return settings
    }
}
