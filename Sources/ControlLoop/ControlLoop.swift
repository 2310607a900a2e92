public import SchedulingCycle
import SchedulingModel

/// The operator's brain: events and times in, actions out. No IO, no clock; the same events give the same actions.
///
/// Protocol of use: 1. `apply(.observed)` with a first list; 2. `apply` each further event with the time; 3. perform the
/// actions that come back and report each with `.finished`; 4. `apply(.tick)` when `nextDeadlineMillis` has come. After a
/// crash a new loop starts at 1: all that it needs is on the API objects.
///
/// A decision counts as a fact from the moment it is made (`Assumption`) until the watch shows it or a fresh read shows that
/// it did not happen. A lost reply is never taken for a no.
public struct ControlLoop: Sendable {
    public let configuration: ControlLoopConfiguration
    /// The newest cycle's result; nil before the first.
    public internal(set) var published: PublishedPlan?
    public internal(set) var isLeader = false

    var nodes: [NodeName: NodeState] = [:]
    var pods: [PodKey: ObservedPod] = [:]
    var groups: [PodGroupKey: PodGroup] = [:]
    var topology = Topology()
    var hasSynced = false

    var assumptions: [PodKey: Assumption] = [:]
    var inFlight: [ActionID: Action] = [:]
    /// Pods that an action was refused for, and until when they are left alone.
    var refusals: [PodKey: Refusal] = [:]
    /// The reason last written on a pod.
    var explained: [PodKey: Explained] = [:]
    var evicting: [PodKey: String] = [:]
    /// Actions to ask for again, by when.
    var retries: [Retry] = []
    var cycleDueMillis: Int64?
    var cycleCount: UInt64 = 0
    private var lastActionID: UInt64 = 0

    public init(configuration: ControlLoopConfiguration = ControlLoopConfiguration()) {
        self.configuration = configuration
    }

    /// When `.tick` has something to do; nil while only an event can.
    public var nextDeadlineMillis: Int64? {
        let refusalEnds = self.refusals.values.map(\.untilMillis)
        return (self.retries.map(\.dueMillis) + refusalEnds + [self.cycleDueMillis].compactMap(\.self)).min()
    }

    /// Takes one event, runs a cycle where one is due, and says what is to be done now.
    ///
    /// - Complexity: A cycle is a planner's run over the whole cluster; every other event is a dictionary write.
    public mutating func apply(_ event: Event, atMillis now: Int64) -> [Action] {
        var actions = self.note(event, now)
        for (key, refusal) in self.refusals where refusal.untilMillis <= now {
            self.refusals[key] = nil
            self.requestCycle(now)
        }
        if self.isLeader {
            let due = self.retries.filter { $0.dueMillis <= now }
            self.retries.removeAll { $0.dueMillis <= now }
            actions += due.map { self.action($0.kind) }
        }
        if let due = self.cycleDueMillis, due <= now {
            self.cycleDueMillis = nil
            actions += self.runCycle(now)
        }
        return actions
    }

    private mutating func note(_ event: Event, _ now: Int64) -> [Action] {
        switch event {
        case .observed(let cluster): self.replaceAll(by: cluster)
        case .nodeChanged(let node): self.nodes[node.name] = node
        case .nodeRemoved(let name):
            self.nodes[name] = nil
            self.requestCycle(now)
            return self.checkAssumptions(on: name)
        case .podChanged(let pod): guard self.see(pod) else { return [] }
        case .podRemoved(let key, let uid): guard self.forget(key, uid: uid) else { return [] }
        case .groupChanged(let group): self.groups[group.key] = group
        case .groupRemoved(let key): self.groups[key] = nil
        case .leadershipGained: self.isLeader = true
        case .leadershipLost: self.stepDown()
        case .finished(let id, let result): return self.finish(id, result, now)
        case .tick: return []
        }
        self.requestCycle(now)
        return []
    }

    /// Events that come close together share a cycle; the first of them sets its time.
    mutating func requestCycle(_ now: Int64) {
        guard self.hasSynced, self.cycleDueMillis == nil else { return }
        self.cycleDueMillis = now + self.configuration.debounceMillis
    }

    mutating func action(_ kind: Action.Kind) -> Action {
        self.lastActionID += 1
        let action = Action(id: ActionID(rawValue: self.lastActionID), kind: kind)
        self.inFlight[action.id] = action
        return action
    }

    private mutating func stepDown() {
        self.isLeader = false
        self.inFlight = [:]
        self.retries = []
        self.assumptions = [:]
        self.evicting = [:]
        self.explained = [:]
    }
}

/// What a loop may be told besides events.
public struct ControlLoopConfiguration: Hashable, Sendable {
    public var planner = PlannerConfiguration()
    /// From the first event to the cycle that answers it. 0: at once.
    public var debounceMillis: Int64 = 50
    /// Before an action whose reply was lost, or that was certainly not done, is asked for again.
    public var retryMillis: Int64 = 1000
    /// How long a pod is left alone after the server refused an action on it.
    public var refusalMillis: Int64 = 30_000

    public init() {}
}

/// A decision that is under way: the pod counts as standing on the node.
struct Assumption: Hashable {
    var assignment: Assignment
    var uid: String
}

struct Refusal: Hashable {
    var uid: String
    var message: String
    var untilMillis: Int64
}

struct Explained: Hashable {
    var uid: String
    var reason: ReasonCode
    var fix: Fix?
}

struct Retry: Hashable {
    var dueMillis: Int64
    var kind: Action.Kind
}
