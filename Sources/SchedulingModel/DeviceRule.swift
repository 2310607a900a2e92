/// The load on one device.
public struct DeviceLoad: Hashable, Sendable {
    /// Declared or assumed memory of all clients. Facts may exceed the device; decisions never do.
    public var memoryMiB: Int64 = 0
    public var thousandths: Int32 = 0
    public var clientCount: Int32 = 0
    /// Clients that hold the device whole: one, or more while room is kept for work that waits for others to leave.
    public var wholeCount: Int32 = 0
    /// Taken whole: nobody else may use it.
    public var isTakenWhole: Bool { self.wholeCount > 0 }

    public init() {}

    public var isIdle: Bool { self.clientCount == 0 }
}

/// A device request in numbers alone: what choosing and booking look at, without names.
public struct DeviceDemandRule: Hashable, Sendable {
    public enum Kind: UInt8, Sendable {
        case whole
        case slot
        case mig
        case fraction
    }

    public let kind: Kind
    public let count: Int32
    /// -1 where the pod says nothing.
    public let memoryMiBPerDevice: Int64
    /// -1 where the pod says nothing.
    public let thousandthsPerDevice: Int32

    public init(_ request: DeviceRequest) {
        switch request.kind {
        case .whole: self.kind = .whole
        case .slot: self.kind = .slot
        case .mig: self.kind = .mig
        case .fraction: self.kind = .fraction
        }
        self.count = Int32(clamping: request.count)
        self.memoryMiBPerDevice = request.memoryMiBPerDevice.map { max(0, $0) } ?? -1
        self.thousandthsPerDevice = request.thousandthsPerDevice.map { Int32(clamping: max(0, $0)) } ?? -1
    }
}

/// How the devices of one pool are handed out, in numbers alone.
///
/// Everything here is arithmetic on loads that the caller keeps, so that a ledger and a table of a hundred thousand nodes
/// follow the same rules.
public struct DeviceRule: Hashable, Sendable {
    /// One client per device, or several that declare fractions.
    public let isExclusive: Bool
    public let isMIG: Bool
    /// Whether somebody else than the planner decides which device a client of this pool gets, so that all that may be
    /// decided must do. A whole device is a whole device, whoever picks it.
    public let isPickedByPlugin: Bool
    /// The plugin takes the device with most clients, not with fewest.
    public let isPacked: Bool
    public let slotsPerDevice: Int32
    /// -1 where nobody knows.
    public let memoryMiBPerDevice: Int64
    /// The most that one client may use; -1 where nobody knows.
    public let memoryMiBLimitPerClient: Int64

    public init(_ pool: DevicePool) {
        self.isExclusive = pool.kind == .exclusive
        self.isMIG = pool.migProfile != nil
        self.isPickedByPlugin = pool.kind != .exclusive && pool.chooser != .planner
        self.isPacked = pool.chooser == .pluginPacked
        self.slotsPerDevice = Int32(clamping: pool.slotsPerDevice)
        self.memoryMiBPerDevice = pool.memoryMiBPerDevice ?? -1
        self.memoryMiBLimitPerClient = pool.memoryMiBLimitPerClient ?? -1
    }

    /// The memory a request takes on a device of this pool; -1 where nobody knows.
    @inline(__always)
    public func memoryMiB(of request: DeviceDemandRule) -> Int64 {
        if request.memoryMiBPerDevice >= 0 { return request.memoryMiBPerDevice }
        guard self.memoryMiBPerDevice >= 0 else { return -1 }
        if request.thousandthsPerDevice >= 0 {
            let thousandths = Int64(min(request.thousandthsPerDevice, 1000))
            let (whole, rest) = self.memoryMiBPerDevice.quotientAndRemainder(dividingBy: 1000)
            return whole * thousandths + rest * thousandths / 1000
        }
        return self.memoryMiBPerDevice / Int64(max(1, self.slotsPerDevice))
    }

    // MARK: Room

