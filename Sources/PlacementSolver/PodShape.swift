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

/// The part of a pod that decides its shape, told by the first pod seen that has it.
struct ShapeKey: Sendable {
    private let example: PodState
    private let looksAtPods: Bool

    init(_ pod: PodState) {
        self.example = pod
        self.looksAtPods = pod.looksAtOtherPods
    }

    var requests: ResourceAmounts { self.example.requests }
    var deviceRequests: [DeviceRequest] { self.example.deviceRequests }
    var constraints: SchedulingConstraints { self.example.constraints }
    /// Empty where no constraint looks at the namespace, so that equal work of many tenants is one shape.
    var namespace: String { self.looksAtPods ? self.example.key.namespace : "" }

    /// Whether `ShapeKey(pod)` would be this key. Equal storage makes this cheap, as pods of one owner have it.
    func isKey(of pod: PodState) -> Bool {
        guard self.example.requests == pod.requests, self.example.deviceRequests == pod.deviceRequests,
            self.example.hasEqualConstraints(to: pod)
        else { return false }
        // A pod's own spread and affinity terms may match its labels.
        return !self.looksAtPods
            || self.example.key.namespace == pod.key.namespace && self.example.labels == pod.labels
    }

    var fingerprint: UInt64 { Self.fingerprint(self.example) }

    /// A cheap number that equal keys share: amounts and devices, which tell most shapes apart.
    static func fingerprint(_ pod: PodState) -> UInt64 {
        var mixed: UInt64 = 0x9E37_79B9_7F4A_7C15
        for entry in pod.requests.entries {
            mixed = (mixed ^ UInt64(bitPattern: entry.amount)) &* 0xBF58_476D_1CE4_E5B9
            mixed ^= mixed >> 29
        }
        for request in pod.deviceRequests {
            let part = request.memoryMiBPerDevice ?? Int64(request.thousandthsPerDevice ?? 0)
            mixed =
                (mixed ^ UInt64(bitPattern: Int64(request.count)) ^ UInt64(bitPattern: part) << 8)
                &* 0x94D0_49BB_1331_11EB
            mixed ^= mixed >> 31
        }
        return mixed
    }
}
