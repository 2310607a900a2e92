public import SchedulingModel

/// Which offerings said lately that they have no capacity, and until when they are left alone.
///
/// A value: times come in, and the jitter is drawn from a seed, so a replay waits for the same moments.
public struct LaunchBackoff: Sendable {
    /// The first wait, doubled with each further failure.
    public var firstWaitSeconds: Int64 = 60
    public var longestWaitSeconds: Int64 = 1800

    private struct Entry: Hashable {
        var failures: Int
        var untilSeconds: Int64
    }

    private var entries: [OfferingKey: Entry] = [:]
    private var generator: SeededGenerator

    public init(seed: UInt64) { self.generator = SeededGenerator(seed: seed) }

    /// Notes that a launch found no capacity.
    ///
    /// - Returns: When the offering may be tried again: after half of the wait to all of it.
    @discardableResult
    public mutating func launchFailed(_ key: OfferingKey, atSeconds now: Int64) -> Int64 {
        var entry = self.entries[key] ?? Entry(failures: 0, untilSeconds: now)
        let doublings = min(entry.failures, 16)
        let wait = min(self.longestWaitSeconds, self.firstWaitSeconds << Int64(doublings))
        entry.failures += 1
        entry.untilSeconds = now + wait / 2 + Int64(self.generator.int(in: 0...Int(wait - wait / 2)))
        self.entries[key] = entry
        return entry.untilSeconds
    }

    public mutating func launchSucceeded(_ key: OfferingKey) { self.entries[key] = nil }

    public func isBlocked(_ key: OfferingKey, atSeconds now: Int64) -> Bool {
        self.entries[key].map { now < $0.untilSeconds } ?? false
    }

    /// When the next offering that is blocked now may be tried again; nil where none is.
    public func nextEnd(atSeconds now: Int64) -> Int64? {
        self.entries.values.map(\.untilSeconds).filter { $0 > now }.min()
    }

    /// Everything that is blocked now. Handed to `CapacityPlanner.plan`.
    public func blocked(atSeconds now: Int64) -> Set<OfferingKey> {
        Set(self.entries.filter { now < $0.value.untilSeconds }.keys)
    }
}
