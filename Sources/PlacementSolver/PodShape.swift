import SchedulingModel

/// What a pod asks for and under which conditions, without its name: pods of one shape are interchangeable to the solver.
///
/// Shapes are interned: a shape is a position in `SolverState.shapes`. What the hot path needs of it is in its `ShapeRule`.
struct PodShape {
    /// One resource the shape asks for, addressed by its row in the free matrix.
    struct Request {
        let row: Int
        let amount: Int64
    }

    let requests: [Request]
    let deviceRequests: [DeviceRequest]
    /// The row of free units that the first device request is looked up in; nil for a shape without devices.
    let poolRow: Int?
    let constraints: SchedulingConstraints
    let namespace: String
    /// Nodes whose taints, labels, name, volumes and kinds of devices allow the shape. Never changes.
    let allowedNodes: NodeBitset
    /// Of those, the ones where a slot or fraction finds devices that are shared already by their nature.
    let sharedNodes: NodeBitset
    /// Counters of the required pod affinity terms; existing pods count that match all of them.
    var affinityCounters: [Int] = []
    var antiAffinityCounters: [Int] = []
    var spreadCounters: [Int] = []

    /// Whether a whole set of such pods fits on a node by counting alone.
    var isCountable: Bool {
        self.constraints.hostPorts.isEmpty && self.deviceRequests.count <= 1
            && self.deviceRequests.allSatisfy { $0.kind == .whole || $0.kind.isMIG }
    }
}

extension DeviceRequest.Kind {
    var isMIG: Bool { if case .mig = self { true } else { false } }
}

/// The part of a pod that decides its shape.
struct ShapeKey: Hashable {
    let requests: ResourceAmounts
    let deviceRequests: [DeviceRequest]
    let constraints: SchedulingConstraints
    /// Empty where no constraint looks at the namespace, so that equal work of many tenants is one shape.
    let namespace: String
    /// Labels that the pod's own spread and affinity terms may match; empty where it has none.
    let labels: [String: String]

    init(_ pod: PodState) {
        let looksAtPods = pod.constraints.looksAtPods
        self.requests = pod.requests
        self.deviceRequests = pod.deviceRequests
        self.constraints = pod.constraints
        self.namespace = looksAtPods ? pod.key.namespace : ""
        self.labels = looksAtPods ? pod.labels : [:]
    }

    /// Whether `ShapeKey(pod)` would equal this key.
    func isKey(of pod: PodState) -> Bool {
        guard self.requests == pod.requests, self.deviceRequests == pod.deviceRequests,
            self.constraints == pod.constraints
        else { return false }
        return !pod.constraints.looksAtPods || self.namespace == pod.key.namespace && self.labels == pod.labels
    }

    var fingerprint: UInt64 { Self.fingerprint(self.requests, self.deviceRequests) }

    /// A cheap number that equal keys share: amounts and devices, which tell most shapes apart.
    static func fingerprint(_ pod: PodState) -> UInt64 { Self.fingerprint(pod.requests, pod.deviceRequests) }

    private static func fingerprint(_ requests: ResourceAmounts, _ deviceRequests: [DeviceRequest]) -> UInt64 {
        var mixed: UInt64 = 0x9E37_79B9_7F4A_7C15
        for entry in requests.entries {
            mixed = (mixed ^ UInt64(bitPattern: entry.amount)) &* 0xBF58_476D_1CE4_E5B9
            mixed ^= mixed >> 29
        }
        for request in deviceRequests {
            let part = request.memoryMiBPerDevice ?? Int64(request.thousandthsPerDevice ?? 0)
            mixed =
                (mixed ^ UInt64(bitPattern: Int64(request.count)) ^ UInt64(bitPattern: part) << 8)
                &* 0x94D0_49BB_1331_11EB
            mixed ^= mixed >> 31
        }
        return mixed
    }
}

extension SchedulingConstraints {
    fileprivate var looksAtPods: Bool {
        !(self.topologySpread.isEmpty && self.requiredPodAffinity.isEmpty && self.requiredPodAntiAffinity.isEmpty
            && self.preferredPodAffinity.isEmpty && self.preferredPodAntiAffinity.isEmpty)
    }
}
