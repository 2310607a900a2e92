public import CloudProviders
import ControlLoop
import FoundationEssentials
public import KubernetesClient
import SchedulingModel

/// Whether a controller buys nodes, and how patient it is.
public struct CapacityOptions: Sendable {
    /// Who buys the machines of the configured pools.
    public var provider: any NodePoolProvider
    /// How long after its launch a machine may take to become a usable node; then it is given up and deleted.
    public var joinTimeout = Duration.seconds(900)
    /// How long a bought node must have stood empty before it is given back.
    public var idleDelay = Duration.seconds(300)
    /// How long nobody must have come to a bought node or left it before its pods may be moved for money's sake.
    public var consolidationDelay = Duration.seconds(600)
    /// How long a node that is closed to newcomers must still be empty.
    public var settleDelay = Duration.seconds(10)
    /// Open while this controller may act. Whoever writes to the cluster on behalf of the provider does so with a client that is fenced by it.
    public let fence: LeadershipFence
    /// When the controller begins, in milliseconds since 1970; nil: by the clock.
    var epochMillis: Int64?

    public init(provider: any NodePoolProvider, fence: LeadershipFence = LeadershipFence()) {
        self.provider = provider
        self.fence = fence
    }

    /// The loop's own settings, for this process alone.
    ///
    /// - Parameter options: Nil where nothing is bought: nodes are not written to either.
    static func apply(_ options: CapacityOptions?, to loop: inout ControlLoopConfiguration) {
        loop.epochMillis = options?.epochMillis ?? Int64(Date().timeIntervalSince1970 * 1000)
        loop.tokenPrefix = "berth-" + UUID().uuidString.lowercased().filter { $0 != "-" }
        loop.taintsNodes = options != nil
        guard let options else { return }
        loop.joinMillis = Int64(options.joinTimeout.inSeconds * 1000)
        loop.idleMillis = Int64(options.idleDelay.inSeconds * 1000)
        loop.consolidateMillis = Int64(options.consolidationDelay.inSeconds * 1000)
        loop.settleMillis = Int64(options.settleDelay.inSeconds * 1000)
    }
}

extension PoolAction.Kind {
    var title: String {
        switch self {
        case .record: "record_launch"
        case .launch: "launch"
        case .forget: "forget_launch"
        case .delete: "delete_machines"
        case .list: "list_machines"
        case .taint: "taint"
        case .mark: "mark"
        }
    }

    /// What it is about, for the log.
    var fields: [(String, String)] {
        switch self {
        case .record(let claim), .launch(let claim), .forget(let claim):
            [
                ("launch", claim.token), ("pool", claim.pool), ("offering", "\(claim.offering)"),
                ("nodes", "\(claim.count)"), ("phase", claim.phase.rawValue),
                ("machines", LaunchClaimObject.text(claim.machines)),
            ] + (claim.group.map { [("gang", "\($0)")] } ?? [])
        case .delete(let pool, let machines):
            [("pool", pool), ("machines", machines.map(\.rawValue).joined(separator: ","))]
        case .list(let pool): [("pool", pool)]
        case .taint(let node, let taint, let isPresent):
            [("node", "\(node)"), ("taint", taint.key), ("value", taint.value), ("present", "\(isPresent)")]
        case .mark(let target, let mark):
            [
                ("pod", "\(target.key)"), ("node", "\(mark.node)"),
                ("by", mark.byMillis.map(Timestamp.text) ?? "unknown"),
            ]
        }
    }
}

extension PoolResult {
    var title: String {
        switch self {
        case .succeeded, .recorded, .launched, .machines: "success"
        case .refused(let refusal): "refused_\(refusal.rawValue)"
        case .underWay: "under_way"
        case .conflict: "conflict"
        case .notFound: "not_found"
        case .rejected: "rejected"
        case .unavailable: "unavailable"
        case .unknown: "unknown"
        }
    }
}
