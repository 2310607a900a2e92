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
    /// UIDs of pods that it asked to evict.
    var evicted: Set<String> = []

    init(seed: UInt64, seesWhole: Bool) {
        self.seed = seed
        self.seesWhole = seesWhole
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
