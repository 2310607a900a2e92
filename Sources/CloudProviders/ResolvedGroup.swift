import ClusterImport
import SchedulingModel

/// A group of which it is known what it gives.
struct ResolvedGroup: Sendable {
    let name: String
    let offering: OfferingKey

    /// - Throws: `invalid` where neither the group nor the pool says what it gives, by having only one choice.
    static func all(
        _ groups: [ProviderSetting.MachineGroup], of pool: PoolSettings
    ) throws(NodePoolError) -> [ResolvedGroup] {
        var resolved: [ResolvedGroup] = []
        for group in groups {
            let type = try self.only(group.instanceType, pool.instanceTypes, "instanceType", group.name)
            let zone = try self.only(group.zone, pool.zones, "zone", group.name)
            let capacityType = try self.only(group.capacityType, pool.capacityTypes, "capacityType", group.name)
            resolved.append(
                ResolvedGroup(
                    name: group.name,
                    offering: OfferingKey(instanceType: type, zone: zone, capacityType: capacityType)))
        }
        return resolved
    }

    private static func only<Choice>(
        _ said: Choice?, _ choices: [Choice], _ field: String, _ group: String
    ) throws(NodePoolError) -> Choice {
        if let said { return said }
        guard choices.count == 1, let choice = choices.first else {
            throw NodePoolError(.invalid, "group \(group) does not say its \(field), and the pool has several")
        }
        return choice
    }

    /// The first group that gives the request's offering.
    static func giving(_ request: LaunchRequest, _ groups: [ResolvedGroup]) throws(NodePoolError) -> ResolvedGroup {
        guard request.count > 0, !request.clientToken.isEmpty, request.clientToken.utf8.count <= 64 else {
            throw NodePoolError(.invalid, "\(request.count) machines with token '\(request.clientToken)'")
        }
        guard let group = groups.first(where: { $0.offering == request.offering }) else {
            throw NodePoolError(.invalid, "no group of pool \(request.pool) gives \(request.offering)")
        }
        return group
    }

    func launched(_ name: String, _ clientToken: String?, providerID: String?) -> LaunchedMachine {
        LaunchedMachine(
            id: MachineID(name), offering: self.offering, clientToken: clientToken, providerID: providerID)
    }
}
