/// When what has changed is imported.
///
/// In a small cluster an import takes no time worth speaking of, and changes wait for 20 ms so that those that belong together come together. In a
/// large one that never rests imports would take all of the time; there the next one waits so long that they take a sixth of it.
struct ImportPace {
    private static let shortestWait = Duration.milliseconds(20)
    /// No longer than this is anything waited for, however long an import takes.
    private static let longestWait = Duration.seconds(2)
    /// Waited for each time that an import takes.
    private static let pauses = 5

    private var nextStart: ContinuousClock.Instant?

    /// From a change to its import.
    func wait(at now: ContinuousClock.Instant) -> Duration {
        max(Self.shortestWait, self.nextStart.map { $0 - now } ?? .zero)
    }

    mutating func took(_ time: Duration, until end: ContinuousClock.Instant) {
        self.nextStart = end + min(time * Self.pauses, Self.longestWait)
    }
}
