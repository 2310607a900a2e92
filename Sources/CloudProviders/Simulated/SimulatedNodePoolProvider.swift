public import SchedulingModel

/// A cloud in memory, for demos, simulations and tests: capacity per offering, and replies that get lost on request.
public actor SimulatedNodePoolProvider: NodePoolProvider {
    private var capacity: [OfferingKey: Int]
    private var machinesByPool: [String: [MachineID: LaunchedMachine]] = [:]
    /// What each client token came to. Only launches that happened are kept: a refusal may be asked again.
    private var launches: [String: (request: LaunchRequest, machines: [LaunchedMachine])] = [:]
    private var machineCount = 0
    private var repliesToLose = 0

    /// - Parameter capacity: Machines that can still be bought; an offering that is not listed has none.
    public init(capacity: [OfferingKey: Int]) { self.capacity = capacity }

    // MARK: What a test may do to it

    public func setCapacity(_ count: Int, of offering: OfferingKey) { self.capacity[offering] = count }

    /// The next calls of `grow` take effect, and their callers are not told.
    public func loseReplies(_ count: Int) { self.repliesToLose = count }

    public var boughtCount: Int { self.machineCount }

    // MARK: NodePoolProvider

    public func grow(_ request: LaunchRequest) async throws(NodePoolError) -> [LaunchedMachine] {
        guard request.count > 0, !request.clientToken.isEmpty, request.clientToken.utf8.count <= 64 else {
            throw NodePoolError(.invalid, "\(request.count) machines with token '\(request.clientToken)'")
        }
        if let earlier = self.launches[request.clientToken] {
            guard earlier.request == request else {
                throw NodePoolError(.invalid, "token \(request.clientToken) stands for another launch")
            }
            return earlier.machines
        }
        let free = self.capacity[request.offering, default: 0]
        guard free >= request.count else {
            throw NodePoolError(.noCapacity, "\(request.offering): asked for \(request.count), there are \(free)")
        }
        self.capacity[request.offering] = free - request.count
        let machines = (0..<request.count).map { _ in
            self.machineCount += 1
            let name = "sim-\(self.machineCount)"
            return LaunchedMachine(
                id: MachineID(name), offering: request.offering, clientToken: request.clientToken,
                providerID: "simulated:///\(request.offering.zone)/\(name)")
        }
        for machine in machines { self.machinesByPool[request.pool, default: [:]][machine.id] = machine }
        self.launches[request.clientToken] = (request, machines)
        if self.repliesToLose > 0 {
            self.repliesToLose -= 1
            throw NodePoolError(.transient, "the reply was lost")
        }
        return machines
    }

    public func delete(_ machines: [MachineID], of pool: String) async throws(NodePoolError) {
        for machine in machines {
            guard let known = self.machinesByPool[pool]?.removeValue(forKey: machine) else { continue }
            self.capacity[known.offering, default: 0] += 1
        }
    }

    public func machines(of pool: String) async throws(NodePoolError) -> [LaunchedMachine] {
        self.machinesByPool[pool, default: [:]].values.sorted { $0.id < $1.id }
    }
}