    /// Whether one more client of `request` fits on a device with this load.
    @inline(__always)
    public func hasRoom(for request: DeviceDemandRule, beside load: DeviceLoad) -> Bool {
        if load.isTakenWhole { return false }
        let thousandths = request.thousandthsPerDevice
        switch (request.kind, self.isExclusive) {
        case (.whole, _), (.mig, true), (.slot, true): return load.isIdle && self.memoryFits(request, beside: 0)
        case (.slot, false), (.mig, false), (.fraction, false):
            return load.clientCount < self.slotsPerDevice && max(0, thousandths) <= 1000 - load.thousandths
                && self.memoryFits(request, beside: load.memoryMiB)
        case (.fraction, true):
            return max(0, thousandths) <= 1000 - load.thousandths
                && self.memoryFits(request, beside: load.memoryMiB)
        }
    }

    @inline(__always)
    private func memoryFits(_ request: DeviceDemandRule, beside used: Int64) -> Bool {
        let total = self.memoryMiBPerDevice
        guard total >= 0 else { return request.memoryMiBPerDevice < 0 }
        if request.kind == .whole { return request.memoryMiBPerDevice <= total }
        let asked = self.memoryMiB(of: request)
        let limit = self.memoryMiBLimitPerClient >= 0 ? self.memoryMiBLimitPerClient : total
        return asked <= limit && used.addingSaturated(asked) <= total
    }

    // MARK: Choosing

    /// The devices that `request` would get, or nil where it does not fit. Whether the pool serves such requests at all is the
    /// caller's business.
    ///
    /// Where a plugin picks the device, the answer is yes only if the request fits on every device that the plugin's
    /// rule leaves open; the one named is the lowest of them. Where the planner picks: the fullest device with room,
    /// lowest index first among equals, idle ones last.
    ///
    /// - Parameters:
    ///   - range: Where in `loads` the pool's devices are.
    ///   - avoided: Devices held by members of the same group. Never chosen.
    /// - Complexity: O(*d* · `request.count`), *d* devices in the pool. Whole devices cost O(*d*).
    public func choose(
        _ request: DeviceDemandRule, from loads: [DeviceLoad], _ range: Range<Int>,
        avoiding avoided: DeviceSet = DeviceSet()
    ) -> DeviceSet? {
        guard request.count > 0, Int(request.count) <= range.count else { return nil }
        var chosen = DeviceSet()
        if !self.isPickedByPlugin, self.isExclusive, request.kind != .fraction {
            var missing = request.count
            for index in 0..<min(range.count, DeviceSet.capacity) where missing > 0 {
                guard !avoided.contains(index), self.hasRoom(for: request, beside: loads[range.lowerBound + index])
                else { continue }
                chosen.insert(index)
                missing -= 1
            }
            return missing == 0 ? chosen : nil
        }
        var taken = avoided
        for _ in 0..<request.count {
            guard let next = self.chooseOne(request, from: loads, range, avoiding: taken) else { return nil }
            chosen.insert(next)
            taken.insert(next)
        }
        return chosen
    }

    private func chooseOne(
        _ request: DeviceDemandRule, from loads: [DeviceLoad], _ range: Range<Int>, avoiding avoided: DeviceSet
    ) -> Int? {
        guard self.isPickedByPlugin else {
            return self.fullestWithRoom(for: request, in: loads, range, avoiding: avoided)
        }
        let open = self.candidates(for: request, in: loads, range)
        for index in 0..<min(range.count, DeviceSet.capacity) where open.contains(index) {
            if avoided.contains(index) || !self.hasRoom(for: request, beside: loads[range.lowerBound + index]) {
                return nil
            }
        }
        return open.first
    }

    /// The devices of which `request` may get the next, neither memory nor fractions looked at: those the plugin's rule
    /// leaves open, else every one with a place.
    public func candidates(for request: DeviceDemandRule, in loads: [DeviceLoad], _ range: Range<Int>) -> DeviceSet {
        let isFractionOfCard = request.kind == .fraction && self.isExclusive
        var open = DeviceSet()
        var picked: Int32?
        for index in 0..<min(range.count, DeviceSet.capacity) {
            let load = loads[range.lowerBound + index]
            guard !load.isTakenWhole, load.clientCount < self.slotsPerDevice || isFractionOfCard else { continue }
            guard self.isPickedByPlugin, let best = picked, load.clientCount != best else {
                open.insert(index)
                picked = picked ?? load.clientCount
                continue
            }
            guard (load.clientCount > best) == self.isPacked else { continue }
            open = DeviceSet([index])
            picked = load.clientCount
        }
        return open
    }

