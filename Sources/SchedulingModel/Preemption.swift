/// How many of the pods it selects a PodDisruptionBudget lets go now.
public struct DisruptionBudget: Hashable, Sendable {
    public var namespace: String
    public var name: String
    /// Nil selects no pod.
    public var selector: LabelSelector?
    /// `status.disruptionsAllowed`: what the API server would let be evicted now.
    public var disruptionsAllowed: Int

    public init(namespace: String, name: String, selector: LabelSelector?, disruptionsAllowed: Int) {
        self.namespace = namespace
        self.name = name
        self.selector = selector
        self.disruptionsAllowed = disruptionsAllowed
    }

    public func covers(_ pod: PodState) -> Bool {
        pod.key.namespace == self.namespace && self.selector?.matches(pod.labels) ?? false
    }
}

/// Room that is made for one pod or gang by evicting others, and kept for it.
///
/// Its pods stay pending: they are let go when a later plan places them, which no plan does before the room is there.
public struct Preemption: Hashable, Sendable {
    /// The top-level group that preempts as a whole; nil for a single pod.
    public var group: PodGroupKey?
    /// Where its pods will stand. Without devices: these are chosen when the room is there.
    public var reservations: [Assignment]
    /// Who has to go, in the order of their first pods. Empty where all who have to go are leaving already.
    public var disruptions: [Disruption]

    public init(group: PodGroupKey?, reservations: [Assignment], disruptions: [Disruption]) {
        self.group = group
        self.reservations = reservations
        self.disruptions = disruptions
    }

    /// All victims, sorted.
    public var victims: [PodKey] { self.disruptions.flatMap(\.pods).sorted() }
}

/// What is taken from one owner at once.
public struct Disruption: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// Members above the minimum of a gang, which runs on without them.
        case shrink
        /// A pod on its own.
        case pod
        /// A gang with all its members.
        case gang
    }

    public var kind: Kind
    /// The top-level group of the victims; nil for a pod on its own.
    public var group: PodGroupKey?
    /// Sorted.
    public var pods: [PodKey]
    /// The highest of the victims.
    public var priority: Int32

    public init(kind: Kind, group: PodGroupKey? = nil, pods: [PodKey], priority: Int32) {
        self.kind = kind
        self.group = group
        self.pods = pods
        self.priority = priority
    }
}

/// By what one set of victims is chosen before another; the smaller is chosen. Compared in the order of the fields.
public struct DisruptionCost: Hashable, Comparable, Sendable {
    /// The highest priority among pods that are evicted; least where gangs are only shrunk.
    public var highestPriority = Int.min
    /// Pods of gangs and single pods that are evicted.
    public var evictedPods = 0
    /// Members above their gangs' minimums.
    public var shrunkPods = 0
    /// Devices of all victims.
    public var accelerators = 0
    /// How long the longest-running victim has been there, as the creation time with its sign changed: the young go first.
    public var age = Int64.min

    public init() {}

    public mutating func add(_ other: Self) {
        self.highestPriority = max(self.highestPriority, other.highestPriority)
        self.evictedPods += other.evictedPods
        self.shrunkPods += other.shrunkPods
        self.accelerators += other.accelerators
        self.age = max(self.age, other.age)
    }

    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.highestPriority, lhs.evictedPods, lhs.shrunkPods, lhs.accelerators, lhs.age)
            < (rhs.highestPriority, rhs.evictedPods, rhs.shrunkPods, rhs.accelerators, rhs.age)
    }
}

extension PodState {
    /// Whether the rules allow evicting it at all, priority and budgets aside.
    public var isEvictable: Bool {
        self.node != nil && !self.isTerminating && !self.belongsToNode && !self.isProtected
    }

    /// Whether its room may be counted on soon.
    public var isLeaving: Bool { self.isTerminating && !self.leavesLate }
}
