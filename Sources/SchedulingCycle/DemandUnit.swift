import PlacementSolver
import SchedulingModel

/// What is placed in one go: a single pod, or all pending members of a top-level group.
struct DemandUnit {
    enum Subject: Hashable {
        case pod(Int)
        case group(Int)
    }

    let subject: Subject
    /// Pending pods, in ring order for a group.
    let pods: [Int]
    /// Whether where it can go depends on where other pods are.
    let dependsOnOthers: Bool
    var priority: Int { self.order.priority }
    private let order: Order

    /// Priority first, nominated pods of a priority before others, then best-fit decreasing, then age, then name.
    private struct Order: Hashable {
        let priority: Int
        let isNominated: Int
        let unitThousandths: Int
        let podThousandths: Int
        let deviceMemoryMiB: Int64
        let cpuMillis: Int64
        let memoryBytes: Int64
        let creationSeconds: Int64
        let key: PodKey

        func precedes(_ other: Order) -> Bool {
            if self.priority != other.priority { return self.priority > other.priority }
            if self.isNominated != other.isNominated { return self.isNominated > other.isNominated }
            if self.unitThousandths != other.unitThousandths { return self.unitThousandths > other.unitThousandths }
            if self.podThousandths != other.podThousandths { return self.podThousandths > other.podThousandths }
            if self.deviceMemoryMiB != other.deviceMemoryMiB { return self.deviceMemoryMiB > other.deviceMemoryMiB }
            if self.cpuMillis != other.cpuMillis { return self.cpuMillis > other.cpuMillis }
            if self.memoryBytes != other.memoryBytes { return self.memoryBytes > other.memoryBytes }
            if self.creationSeconds != other.creationSeconds { return self.creationSeconds < other.creationSeconds }
            return self.key < other.key
        }
    }

    private init(subject: Subject, pods: [Int], snapshot: ClusterSnapshot) {
        let states = pods.map { snapshot.pods[$0] }
        self.subject = subject
        self.pods = pods
        self.dependsOnOthers = states.contains { pod in
            !(pod.constraints.requiredPodAffinity.isEmpty
                && pod.constraints.topologySpread.allSatisfy { !$0.isRequired })
        }
        let sizes = states.map(Self.thousandths)
        self.order = Order(
            priority: states.map { Int($0.priority) }.max() ?? 0,
            isNominated: states.contains { $0.nominatedNode != nil } ? 1 : 0,
            unitThousandths: sizes.reduce(0, +), podThousandths: sizes.max() ?? 0,
            deviceMemoryMiB: states.flatMap { $0.deviceRequests.compactMap(\.memoryMiBPerDevice) }.max() ?? 0,
            cpuMillis: states.map { $0.requests[.cpu] }.max() ?? 0,
            memoryBytes: states.map { $0.requests[.memory] }.max() ?? 0,
            creationSeconds: states.map(\.creationSeconds).min() ?? 0,
            key: states.map(\.key).min() ?? PodKey(namespace: "", name: ""))
    }

    /// A rough size for the order: a whole device 1000, a slot without a declared share 100.
    private static func thousandths(of pod: PodState) -> Int {
        pod.deviceRequests.reduce(0) { sum, request in
            switch request.kind {
            case .whole, .mig: sum + request.count * 1000
            case .slot, .fraction: sum + request.count * (request.thousandthsPerDevice ?? 100)
            }
        }
    }

    /// Everything that is demand, in the order it is to be placed.
    static func ordered(_ snapshot: ClusterSnapshot, _ groups: GroupTree) -> [DemandUnit] {
        var units: [DemandUnit] = []
        for (index, pod) in snapshot.pods.enumerated()
        where pod.standing == .pending && groups.topGroupByPod[index] < 0 {
            units.append(DemandUnit(subject: .pod(index), pods: [index], snapshot: snapshot))
        }
        for top in groups.topGroups {
            let pending = groups.pods(below: top).filter { snapshot.pods[$0].standing == .pending }
            if !pending.isEmpty { units.append(DemandUnit(subject: .group(top), pods: pending, snapshot: snapshot)) }
        }
        return units.sorted { $0.order.precedes($1.order) }
    }
}
