/// Who holds how much of each device of one pool.
///
/// Protocol of use: 1. `choose` says which devices a request would get, or that it does not fit; 2. `take` books
/// them; 3. `giveBack` undoes exactly that booking. `choose` never changes anything.
public struct DeviceLedger: Hashable, Sendable {
    /// The load on one device.
    public struct Load: Hashable, Sendable {
        public var clientCount = 0
        /// Declared or assumed memory of all clients. Facts may exceed the device; decisions never do.
        public var memoryMiB: Int64 = 0
        public var thousandths = 0
        /// Taken whole: nobody else may use it.
        public var isTakenWhole = false

        public init() {}

        public var isIdle: Bool { self.clientCount == 0 }
    }

    public let pool: DevicePool
    public private(set) var loads: [Load]

    public init(pool: DevicePool) {
        self.pool = pool
        self.loads = Array(repeating: Load(), count: max(0, pool.deviceCount))
    }

    public var idleCount: Int { self.loads.count { $0.isIdle } }

    /// Clients that could still be taken, looking at slots only.
    public var freeSlotCount: Int {
        let slots = self.pool.slotsPerDevice
        return self.loads.reduce(0) { $0 + ($1.isTakenWhole ? 0 : max(0, slots - $1.clientCount)) }
    }

    // MARK: Choosing

    /// Whether one more client of `request` fits on the device at `index`.
    public func hasRoom(for request: DeviceRequest, at index: Int) -> Bool {
        let load = self.loads[index]
        if load.isTakenWhole { return false }
        switch (request.kind, self.pool.kind) {
        case (.whole, _), (.mig, .exclusive), (.slot, .exclusive):
            return load.isIdle && self.memoryFits(request, beside: 0)
        case (.slot, .shared(let slots, _)), (.mig, .shared(let slots, _)), (.fraction, .shared(let slots, _)):
            return load.clientCount < slots && self.memoryFits(request, beside: load.memoryMiB)
                && (request.thousandthsPerDevice ?? 0) <= 1000 - load.thousandths
        case (.fraction, .exclusive):
            return (request.thousandthsPerDevice ?? 0) <= 1000 - load.thousandths
                && self.memoryFits(request, beside: load.memoryMiB)
        }
    }

    private func memoryFits(_ request: DeviceRequest, beside used: Int64) -> Bool {
        guard let total = self.pool.memoryMiBPerDevice else { return request.memoryMiBPerDevice == nil }
        guard let asked = request.memoryMiB(on: self.pool) else { return true }
        if request.kind == .whole { return (request.memoryMiBPerDevice ?? 0) <= total }
        return asked <= (self.pool.memoryMiBLimitPerClient ?? total) && used.addingSaturated(asked) <= total
    }

    /// The devices that `request` would get, lowest index first, or nil where it does not fit.
    ///
    /// Where a plugin picks the device, the answer is yes only if the request fits on every device that the plugin's
    /// rule leaves open; the one named is the lowest of them. Where the planner picks: the fullest device with room,
    /// lowest index first among equals, idle ones last.
    ///
    /// - Parameters:
    ///   - avoided: Devices held by members of the same group. Never chosen.
    /// - Complexity: O(*d* · `request.count`), *d* devices in the pool.
    public func choose(_ request: DeviceRequest, avoiding avoided: Set<Int> = []) -> [Int]? {
        guard request.isServed(by: self.pool), request.count > 0, request.count <= self.loads.count else { return nil }
        if request.count == 1 { return self.chooseOne(request, avoiding: avoided).map { [$0] } }
        var chosen: [Int] = []
        var taken = avoided
        while chosen.count < request.count {
            guard let next = self.chooseOne(request, avoiding: taken) else { return nil }
            chosen.append(next)
            taken.insert(next)
        }
        return chosen.sorted()
    }

    private func chooseOne(_ request: DeviceRequest, avoiding avoided: Set<Int>) -> Int? {
        if self.isPickedByPlugin {
            self.firstIfAllFit(self.candidates(for: request), request, avoiding: avoided)
        } else {
            self.fullestWithRoom(for: request, avoiding: avoided)
        }
    }

    /// Whether somebody else than the planner decides which device a client of this pool gets, so that all that may be
    /// decided must do. A whole device is a whole device, whoever picks it.
    public var isPickedByPlugin: Bool { self.pool.kind != .exclusive && self.pool.chooser != .planner }

    /// The devices of which `request` may get the next, neither memory nor fractions looked at: those the plugin's rule
    /// leaves open, else every one with a place.
    public func candidates(for request: DeviceRequest) -> [Int] {
        let slots = self.pool.slotsPerDevice
        let isFractionOfCard = request.kind == .fraction && self.pool.kind == .exclusive
        let open = self.loads.indices.filter { index in
            let load = self.loads[index]
            return !load.isTakenWhole && (load.clientCount < slots || isFractionOfCard)
        }
        guard self.isPickedByPlugin else { return open }
        let clients = open.map { self.loads[$0].clientCount }
        let picked = self.pool.chooser == .pluginPacked ? clients.max() : clients.min()
        return open.filter { self.loads[$0].clientCount == picked }
    }

