import SchedulingModel

/// What is held and what became of it, for whoever counts money.
extension ControlLoop {
    /// What became of bought machines since this was last asked. To be asked after every `apply`.
    public mutating func takeMachineEvents() -> [MachineEvent] {
        defer { self.capacity.machineEvents = [] }
        return self.capacity.machineEvents
    }

    mutating func note(_ kind: MachineEvent.Kind, _ claim: LaunchClaim, count: Int = 1) {
        self.capacity.machineEvents.append(
            MachineEvent(kind: kind, pool: claim.pool, offering: claim.offering, count: count))
    }

    /// Machines in claims, from the provider's answer until they are known to be gone, by pool and terms. None on a replica that does not
    /// lead.
    public var heldMachines: [HeldMachines] {
        struct Key: Hashable {
            var pool: String
            var capacityType: CapacityType
        }
        var held: [Key: HeldMachines] = [:]
        for claim in self.capacity.launches.values.map(\.claim) where !claim.machines.isEmpty {
            let key = Key(pool: claim.pool, capacityType: claim.offering.capacityType)
            var sum = held[key] ?? HeldMachines(pool: key.pool, capacityType: key.capacityType)
            sum.count += claim.machines.count
            sum.pricePerHourMicroUSD += self.price(of: claim) * Int64(claim.machines.count)
            held[key] = sum
        }
        return held.values.sorted { ($0.pool, $0.capacityType) < ($1.pool, $1.capacityType) }
    }
}