    private func fullestWithRoom(
        for request: DeviceDemandRule, in loads: [DeviceLoad], _ range: Range<Int>, avoiding avoided: DeviceSet
    ) -> Int? {
        var best: Int?
        for index in 0..<min(range.count, DeviceSet.capacity) where !avoided.contains(index) {
            guard self.hasRoom(for: request, beside: loads[range.lowerBound + index]) else { continue }
            if let current = best, !loads[range.lowerBound + index].isFuller(than: loads[range.lowerBound + current]) {
                continue
            }
            best = index
        }
        return best
    }

    /// Where a pod that already runs is assumed to be, by the rule of whoever picked, with memory not looked at:
    /// a plugin does not know it. Fewer than `request.count` devices come back where the facts leave no room.
    public func assumeHeld(_ request: DeviceDemandRule, on loads: [DeviceLoad], _ range: Range<Int>) -> DeviceSet {
        var chosen = DeviceSet()
        for _ in 0..<min(Int(request.count), range.count) {
            guard let next = self.assumeOneHeld(request, on: loads, range, beside: chosen) else { break }
            chosen.insert(next)
        }
        return chosen
    }

    private func assumeOneHeld(
        _ request: DeviceDemandRule, on loads: [DeviceLoad], _ range: Range<Int>, beside chosen: DeviceSet
    ) -> Int? {
        let isFraction = request.kind == .fraction
        // No device can be better than this.
        let least = isFraction || !self.isPacked ? 0 : 1 - self.slotsPerDevice
        var best: Int?
        var bestOrder = Int32.max
        for index in 0..<min(range.count, DeviceSet.capacity) where !chosen.contains(index) {
            let load = loads[range.lowerBound + index]
            let isOpen = load.clientCount < self.slotsPerDevice || isFraction && self.isExclusive
            guard !load.isTakenWhole, isOpen else { continue }
            let order: Int32
            if isFraction {
                let joins = !load.isIdle && self.hasRoom(for: request, beside: load)
                order = joins ? 0 : load.isIdle ? 1 : 2
            } else {
                order = self.isPacked ? -load.clientCount : load.clientCount
            }
            if order < bestOrder {
                best = index
                bestOrder = order
                if order <= least { break }
            }
        }
        return best
    }

    // MARK: Booking

    /// Whether a client of `request` has each of its devices for itself.
    @inline(__always)
    public func takesWhole(_ request: DeviceDemandRule) -> Bool {
        switch request.kind {
        case .whole: true
        case .slot: self.isExclusive && !self.isMIG
        case .mig, .fraction: false
        }
    }

    /// Adds a client of `request` to a load, or takes it off with `sign` -1.
    @inline(__always)
    public func book(_ request: DeviceDemandRule, on load: inout DeviceLoad, sign: Int) {
        let isWhole = self.takesWhole(request)
        self.book(
            memoryMiB: isWhole ? 0 : self.memoryMiB(of: request), thousandths: request.thousandthsPerDevice,
            isFraction: request.kind == .fraction, on: &load, sign: sign)
    }

    /// As above, for a client whose memory and thousandths are known; below 0 counts as none.
    @inline(__always)
    public func book(memoryMiB: Int64, thousandths: Int32, isFraction: Bool, on load: inout DeviceLoad, sign: Int) {
        load.clientCount += Int32(sign)
        // What a pod declares is untrusted: no single client can make a sum overflow, and giving back stays exact.
        load.memoryMiB += Int64(sign) * min(max(memoryMiB, 0), 1 << 40)
        load.thousandths += Int32(sign) * min(max(thousandths, 0), 1 << 15)
        if self.isExclusive, !isFraction { load.wholeCount += Int32(sign) }
    }
}

extension DeviceLoad {
    /// By memory, then thousandths, then clients.
    @inline(__always)
    fileprivate func isFuller(than other: DeviceLoad) -> Bool {
        (self.memoryMiB, self.thousandths, self.clientCount)
            > (other.memoryMiB, other.thousandths, other.clientCount)
    }
}
