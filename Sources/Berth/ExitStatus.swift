/// How a run of `berth` ended, as the shell sees it. `docs/plan-output.md` promises these numbers.
enum ExitStatus: Int32, Sendable {
    case success = 0
    case somethingPending = 3
    case usage = 64
    case badInput = 65
    /// The cluster cannot be reached or read.
    case unavailable = 69
    case internalError = 70
}
