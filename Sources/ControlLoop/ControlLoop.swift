public import CapacityPlanner
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
    var inFlight: [ActionID: ActionUnderWay] = [:]
    /// Pods that an action was refused for, and until when they are left alone.
    var refusals: [PodKey: Refusal] = [:]
    /// The reason last written on a pod.
    var explained: [PodKey: Explained] = [:]
    var evicting: [PodKey: String] = [:]
    /// Actions to ask for again, by when.
    var retries: [Retry] = []
    var failures: [RetryKey: Int] = [:]
    /// UIDs of pods with a release or binding whose reply was lost, and until when it may still be carried out.
    var doubts: [String: Int64] = [:]
    /// The same for evictions.
    var evictionDoubts: [String: Int64] = [:]
    /// Nodes that were lost while a release or binding to them could still land, and until when: back under their name, they are closed.
    var uncertainNodes: [NodeName: Int64] = [:]
    /// Pods that are pinned and not bound: since when, and when to look again.
    var pins: [PodKey: Hold] = [:]
    /// Gangs that hold room below their minimum.
    var partialGangs: [PodGroupKey: Hold] = [:]
    /// Pods that room is kept for while others leave it.
    var nominations: [PodKey: Nomination] = [:]
    /// The nomination last asked to be written.
    var nominationAsked: [PodKey: NodeName?] = [:]
    /// By UID of preemptors.
    var pauses: [String: PreemptionPause] = [:]
    /// Pauses that have ended and were looked at.
    var ended: Set<String> = []
    /// Victims that the server refused to let go, by UID, until when they are left alone.
    var spared: [String: Int64] = [:]
    /// Since when pods have been terminating.
    var leaving: [PodKey: Int64] = [:]
    /// Those of them whose room nobody counts on any more.
    var late: Set<PodKey> = []
    var budgets: [DisruptionBudget] = []
    var capacity: CapacityState
    var cycleDueMillis: Int64?
    var cycleCount: UInt64 = 0
    /// For the planner, from the last cycle.
    var compiled = CompiledCluster()
    var generator: SeededGenerator
    private var lastActionID: UInt64 = 0
    var lastMillis: Int64 = .min
    private var steppedDownMillis: Int64?

    public init(configuration: ControlLoopConfiguration = ControlLoopConfiguration()) {
        self.configuration = configuration
        self.generator = SeededGenerator(seed: configuration.seed)
        self.capacity = CapacityState(configuration)
    }

    /// When `.tick` has something to do; nil while only an event can.
    public var nextDeadlineMillis: Int64? {
        var deadlines =
            self.refusals.values.map(\.untilMillis) + self.uncertainNodes.values
            + [self.cycleDueMillis].compactMap(\.self)
        if self.isLeader {
            deadlines += self.retries.map(\.dueMillis) + self.preemptionDeadlines + self.capacityDeadlines
            // The next cycle looks at all of them.
            if self.cycleDueMillis == nil {
                deadlines +=
                    self.pins.values.map(\.lookMillis) + self.partialGangs.values.map(\.lookMillis).filter { $0 < .max }
            }
        } else if let steppedDownMillis, !self.assumptions.isEmpty {
            deadlines.append(steppedDownMillis + self.configuration.doubtMillis)
        }
        return deadlines.min()
    }

    /// Takes one event, runs a cycle where one is due, and says what is to be done now.
    ///
    /// A time before that of the last event counts as that of the last event.
    ///
    /// - Complexity: A cycle is a planner's run over the whole cluster; every other event is a dictionary write.
    public mutating func apply(_ event: Event, atMillis time: Int64) -> [Action] {
        let now = max(time, self.lastMillis)
        self.lastMillis = now
        var actions = self.note(event, now)
        self.passTime(now)
        if self.isLeader { actions += self.dueRetries(now) }
        if let due = self.cycleDueMillis, due <= now {
            self.cycleDueMillis = nil
            actions += self.runCycle(now)
        }
        return actions + self.stepCapacity(now)
    }

    private mutating func note(_ event: Event, _ now: Int64) -> [Action] {
        switch event {
        case .observed(let cluster):
            let lost = self.replaceAll(by: cluster, now)
            self.requestCycle(now)
            return lost.flatMap { self.checkAssumptions(on: $0) }
        case .nodeChanged(let node):
            self.nodes[node.name] = node
            self.noteNode(node, now)
        case .nodeRemoved(let name):
            self.nodes[name] = nil
            self.noteNodeGone(name)
            self.requestCycle(now)
            return self.checkAssumptions(on: name)
        case .podChanged(let pod): guard self.see(pod, now) else { return [] }
        case .podRemoved(let key, let uid): guard self.forget(key, uid: uid) else { return [] }
        case .groupChanged(let group): self.groups[group.key] = group
        case .groupRemoved(let key): self.groups[key] = nil
        case .budgetsChanged(let budgets):
            guard self.budgets != budgets else { return [] }
            self.take(budgets, now)
        case .claimChanged(let claim):
            self.see(claim, now)
            return []
        case .claimRemoved(let token):
            self.claimRemoved(token, now)
            return []
        case .noticed(let notice):
            self.take(notice, now)
            return []
        case .poolFinished(let id, let result):
            self.finishPool(id, result, now)
            return []
        case .leadershipGained:
            self.requestCycle(now)
            return self.takeOver(now)
        case .leadershipLost: self.stepDown(now)
        case .finished(let id, let result): return self.finish(id, result, now)
        case .tick: return []
        }
        self.requestCycle(now)
        return []
    }

    /// What ends by itself.
    private mutating func passTime(_ now: Int64) {
        for (key, refusal) in self.refusals where refusal.untilMillis <= now {
            self.refusals[key] = nil
            self.requestCycle(now)
        }
        if self.uncertainNodes.values.contains(where: { $0 <= now }) {
            self.uncertainNodes = self.uncertainNodes.filter { $0.value > now }
            self.requestCycle(now)
        }
        if self.isLeader {
            let isPinDue = self.pins.values.contains { $0.lookMillis <= now }
            let isGangDue = self.partialGangs.values.contains { $0.lookMillis <= now }
            if isPinDue || isGangDue { self.requestCycle(now) }
            self.passPreemptionTime(now)
            self.passCapacityTime(now)
        } else if let steppedDownMillis, now >= steppedDownMillis + self.configuration.doubtMillis {
            // No write of ours can still be under way.
            if !self.assumptions.isEmpty { self.requestCycle(now) }
            self.assumptions = [:]
            self.doubts = [:]
            self.steppedDownMillis = nil
        }
    }

    /// Events that come close together share a cycle; the first of them sets its time.
    mutating func requestCycle(_ now: Int64) {
        guard self.hasSynced, self.cycleDueMillis == nil else { return }
        self.cycleDueMillis = now + self.configuration.debounceMillis
    }

    mutating func action(_ kind: Action.Kind) -> Action {
        let action = Action(id: self.nextActionID(), kind: kind)
        self.inFlight[action.id] = ActionUnderWay(action: action, sinceMillis: self.lastMillis)
        return action
    }

    mutating func nextActionID() -> ActionID {
        self.lastActionID += 1
        return ActionID(rawValue: self.lastActionID)
    }

    // MARK: Leadership

    /// What this process decided when it led before may have happened: only the server knows.
    private mutating func takeOver(_ now: Int64) -> [Action] {
        guard !self.isLeader else { return [] }
        self.isLeader = true
        self.takeOverCapacity(now)
        self.steppedDownMillis = nil
        return self.assumptions.keys.sorted().compactMap { self.pods[$0].map(self.target) }.map {
            self.action(.read($0))
        }
    }

    /// Decisions under way stay facts for a while: their writes may still arrive.
    private mutating func stepDown(_ now: Int64) {
        self.isLeader = false
        self.steppedDownMillis = now
        for assumption in self.assumptions.values {
            self.doubts[assumption.uid] = now + self.configuration.doubtMillis
        }
        self.inFlight = [:]
        self.retries = []
        self.failures = [:]
        self.evicting = [:]
        self.evictionDoubts = [:]
        self.explained = [:]
        self.partialGangs = [:]
        self.nominations = [:]
        self.nominationAsked = [:]
        self.pauses = [:]
        self.spared = [:]
        self.ended = []
        self.stepDownCapacity()
    }
}

