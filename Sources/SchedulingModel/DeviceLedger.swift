/// Who holds how much of each device of one pool.
///
/// Protocol of use: 1. `choose` says which devices a request would get, or that it does not fit; 2. `take` books
/// them; 3. `giveBack` undoes exactly that booking. `choose` never changes anything. The rules are in `DeviceRule`.
public struct DeviceLedger: Hashable, Sendable {
    public let pool: DevicePool
    public private(set) var loads: [DeviceLoad]
    private let rule: DeviceRule

    public init(pool: DevicePool) {
        self.init(pool: pool, loads: Array(repeating: DeviceLoad(), count: max(0, pool.deviceCount)))
    }

    /// A ledger that goes on from loads kept elsewhere, one per device.
    public init(pool: DevicePool, loads: [DeviceLoad]) {
        self.pool = pool
        self.loads = loads
        self.rule = DeviceRule(pool)
    }

    public var idleCount: Int { self.loads.count { $0.isIdle } }

    /// Clients that could still be taken, looking at slots only.
    public var freeSlotCount: Int {
        let slots = self.pool.slotsPerDevice
        return self.loads.reduce(0) { $0 + ($1.isTakenWhole ? 0 : max(0, slots - Int($1.clientCount))) }
    }

    // MARK: Choosing

    /// Whether one more client of `request` fits on the device at `index`.
    public func hasRoom(for request: DeviceRequest, at index: Int) -> Bool {
        self.rule.hasRoom(for: DeviceDemandRule(request), beside: self.loads[index])
    }

    /// The devices that `request` would get, lowest index first, or nil where it does not fit. See `DeviceRule.choose`.
    public func choose(_ request: DeviceRequest, avoiding avoided: Set<Int> = []) -> [Int]? {
        guard request.isServed(by: self.pool) else { return nil }
        return self.rule.choose(
            DeviceDemandRule(request), from: self.loads, self.loads.indices, avoiding: DeviceSet(avoided))?.indices
    }

    /// Whether somebody else than the planner decides which device a client gets.
    public var isPickedByPlugin: Bool { self.rule.isPickedByPlugin }

    /// The devices of which `request` may get the next, neither memory nor fractions looked at.
    public func candidates(for request: DeviceRequest) -> [Int] {
        self.rule.candidates(for: DeviceDemandRule(request), in: self.loads, self.loads.indices).indices
    }

    /// Where a pod that already runs is assumed to be. See `DeviceRule.assumeHeld`.
    public func assumeHeld(_ request: DeviceRequest) -> [Int] {
        self.rule.assumeHeld(DeviceDemandRule(request), on: self.loads, self.loads.indices).indices
    }

    // MARK: Booking

    /// The assignments that booking `request` on `indices` stands for.
    public func assignments(_ request: DeviceRequest, at indices: [Int]) -> [DeviceAssignment] {
        let isWhole = self.rule.takesWhole(DeviceDemandRule(request))
        return indices.map { index in
            DeviceAssignment(
                resource: self.pool.resource, index: index, kind: isWhole ? .whole : request.kind,
                memoryMiB: isWhole ? nil : request.memoryMiB(on: self.pool),
                thousandths: request.thousandthsPerDevice,
                isAssumed: self.pool.chooser != .planner || self.pool.kind == .exclusive && request.kind != .fraction)
        }
    }

    public mutating func take(_ assignment: DeviceAssignment) { self.book(assignment, sign: 1) }

    public mutating func giveBack(_ assignment: DeviceAssignment) { self.book(assignment, sign: -1) }

    private mutating func book(_ assignment: DeviceAssignment, sign: Int) {
        guard self.loads.indices.contains(assignment.index) else { return }
        self.rule.book(
            memoryMiB: assignment.memoryMiB ?? 0, thousandths: Int32(clamping: assignment.thousandths ?? 0),
            isFraction: assignment.kind == .fraction, on: &self.loads[assignment.index], sign: sign)
    }

    /// Every load is non-negative and a device taken whole has one client.
    public func checkInvariants() {
        for load in self.loads {
            assert(load.clientCount >= 0, "negative client count \(load.clientCount)")
            assert(load.memoryMiB >= 0, "negative memory \(load.memoryMiB) MiB")
        }
    }
}
