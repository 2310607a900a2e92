import Synchronization

/// Whether this process may act as the leader now: asked once before every action, not before a repeat of its calls.
///
/// Open until a moment of the monotonic clock that each renewal of the lease puts off, so that a renewal that hangs closes it
/// too, and nobody has to be told.
public final class LeadershipFence: Sendable {
    private let closing = Mutex<ContinuousClock.Instant?>(nil)

    public init() {}

    public var isOpen: Bool { self.closing.withLock { $0.map { ContinuousClock.now < $0 } ?? false } }

    func keepOpen(until moment: ContinuousClock.Instant) { self.closing.withLock { $0 = moment } }

    func close() { self.closing.withLock { $0 = nil } }
}
