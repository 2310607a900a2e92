/// How hard one world is shaken.
public struct ChaosOptions: Hashable, Sendable {
    /// Simulated time in which things go wrong.
    public var chaosMillis: Int64 = 180_000
    /// Within this time after the last fault everything must have come to rest.
    public var quietMillis: Int64 = 1_800_000
    /// One call in so many goes wrong.
    public var callFaultOdds = 6
    /// Whether every other cluster can buy nodes.
    public var hasCloud = true
    /// Whether in every third cluster kube-scheduler asks the extender.
    public var hasExtender = true
    /// Between two disturbances at most.
    public var longestPauseMillis = 15_000
    /// Steps after which a run counts as a livelock.
    public var stepLimit = 60_000
    public var keepsTrace = false

    public init() {}
}

/// What one seed came to.
public struct ChaosOutcome: Hashable, Sendable {
    public var seed: UInt64
    public var simulatedMillis: Int64
    /// How often each kind of fault happened.
    public var faults: [String: Int]
    /// Pods that were asked to go for work of higher priority.
    public var evictionCount: Int
    /// Launches that brought machines.
    public var launchCount: Int
    /// Nodes whose pods were moved away so that they could be given back.
    public var emptiedCount: Int
    /// Pods that kube-scheduler asked the extender about.
    public var questionCount: Int
    /// The first broken rule; nil where all held.
    public var finding: String?
    /// What happened, one line each; empty unless asked for.
    public var trace: [String]
}

/// The controller's brain in a small cluster where everything goes wrong, under a virtual clock.
///
/// The same seed and options give the same outcome, on every machine.
public enum ChaosRun {
    public static func run(seed: UInt64, options: ChaosOptions = ChaosOptions()) -> ChaosOutcome {
        var world = ChaosWorld(seed: seed, options: options)
        let finding = world.run()
        return ChaosOutcome(
            seed: seed, simulatedMillis: world.now, faults: world.faults,
            evictionCount: world.auditor.evictionCount, launchCount: world.auditor.launchCount,
            emptiedCount: world.auditor.emptiedCount, questionCount: world.auditor.questionCount, finding: finding,
            trace: world.trace)
    }
}
