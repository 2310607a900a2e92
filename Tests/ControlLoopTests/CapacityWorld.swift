import CapacityPlanner
import ControlLoop
import SchedulingCycle
import SchedulingModel
import TestSupport

/// A loop that leads and may buy, with an API server and a cloud that do what they are told and nothing else.
struct CapacityWorld {
    var loop: ControlLoop
    var now: Int64 = 0
    /// Pool actions that nobody has answered.
    var asked: [PoolAction] = []
    /// Actions on pods.
    var actions: [Action] = []
    /// Claims as they were last written, by token.
    private(set) var written: [String: LaunchClaim] = [:]
    private var version: UInt64 = 100

    static let spot = OfferingKey(instanceType: "box-8", zone: "a", capacityType: .spot)
    static let onDemand = OfferingKey(instanceType: "box-8", zone: "b", capacityType: .onDemand)

    static func pool(maxNodes: Int = 10, minNodes: Int = 0) -> NodePool {
        func offering(_ key: OfferingKey, _ price: Int64) -> NodeOffering {
            NodeOffering(
                pool: "gpus", key: key, pricePerHourMicroUSD: price,
                template: .gpu("template", count: 8, labels: ["topology.kubernetes.io/zone": key.zone]))
        }
        return NodePool(
            name: "gpus", offerings: [offering(self.spot, 1_000_000), offering(self.onDemand, 3_000_000)],
            minNodes: minNodes, maxNodes: maxNodes)
    }

    static func configuration() -> ControlLoopConfiguration {
        var configuration = ControlLoopConfiguration()
        configuration.debounceMillis = 0
        configuration.purchaseDelayMillis = 0
        configuration.joinMillis = 600_000
        configuration.idleMillis = 60_000
        configuration.settleMillis = 5000
        configuration.epochMillis = 1_000_000_000
        configuration.tokenPrefix = "t"
        return configuration
    }

    /// The provider has been listed once, and has nothing but what is given.
    init(
        nodes: [NodeState] = [], pods: [ObservedPod], groups: [PodGroup] = [], pool: NodePool = Self.pool(),
        claims: [LaunchClaim] = [], machines: [ListedMachine] = [], listed: Bool = true, preempts: Bool = false
    ) {
        var configuration = Self.configuration()
        configuration.planner.preempts = preempts
        self.loop = ControlLoop(configuration: configuration)
        self.apply(.leadershipGained)
        self.apply(
            .observed(ObservedCluster(nodes: nodes, pods: pods, groups: groups, pools: [pool], claims: claims)))
        if listed { self.answerList(machines) }
    }

    /// Nodes `m1`, `m2`, … with eight GPUs each that were bought one by one, and are empty but for the pods.
    ///
    /// - Parameter taints: Of the first node.
    static func bought(
        _ count: Int, pods: [ObservedPod], groups: [PodGroup] = [], pool: NodePool = Self.pool(), taints: [Taint] = []
    ) -> CapacityWorld {
        let names = (0..<count).map { "m\($0 + 1)" }
        return CapacityWorld(
            nodes: names.map { self.node($0, taints: $0 == "m1" ? taints : []) }, pods: pods, groups: groups,
            pool: pool,
            claims: names.map { name in
                LaunchClaim(
                    token: "t-\(name)", pool: "gpus", offering: self.spot, count: 1, sinceMillis: 999_990_000,
                    phase: .launched, machines: [.init(id: MachineID(name), phase: .joined)], version: 5)
            },
            machines: names.map { .init(id: MachineID($0), offering: self.spot, token: "t-\($0)") })
    }

    static func node(_ name: String, taints: [Taint] = []) -> NodeState {
        var node = NodeState.gpu(name, count: 8, labels: ["topology.kubernetes.io/zone": "a"], taints: taints)
        node.providerID = "sim:///a/\(name)"
        return node
    }

    mutating func apply(_ event: Event) {
        self.actions += self.loop.apply(event, atMillis: self.now)
        self.asked += self.loop.takePoolActions()
    }

    mutating func pass(_ millis: Int64) {
        self.now += millis
        self.apply(.tick)
    }

    // MARK: Answers

    mutating func answer(_ action: PoolAction, _ result: PoolResult) {
        self.asked.removeAll { $0.id == action.id }
        self.apply(.poolFinished(action.id, result))
    }

    mutating func answerList(_ machines: [ListedMachine]) {
        for action in self.asked { if case .list = action.kind { self.answer(action, .machines(machines)) } }
    }

    /// Writes every claim that is asked to be written, and shows it.
    mutating func write() {
        for action in self.asked {
            guard case .record(var claim) = action.kind else { continue }
            self.version += 1
            claim.version = self.version
            self.written[claim.token] = claim
            self.answer(action, .recorded(version: claim.version))
            self.apply(.claimChanged(claim))
        }
    }

    mutating func launch(_ result: PoolResult) {
        for action in self.asked { if case .launch = action.kind { self.answer(action, result) } }
    }

    /// The node of a machine, in full health.
    mutating func join(_ machine: String, taints: [Taint] = [], zone: String = "a") {
        var node = NodeState.gpu(machine, count: 8, labels: ["topology.kubernetes.io/zone": zone], taints: taints)
        node.providerID = "sim:///\(zone)/\(machine)"
        self.apply(.nodeChanged(node))
    }

    // MARK: What is asked

    /// `record t-1 launching []`, in order.
    var briefs: [String] { self.asked.map(\.kind.brief) }
}

extension PoolAction.Kind {
    var brief: String {
        func text(_ claim: LaunchClaim) -> String {
            let machines = claim.machines.map { "\($0.id) \($0.phase)" }.joined(separator: ", ")
            return "\(claim.token) \(claim.count) in \(claim.offering.zone) \(claim.phase) [\(machines)]"
        }
        return switch self {
        case .record(let claim): "record \(text(claim))"
        case .launch(let claim): "launch \(text(claim))"
        case .forget(let claim): "forget \(claim.token)"
        case .delete(_, let machines): "delete \(machines.map(\.rawValue).joined(separator: " "))"
        case .list(let pool): "list \(pool)"
        case .taint(let node, let taint, let isPresent): "\(isPresent ? "taint" : "untaint") \(node) \(taint.key)"
        case .mark(let target, let mark): "mark \(target.key.name) by \(mark.byMillis.map(String.init) ?? "?")"
        }
    }
}