/// What a loop may be told besides events.
public struct ControlLoopConfiguration: Hashable, Sendable {
    public var planner = PlannerConfiguration()
    /// From the first event to the cycle that answers it. 0: at once.
    public var debounceMillis: Int64 = 50
    /// Before an action whose reply was lost, or that was certainly not done, is asked for again: between half of this and all
    /// of it, doubled with each further failure.
    public var retryMillis: Int64 = 1000
    public var longestRetryMillis: Int64 = 60_000
    /// After so many failures of a release or binding its pod is read instead.
    public var retryLimit = 5
    /// How long a pod is left alone after the server refused an action on it.
    public var refusalMillis: Int64 = 30_000
    /// How long a write may still be under way whose reply was lost, or whose process leads no more. Not less than the longest
    /// that a call may take.
    public var doubtMillis: Int64 = 60_000
    /// How long a pinned pod may wait for its binding before its node is looked at.
    public var pinMillis: Int64 = 30_000
    /// How long a gang may hold room below its minimum while the rest finds none; then it is held again as a whole.
    public var partialGangMillis: Int64 = 60_000
    /// How long after it has chosen victims a preemptor may choose others; doubled each time.
    public var preemptionMillis: Int64 = 30_000
    public var longestPreemptionMillis: Int64 = 600_000
    /// How long a terminating pod's room is counted on.
    public var leavingMillis: Int64 = 600_000
    /// Of the jitter of retries. Replicas should differ.
    public var seed: UInt64 = 0
    /// Begins the client tokens of launches. Different for every process that ever leads; at most 40 characters.
    public var tokenPrefix = "berth"
    /// Milliseconds since 1970 at time 0 of the events.
    public var epochMillis: Int64 = 0
    /// What interruptions cost, for purchases.
    public var interruptions = InterruptionModel()
    /// How long an offering is left alone that was refused: first, and at most.
    public var firstBackoffSeconds: Int64 = 60
    public var longestBackoffSeconds: Int64 = 1800
    /// How long work must have waited before nodes are bought for it, so that what comes together is bought together.
    public var purchaseDelayMillis: Int64 = 2000
    /// How long after the provider said that a launch is under way it is asked again.
    public var launchPollMillis: Int64 = 2000
    /// How long after its launch a machine may take to become a usable node; then it is given up and deleted.
    public var joinMillis: Int64 = 900_000
    /// How long a bought node must have stood empty, and unwanted, before it is given back.
    public var idleMillis: Int64 = 300_000
    /// How long nobody must have come to a bought node or left it before its pods may be moved for money's sake.
    public var consolidateMillis: Int64 = 600_000
    /// How long work that was moved is left alone: as long as savings are counted for.
    public var restMillis: Int64 = 4 * 3_600_000
    /// How long a node that was emptied is kept for the pods that stood there, until others like them stand somewhere.
    public var returnMillis: Int64 = 120_000
    /// How long after a node was seen closed to newcomers it must still be empty. Longer than a binding may be under way.
    public var settleMillis: Int64 = 10_000
    /// Whether claims are taken for all that there is, in place of the provider's lists: for a dry run, in which nobody asks it.
    public var trustsClaims = false
    /// Whether nodes may be written to. Where not, a node that is taken is closed in plans only.
    public var taintsNodes = true

    public init() {}
}

/// An action that has no answer yet.
struct ActionUnderWay: Hashable {
    var action: Action
    var sinceMillis: Int64
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

/// Room that is held for nothing: since when, and when to look again.
struct Hold: Hashable {
    var sinceMillis: Int64
    var lookMillis: Int64
}
