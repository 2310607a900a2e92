internal import Dispatch
internal import Synchronization
public import Testing

/// A trait for tests that calculate for seconds without a pause: they run on threads of their own.
///
/// All tests start at once and share a pool of one thread per core. A calculation gives its thread back only when it is done; a few of
/// them make every test wait that talks over time, such as one with a lease to renew. On threads of their own it is the kernel
/// that shares the cores out, in slices of milliseconds.
public struct LongCalculation: SuiteTrait, TestTrait, TestScoping {
    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(CalculationThreads.shared) { try await function() }
    }
}

extension Trait where Self == LongCalculation {
    /// Runs on threads that no other kind of test waits for.
    public static var longCalculation: Self { Self() }
}

/// Four threads beside the common pool.
///
/// Serial queues, in turn: Dispatch gives each a thread, while a concurrent queue would take its threads from the common pool.
private final class CalculationThreads: TaskExecutor {
    static let shared = CalculationThreads()

    private let queues = (0..<4).map { DispatchQueue(label: "calculations \($0)") }
    private let count = Atomic<Int>(0)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let turn = self.count.wrappingAdd(1, ordering: .relaxed).newValue
        self.queues[turn % self.queues.count].async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
