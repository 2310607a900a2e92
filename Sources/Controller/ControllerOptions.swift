/// What a controller may be told besides `berth.yaml`.
public struct ControllerOptions: Sendable {
    /// Plans, explains and shows, and writes nothing, not even a lease.
    public var isDryRun = false
    /// Where the lease is.
    public var leaseNamespace = "berth-system"
    public var leaseName = "berth-controller"
    /// Different for every process.
    public var identity = "berth"
    public var leaseDuration = Duration.seconds(15)
    /// How often each collection is held against a fresh list.
    public var selfCheckInterval = Duration.seconds(1800)
    /// Actions under way at a time.
    public var parallelActions = 32
    /// Nil: nothing is bought and nothing given back.
    public var capacity: CapacityOptions?

    public init() {}
}
