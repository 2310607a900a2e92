import CapacityPlanner
import ControlLoop
import SchedulingModel

/// A cloud with too little of everything: capacity that is refused or fulfilled in part, machines that boot slowly or never, and machines
/// that are taken back.
///
/// Copied of real ones: a client token buys once, whoever asks and however often; a machine that is deleted is gone from lists at once
/// and its node a little later.
struct SimulatedCloud {
    struct Instance {
        var id: MachineID
        var token: String
        var pool: String
        var offering: OfferingKey
        var bornMillis: Int64
        var isGone = false
    }

    let pools: [NodePool]
    private(set) var instances: [MachineID: Instance] = [:]
    private var launches: [String: [MachineID]] = [:]
    private var capacity: [OfferingKey: Int] = [:]

    init(pools: [NodePool]) { self.pools = pools }

    var living: [Instance] { self.instances.values.filter { !$0.isGone }.sorted { $0.id < $1.id } }

    func livingCount(of pool: String) -> Int { self.instances.values.count { $0.pool == pool && !$0.isGone } }

    mutating func setCapacity(_ count: Int, of key: OfferingKey) { self.capacity[key] = count }

    /// - Parameter part: How many machines the cloud gives at most.
    mutating func launch(_ claim: LaunchClaim, atMost part: Int, atMillis now: Int64) -> PoolResult {
        if let machines = self.launches[claim.token] { return .launched(machines) }
        let count = min(claim.count, part)
        let free = self.capacity[claim.offering, default: 0]
        guard count > 0, free >= count else { return .refused(.noCapacity) }
        self.capacity[claim.offering] = free - count
        let machines = (0..<count).map { index in
            let id = MachineID("m\(self.instances.count + index)")
            return Instance(id: id, token: claim.token, pool: claim.pool, offering: claim.offering, bornMillis: now)
        }
        for machine in machines { self.instances[machine.id] = machine }
        self.launches[claim.token] = machines.map(\.id)
        return .launched(machines.map(\.id))
    }

    mutating func end(_ machine: MachineID) {
        guard let instance = self.instances[machine], !instance.isGone else { return }
        self.instances[machine]?.isGone = true
        self.capacity[instance.offering, default: 0] += 1
    }

    func list(_ pool: String) -> PoolResult {
        .machines(
            self.living.filter { $0.pool == pool }.map {
                ListedMachine(id: $0.id, offering: $0.offering, token: $0.token)
            })
    }

    /// The node that the machine becomes.
    func node(_ instance: Instance) -> NodeState? {
        let pool = self.pools.first { $0.name == instance.pool }
        let name = NodeName(instance.id.rawValue)
        guard var node = pool?.expectedNode(instance.offering, as: name, launch: instance.token) else { return nil }
        node.providerID = "sim:///\(instance.offering.zone)/\(instance.id)"
        node.labels["rack"] = node.topologyPath.first ?? nil
        return node
    }

    // MARK: Pools

    /// One pool over two zones, which are racks, or whose launches share a rack each.
    static func pools(_ generator: inout SeededGenerator) -> [NodePool] {
        let promises = generator.once(in: 3)
        let offerings = [
            ("a", 8, CapacityType.spot, 8), ("b", 8, .spot, 9), ("a", 8, .onDemand, 20), ("b", 4, .spot, 5),
        ]
        return [
            NodePool(
                name: "gpus",
                offerings: offerings.map { zone, devices, capacityType, price in
                    var template = NodeState.simulated("template", devices: devices, rack: promises ? nil : zone)
                    template.labels[NodePool.label] = "gpus"
                    let key = OfferingKey(instanceType: "box-\(devices)", zone: zone, capacityType: capacityType)
                    return NodeOffering(
                        pool: "gpus", key: key, pricePerHourMicroUSD: Int64(price) * 1_000_000,
                        interruptionsPerHour: capacityType == .spot ? 0.05 : 0, template: template)
                }, maxNodes: generator.int(in: 1...6), launchLevel: promises ? 0 : nil)
        ]
    }
}
