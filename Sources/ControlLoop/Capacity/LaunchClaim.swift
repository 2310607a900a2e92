public import SchedulingModel

/// One launch as it is written down on the API before anything is bought, and until its last machine is given back.
///
/// Every machine that Berth owns is in one claim. What a restart needs is here and at the provider, nowhere else.
public struct LaunchClaim: Hashable, Sendable {
    public enum Phase: String, Hashable, Comparable, CaseIterable, Sendable {
        /// The provider is asked, or may have been: with this token, and no other.
        case launching
        /// The machines are known.
        case launched
        /// Nothing more is expected of the launch. What turns up under its token is deleted unless it is in use.
        case closing

        public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rank < rhs.rank }

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    public struct Machine: Hashable, Sendable {
        public enum Phase: String, Hashable, Comparable, CaseIterable, Sendable {
            /// Booting, or its node has not registered its devices yet.
            case expected
            /// Its node has been usable once.
            case joined
            /// To be deleted. There is no way back.
            case leaving

            public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rank < rhs.rank }

            private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
        }

        public var id: MachineID
        public var phase: Phase

        public init(id: MachineID, phase: Phase = .expected) {
            self.id = id
            self.phase = phase
        }
    }

    /// The client token of the launch, and the claim's name. Never used twice.
    public var token: String
    public var pool: String
    public var offering: OfferingKey
    public var count: Int
    /// The gang that the nodes are for; nil for single pods.
    public var group: PodGroupKey?
    /// Since when machines are waited for; milliseconds since 1970.
    public var sinceMillis: Int64
    public var phase: Phase
    /// The node that makes way for what is bought: its pods are moved there. Nil for a launch of any other purpose.
    public var replaces: NodeName?
    /// Until when pods on its nodes are left alone, since they were moved there; milliseconds since 1970, 0 where nobody was.
    public var restsUntilMillis: Int64 = 0
    /// By id.
    public var machines: [Machine]
    /// `metadata.resourceVersion`; 0 for a claim that is not written yet.
    public var version: UInt64

    public init(
        token: String, pool: String, offering: OfferingKey, count: Int, group: PodGroupKey? = nil, sinceMillis: Int64,
        phase: Phase = .launching, machines: [Machine] = [], version: UInt64 = 0
    ) {
        self.token = token
        self.pool = pool
        self.offering = offering
        self.count = count
        self.group = group
        self.sinceMillis = sinceMillis
        self.phase = phase
        self.machines = machines
        self.version = version
    }

    /// Machines that count against the pool's limit: while the launch is under way, all that it may bring.
    public var nodeCount: Int { self.phase == .launching ? self.count : self.machines.count }

    public func machines(_ phase: Machine.Phase) -> [MachineID] { self.machines.filter { $0.phase == phase }.map(\.id) }

    mutating func set(_ id: MachineID, to phase: Machine.Phase) {
        if let index = self.machines.firstIndex(where: { $0.id == id }) {
            self.machines[index].phase = phase
        } else {
            self.machines.append(Machine(id: id, phase: phase))
            self.machines.sort { $0.id < $1.id }
        }
    }

    /// What two writers know together: nothing goes back to an earlier phase.
    func merged(with other: LaunchClaim, without gone: Set<MachineID>) -> LaunchClaim {
        var merged = self
        merged.phase = max(self.phase, other.phase)
        merged.sinceMillis = max(self.sinceMillis, other.sinceMillis)
        merged.restsUntilMillis = max(self.restsUntilMillis, other.restsUntilMillis)
        for machine in other.machines where !gone.contains(machine.id) {
            let known = self.machines.first { $0.id == machine.id }?.phase ?? machine.phase
            merged.set(machine.id, to: max(known, machine.phase))
        }
        return merged
    }

    /// The same but for the version.
    func says(theSameAs other: LaunchClaim) -> Bool {
        var other = other
        other.version = self.version
        return self == other
    }
}
