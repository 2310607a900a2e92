import CapacityPlanner
import SchedulingModel

/// What the loop keeps about nodes that are bought. All but what the watch has shown is the leader's alone, and a restart finds it
/// again in the claims, the taints and the provider's lists.
struct CapacityState: Sendable {
    var pools: [NodePool] = []
    /// As the watch has shown them.
    var observed: [String: LaunchClaim] = [:]
    var nodeByMachine: [MachineID: NodeName] = [:]

    var launches: [String: Launch] = [:]
    /// Per pool.
    var lists: [String: ListWork] = [:]
    var taintWork: [NodeName: Work] = [:]
    var marks: [PodKey: Mark] = [:]
    var inFlight: [ActionID: (kind: PoolAction.Kind, sinceMillis: Int64)] = [:]
    var outbox: [PoolAction] = []
    var backoff: LaunchBackoff
    /// Machines with a token that no claim has.
    var orphans: [MachineID: Orphan] = [:]
    /// Pools that the provider has listed since this process leads: nothing is bought before.
    var listed: Set<String> = []
    /// Versions at which claims were removed, by token, and machines that are no more: what still says otherwise is late.
    var forgotten: [String: UInt64] = [:]
    var gone: Set<MachineID> = []
    var idleSince: [NodeName: Int64] = [:]
    /// When give-back, and purchases, were last decided.
    var examinedMillis = Int64.min
    var giving: [NodeName: Giving] = [:]
    var consolidation = ConsolidationState()
    var notices: [NodeName: Notice] = [:]
    /// Nodes with our taint whose notice is over: the taint goes.
    var lifted: Set<NodeName> = []
    var noticeRecords: [NoticeRecord] = []
    /// What becomes of top-level gangs with members on nodes that are taken.
    var answers: [PodGroupKey: InterruptionAnswer] = [:]
    /// Gangs below their minimum whose rest is on its way.
    var awaited: Set<PodGroupKey> = []
    /// Since when something waits that nothing bought so far will hold.
    var demandSinceMillis: Int64?
    /// When an offering that is wanted comes out of back-off.
    var unblockMillis: Int64?
    var launchCount = 0
    private let trustsClaims: Bool
    /// What became of machines since this was last asked.
    var machineEvents: [MachineEvent] = []

    init(_ configuration: ControlLoopConfiguration) {
        self.trustsClaims = configuration.trustsClaims
        self.backoff = LaunchBackoff(seed: configuration.seed)
        self.backoff.firstWaitSeconds = configuration.firstBackoffSeconds
        self.backoff.longestWaitSeconds = configuration.longestBackoffSeconds
    }

    var isIdle: Bool { self.pools.isEmpty && self.launches.isEmpty && self.notices.isEmpty }

    /// One thing at a time, and not before.
    struct Work: Hashable {
        var busy: ActionID?
        var retryMillis = Int64.min
        var failures = 0

        func isFree(_ now: Int64) -> Bool { self.busy == nil && self.retryMillis <= now }

        var deadline: Int64? { self.busy == nil && self.retryMillis > .min ? self.retryMillis : nil }
    }

    struct Launch: Hashable {
        var claim: LaunchClaim
        /// What the API says; nil where it says nothing yet.
        var written: LaunchClaim?
        var work = Work()
        /// When this process first knew of it.
        var seenMillis: Int64
        /// Whether a write of the claim was ever asked for.
        var wasAsked = false
        /// Calls of the provider by this process.
        var tries = 0
        /// Until when a call whose reply was lost may still buy.
        var uncertainUntil = Int64.min
        /// When the newest list was asked for that has been answered.
        var listedMillis = Int64.min
        /// Whether pods that wait would stand on its nodes; nil before the first cycle that knows of it.
        var isWanted: Bool?
        var isBlamed = false
        /// When this process first knew of each machine.
        var machineSeen: [MachineID: Int64] = [:]
        /// Machines that had a node and have none now.
        var missingSince: [MachineID: Int64] = [:]

        var isDirty: Bool { self.written.map { !$0.says(theSameAs: self.claim) } ?? true }
        /// Nothing can turn up under the token any more.
        var isSettled: Bool { self.claim.phase != .launching && self.listedMillis >= self.uncertainUntil }
    }

    struct ListWork: Hashable {
        var work = Work()
        /// Nil: no list is called for.
        var dueMillis: Int64?
    }

    struct Mark: Hashable {
        var target: PodTarget
        var mark: CheckpointMark
        var work = Work()
        var isDone = false
    }

    struct Orphan: Hashable {
        var pool: String
        var sinceMillis: Int64
    }

    enum Giving: Hashable {
        /// Tainted, or about to be; since when the watch has shown the taint.
        case draining(taintedMillis: Int64?)
        /// Its pods are moved away first.
        case emptying(Emptying)
        /// Somebody has come, or is about to: the taint goes again.
        case cancelled
    }

    struct Notice: Hashable {
        var spot: SpotNotice
        var takenMillis: Int64
        /// When this process first knew of it.
        var sinceMillis: Int64
        /// With members on the node, now or since the notice.
        var groups: Set<PodGroupKey> = []
        /// Who said so.
        var sources: Set<String> = []

        /// When who is still there is evicted, and until when a trainer may write.
        var evictMillis: Int64 { max(self.sinceMillis, self.takenMillis - self.spot.evictionLeadSeconds * 1000) }
    }

    /// The pools with the nodes that they have, whoever bought them, and the minimum of the time.
    ///
    /// - Parameter seconds: Since 1970.
    func countedPools(_ nodes: [NodeName: NodeState], atSeconds seconds: Int64) -> [NodePool] {
        var counts: [String: Int] = [:]
        var owned: Set<NodeName> = []
        for launch in self.launches.values {
            counts[launch.claim.pool, default: 0] +=
                launch.isSettled ? launch.claim.machines.count : max(launch.claim.count, launch.claim.machines.count)
            owned.formUnion(launch.claim.machines.compactMap { self.nodeByMachine[$0.id] })
        }
        for (machine, orphan) in self.orphans {
            counts[orphan.pool, default: 0] += 1
            if let node = self.nodeByMachine[machine] { owned.insert(node) }
        }
        for node in nodes.values where !owned.contains(node.name) {
            if let pool = node.labels[NodePool.label] { counts[pool, default: 0] += 1 }
        }
        return self.pools.map { pool in
            var pool = pool
            pool.nodeCount = counts[pool.name, default: 0]
            pool.minNodes = pool.minNodes(atSeconds: seconds)
            return pool
        }
    }

    var isListed: Bool { self.trustsClaims || self.pools.allSatisfy { self.listed.contains($0.name) } }

    mutating func requestList(_ pool: String, atMillis time: Int64) {
        let due = self.lists[pool]?.dueMillis ?? .max
        self.lists[pool, default: ListWork()].dueMillis = min(due, time)
    }

    /// The launch that the machine belongs to.
    func token(of machine: MachineID) -> String? {
        self.launches.first { $0.value.claim.machines.contains { $0.id == machine } }?.key
    }
}
