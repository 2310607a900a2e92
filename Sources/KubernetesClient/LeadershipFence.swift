import Synchronization

/// Whether this process may act as the leader now: asked before every attempt of every write of a client that is `fenced(by:)` it.
///
/// Open until a moment of the monotonic clock that each renewal of the lease puts off, so that a renewal that hangs closes it
/// too, and nobody has to be told.
public final class LeadershipFence: Sendable {
    private let closing = Mutex<ContinuousClock.Instant?>(nil)

    public init() {}

    public var isOpen: Bool { self.remaining != nil }

    /// How long it stays open without another renewal; nil where it is closed.
    public var remaining: Duration? {
        guard let closing = self.closing.withLock({ $0 }) else { return nil }
        let left = closing - ContinuousClock.now
        return left > .zero ? left : nil
    }

    /// Returns once it is closed, or the task is cancelled.
    public func waitUntilClosed() async {
        while !Task.isCancelled, let left = self.remaining { try? await Task.sleep(for: left) }
    }

    func keepOpen(until moment: ContinuousClock.Instant) { self.closing.withLock { $0 = moment } }

    func close() { self.closing.withLock { $0 = nil } }
}
