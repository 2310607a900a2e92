import SchedulingModel

/// Pods with nodes told apart by their shapes and whether their devices are known, so that they are booked in plain numbers,
/// without a name or a reference.
///
/// A cluster has many pods and few kinds of them. Pods of one kind have one shape, and a pod keeps its kind from cycle to
/// cycle, so shapes of pods with nodes are found once per kind.
struct HoldingKinds: Sendable {
    struct Kind: Sendable {
        /// In `rows` and `amounts`; `pods` is not among them.
        let requests: Range<Int>
        /// Of the first device request.
        let device: DeviceDemandRule
        /// Of the first device request's resource, -1 where no node has it.
        let poolRow: Int32
        let deviceRequestCount: Int32
        let hasPorts: Bool
        /// Whether the API says which devices are held.
        let knowsDevices: Bool
    }

    private struct Key: Sendable {
        let shape: ShapeKey
        let knowsDevices: Bool

        func isKey(of pod: PodState) -> Bool {
            self.knowsDevices == !pod.knownDevices.isEmpty && self.shape.isKey(of: pod)
        }
    }

    private(set) var kinds: [Kind] = []
    private(set) var rows: [Int32] = []
    private(set) var amounts: [Int64] = []
    private var keys: [Key] = []
    private var numbersByFingerprint: [UInt64: [Int32]] = [:]
    private var last = 0
    /// One per pod, -1 for one that never had a node.
    var kindByPod: [Int32]

    init(podCount: Int) { self.kindByPod = Array(repeating: -1, count: podCount) }

    /// The kind of a pod that is about to be booked as a fact.
    ///
    /// - Parameters:
    ///   - rowByResource: Row 0 is `pods`.
    ///   - poolRowByResource: Of device pools.
    mutating func note(
        _ pod: Int, _ state: PodState, rowByResource: [ResourceName: Int], poolRowByResource: [ResourceName: Int]
    ) -> Kind {
        if self.last < self.keys.count, self.keys[self.last].isKey(of: state) {
            self.kindByPod[pod] = Int32(self.last)
            return self.kinds[self.last]
        }
        let fingerprint = ShapeKey.fingerprint(state)
        let known = self.numbersByFingerprint[fingerprint]?.first { self.keys[Int($0)].isKey(of: state) }
        let number = known ?? self.add(state, fingerprint, rowByResource, poolRowByResource)
        self.last = Int(number)
        self.kindByPod[pod] = number
        return self.kinds[self.last]
    }

    private mutating func add(
        _ pod: PodState, _ fingerprint: UInt64, _ rowByResource: [ResourceName: Int],
        _ poolRowByResource: [ResourceName: Int]
    ) -> Int32 {
        let key = Key(shape: ShapeKey(pod), knowsDevices: !pod.knownDevices.isEmpty)
        let start = self.rows.count
        for entry in pod.requests.entries {
            guard let row = rowByResource[entry.name], row > 0 else { continue }
            self.rows.append(Int32(row))
            self.amounts.append(entry.amount)
        }
        let first = pod.deviceRequests.first
        let nothing = DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: 0)
        self.kinds.append(
            Kind(
                requests: start..<self.rows.count, device: DeviceDemandRule(first ?? nothing),
                poolRow: Int32(first.flatMap { poolRowByResource[$0.resource] } ?? -1),
                deviceRequestCount: Int32(pod.deviceRequests.count), hasPorts: pod.hasHostPorts,
                knowsDevices: key.knowsDevices))
        let number = Int32(self.keys.count)
        self.keys.append(key)
        self.numbersByFingerprint[fingerprint, default: []].append(number)
        return number
    }

    /// The kind of a pod that is or was booked as a fact; nil for others.
    @inline(__always)
    func kind(of pod: Int) -> Kind? { self.kindByPod[pod] >= 0 ? self.kinds[Int(self.kindByPod[pod])] : nil }

    /// Forgets what a pod held that has changed.
    mutating func forget(_ pod: Int) { self.kindByPod[pod] = -1 }
}
