import ControlLoop
import SchedulingModel

/// One process of Berth: the loop, and what its watches have brought so far.
struct SimulatedReplica {
    var loop = ControlLoop()
    var isAlive = false
    /// Grows with every crash: what was meant for the process before is lost.
    var generation = 0
    /// Grows with every new list: what older watches still bring is dropped.
    var epoch = 0
    /// Whether it is told of changes one by one or of the whole cluster each time.
    let seesWhole: Bool
    let seed: UInt64
    var view = View()
    /// Per kind of object: a watch keeps its order.
    var lastDelivery: [Int64] = [0, 0, 0, 0, 0]
    var wakeAtMillis: Int64?
    /// What a process that was suspended has lost of the time, and what jumps gave it.
    var clockOffset: Int64 = 0
    /// Pods that it asked to release or bind.
    var committed: [PodKey: String] = [:]
    /// UIDs of pods that it asked to evict, and was not told that they stay.
    private(set) var evicted: Set<String> = []
    private var evictions: [ActionID: String] = [:]
    /// What reads have shown, maybe before the watch.
    private var readPods: [PodKey: ObservedPod] = [:]
    /// Until when an eviction whose reply was lost may still arrive, by UID.
    private var lostEvictions: [String: Int64] = [:]

    var purchases = Purchases()
    var extender = SimulatedExtender()
    /// Nodes that it was told, while it leads, that their cloud takes.
    private(set) var noticedNodes: Set<NodeName> = []

    init(seed: UInt64, seesWhole: Bool) {
        self.seed = seed
        self.seesWhole = seesWhole
    }

    /// Whether this process made the token.
    func owns(_ token: String) -> Bool { token.hasPrefix(self.loop.configuration.tokenPrefix + "-") }

    mutating func forgetActions() {
        self.committed = [:]
        self.evicted = []
        self.evictions = [:]
        self.readPods = [:]
        self.extender = SimulatedExtender()
        self.lostEvictions = [:]
        self.purchases = Purchases()
    }

    mutating func noteAsked(_ action: Action) {
        switch action.kind {
        case .release(let target, _), .bind(let target, _): self.committed[target.key] = target.uid
        case .evict(let target, _):
            self.evicted.insert(target.uid)
            self.evictions[action.id] = target.uid
        case .explain, .nominate, .read: break
        }
    }

    /// The reply is lost of what arrives by then, or never.
    mutating func noteLost(_ action: Action, untilMillis time: Int64) {
        if case .evict(let target, _) = action.kind { self.lostEvictions[target.uid] = time }
    }

    /// Who was not let go, or runs as if nobody had asked, stays, unless a lost eviction is still under way.
    mutating func noteAnswer(_ id: ActionID, _ result: ActionResult, atMillis now: Int64) {
        if case .found(let pod) = result { self.readPods[pod.state.key] = pod }
        let asked = self.evictions.removeValue(forKey: id)
        let staying: String? =
            switch result {
            case .rejected: asked
            case .found(let pod): pod.state.isTerminating ? nil : pod.uid
            case .succeeded, .conflict, .notFound, .unavailable, .unknown: nil
            }
        if let staying, self.lostEvictions[staying, default: .min] < now { self.evicted.remove(staying) }
    }

    /// The newest that it was shown of the pod, by its watch or by a read.
    func pod(_ key: PodKey) -> ObservedPod? {
        guard let watched = self.view.pods[key] else { return nil }
        guard let read = self.readPods[key], read.uid == watched.uid, read.version > watched.version else {
            return watched
        }
        return read
    }

    /// Nodes that it has to count as gone: it was told so, or a taint of ours says it.
    var takenNodes: Set<NodeName> {
        let tainted = self.view.nodes.values.filter { node in
            node.taints.contains { $0.key == Taint.interruptionKey }
        }
        return self.noticedNodes.union(tainted.map(\.name))
    }

    /// A notice counts for a leader that knows the node.
    mutating func hearNotice(of node: NodeName) {
        if self.loop.isLeader, self.view.nodes[node] != nil { self.noticedNodes.insert(node) }
    }

    /// What is known of notices ends with the leadership, and with the node.
    mutating func forgetNotices() {
        self.noticedNodes = self.loop.isLeader ? self.noticedNodes.filter { self.view.nodes[$0] != nil } : []
    }

    struct View {
        var nodes: [NodeName: NodeState] = [:]
        var pods: [PodKey: ObservedPod] = [:]
        var groups: [PodGroupKey: PodGroup] = [:]
        var budgets: [DisruptionBudget] = []
        var claims: [String: LaunchClaim] = [:]
        var pools: [NodePool] = []

        init() {}

        init(_ cluster: ObservedCluster) {
            for node in cluster.nodes { self.nodes[node.name] = node }
            for pod in cluster.pods { self.pods[pod.state.key] = pod }
            for group in cluster.groups { self.groups[group.key] = group }
            self.budgets = cluster.budgets
            for claim in cluster.claims { self.claims[claim.token] = claim }
            self.pools = cluster.pools
        }

        func cluster(_ topology: Topology) -> ObservedCluster {
            ObservedCluster(
                nodes: self.nodes.values.sorted { $0.name < $1.name },
                pods: self.pods.values.sorted { $0.state.key < $1.state.key },
                groups: self.groups.values.sorted { $0.key < $1.key }, topology: topology, budgets: self.budgets,
                pools: self.pools, claims: self.claims.values.sorted { $0.token < $1.token })
        }

        mutating func take(_ change: SimulatedStore.Change) {
            switch change {
            case .node(let node): self.nodes[node.name] = node
            case .nodeGone(let name): self.nodes[name] = nil
            case .pod(let pod): self.pods[pod.state.key] = pod
            case .podGone(let key, let uid): if self.pods[key]?.uid == uid { self.pods[key] = nil }
            case .group(let group): self.groups[group.key] = group
            case .groupGone(let key): self.groups[key] = nil
            case .budgets(let budgets): self.budgets = budgets
            case .claim(let claim): self.claims[claim.token] = claim
            case .claimGone(let token): self.claims[token] = nil
            }
        }
    }
}

extension SimulatedStore.Change {
    var kindIndex: Int {
        switch self {
        case .node, .nodeGone: 0
        case .pod, .podGone: 1
        case .group, .groupGone: 2
        case .budgets: 3
        case .claim, .claimGone: 4
        }
    }

    var event: Event {
        switch self {
        case .node(let node): .nodeChanged(node)
        case .nodeGone(let name): .nodeRemoved(name)
        case .pod(let pod): .podChanged(pod)
        case .podGone(let key, let uid): .podRemoved(key, uid: uid)
        case .group(let group): .groupChanged(group)
        case .groupGone(let key): .groupRemoved(key)
        case .budgets(let budgets): .budgetsChanged(budgets)
        case .claim(let claim): .claimChanged(claim)
        case .claimGone(let token): .claimRemoved(token: token)
        }
    }
}