    private func firstIfAllFit(_ candidates: [Int], _ request: DeviceRequest, avoiding avoided: Set<Int>) -> Int? {
        guard candidates.allSatisfy({ !avoided.contains($0) && self.hasRoom(for: request, at: $0) }) else { return nil }
        return candidates.first
    }

    private func fullestWithRoom(for request: DeviceRequest, avoiding avoided: Set<Int>) -> Int? {
        var best: Int?
        for index in self.loads.indices where !avoided.contains(index) && self.hasRoom(for: request, at: index) {
            guard let current = best else {
                best = index
                continue
            }
            let (candidate, chosen) = (self.loads[index], self.loads[current])
            let isFuller =
                (candidate.memoryMiB, candidate.thousandths, candidate.clientCount)
                > (chosen.memoryMiB, chosen.thousandths, chosen.clientCount)
            if isFuller { best = index }
        }
        return best
    }

    /// Where a pod that already runs is assumed to be, by the rule of whoever picked, with memory not looked at:
    /// a plugin does not know it. Fewer than `request.count` devices come back where the facts leave no room.
    public func assumeHeld(_ request: DeviceRequest) -> [Int] {
        var chosen: [Int] = []
        let slots = self.pool.slotsPerDevice
        while chosen.count < min(request.count, self.loads.count) {
            let open = self.loads.indices.filter { index in
                let load = self.loads[index]
                let isFractionOnCard = request.kind == .fraction && self.pool.kind == .exclusive
                return !chosen.contains(index) && !load.isTakenWhole && (load.clientCount < slots || isFractionOnCard)
            }
            let pick: Int? =
                switch (request.kind, self.pool.chooser) {
                case (.fraction, _):
                    open.first { self.hasRoom(for: request, at: $0) && !self.loads[$0].isIdle }
                        ?? open.first { self.loads[$0].isIdle } ?? open.first
                case (_, .pluginPacked): open.max { self.precedes($0, $1) }
                case (_, .pluginDistributed), (_, .planner):
                    open.min { self.loads[$0].clientCount < self.loads[$1].clientCount }
                }
            guard let pick else { break }
            chosen.append(pick)
        }
        return chosen.sorted()
    }

    /// Fewer clients first; of equals the higher index first, so that `max` takes the lowest.
    private func precedes(_ lhs: Int, _ rhs: Int) -> Bool {
        (self.loads[lhs].clientCount, -lhs) < (self.loads[rhs].clientCount, -rhs)
    }

    // MARK: Booking

    /// The assignments that booking `request` on `indices` stands for.
    public func assignments(_ request: DeviceRequest, at indices: [Int]) -> [DeviceAssignment] {
        let isWhole = self.takesWhole(request)
        return indices.map { index in
            DeviceAssignment(
                resource: self.pool.resource, index: index, kind: isWhole ? .whole : request.kind,
                memoryMiB: isWhole ? nil : request.memoryMiB(on: self.pool),
                thousandths: request.thousandthsPerDevice,
                isAssumed: self.pool.chooser != .planner || self.pool.kind == .exclusive && request.kind != .fraction)
        }
    }

    private func takesWhole(_ request: DeviceRequest) -> Bool {
        switch (request.kind, self.pool.kind) {
        case (.whole, _), (.slot, .exclusive): self.pool.migProfile == nil || request.kind == .whole
        case (.mig, _), (.slot, .shared), (.fraction, _): false
        }
    }

    public mutating func take(_ assignment: DeviceAssignment) { self.book(assignment, sign: 1) }

    public mutating func giveBack(_ assignment: DeviceAssignment) { self.book(assignment, sign: -1) }

    private mutating func book(_ assignment: DeviceAssignment, sign: Int) {
        guard self.loads.indices.contains(assignment.index) else { return }
        // What a pod declares is untrusted: no single client can make a sum overflow, and giving back stays exact.
        let memoryMiB = min(max(assignment.memoryMiB ?? 0, 0), 1 << 40)
        let thousandths = min(max(assignment.thousandths ?? 0, 0), 1 << 20)
        self.loads[assignment.index].clientCount += sign
        self.loads[assignment.index].memoryMiB += Int64(sign) * memoryMiB
        self.loads[assignment.index].thousandths += sign * thousandths
        let isExclusivelyHeld = assignment.kind != .fraction && self.pool.kind == .exclusive
        if isExclusivelyHeld { self.loads[assignment.index].isTakenWhole = sign > 0 }
    }

    /// Every load is non-negative and a device taken whole has one client.
    public func checkInvariants() {
        for load in self.loads {
            assert(load.clientCount >= 0, "negative client count \(load.clientCount)")
            assert(load.memoryMiB >= 0, "negative memory \(load.memoryMiB) MiB")
        }
    }
}
