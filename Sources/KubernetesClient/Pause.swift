/// Waiting and chance, so that tests need neither.
public struct Pause: Sendable {
    public var sleep: @Sendable (Duration) async throws -> Void
    /// 0 up to and without 1.
    public var random: @Sendable () -> Double

    public init(
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.sleep = sleep
        self.random = random
    }
}

/// Waits that double from failure to failure, each lengthened by up to itself at random.
struct Backoff {
    static let start = Duration.milliseconds(800)
    static let longest = Duration.seconds(30)

    private var next = Backoff.start

    mutating func reset() { self.next = Self.start }

    mutating func delay(_ random: Double) -> Duration {
        let delay = min(Self.longest, self.next + self.next * random)
        self.next = min(Self.longest, self.next * 2)
        return delay
    }
}
