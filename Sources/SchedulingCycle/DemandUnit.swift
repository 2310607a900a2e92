import PlacementSolver
import SchedulingModel

/// What is placed in one go: a single pod, or all pending members of a top-level group.
struct DemandUnit {
    enum Subject: Hashable {
        case pod(Int)
        case group(Int)
    }

    let subject: Subject
    /// Pending pods, at least one, in ring order for a group.
    let pods: [Int]
    /// Whether where it can go depends on where other pods are.
    let dependsOnOthers: Bool
    var priority: Int { self.order.priority }
    private let order: Order

    /// Priority first, of a priority gangs that have begun, then nominated pods, then others, then best-fit decreasing, then age, then name.
    private struct Order {
        var priority = Int.min
        /// A gang of which some members run and too few: nobody else may take its room.
        var isBegun = false
        var isNominated = false
        var unitThousandths = 0
        var podThousandths = 0
        var deviceMemoryMiB: Int64 = 0
        var cpuMillis: Int64 = 0
        var memoryBytes: Int64 = 0
        var creationSeconds = Int64.max
        /// The lowest pod index stands for its name: pods are sorted by key.
        var pod = Int.max

        mutating func add(_ pod: Int, in pods: [PodState]) {
            self.priority = max(self.priority, Int(pods[pod].priority))
            self.isNominated = self.isNominated || pods[pod].nominatedNode != nil
            let size = DemandUnit.thousandths(of: pods[pod].deviceRequests)
            self.unitThousandths += size
            self.podThousandths = max(self.podThousandths, size)
            for request in pods[pod].deviceRequests {
                self.deviceMemoryMiB = max(self.deviceMemoryMiB, request.memoryMiBPerDevice ?? 0)
            }
            self.cpuMillis = max(self.cpuMillis, pods[pod].requests[.cpu])
            self.memoryBytes = max(self.memoryBytes, pods[pod].requests[.memory])
            self.creationSeconds = min(self.creationSeconds, pods[pod].creationSeconds)
            self.pod = min(self.pod, pod)
        }

        func precedes(_ other: Order) -> Bool {
            if self.priority != other.priority { return self.priority > other.priority }
            if self.isBegun != other.isBegun { return self.isBegun }
            if self.isNominated != other.isNominated { return self.isNominated }
            if self.unitThousandths != other.unitThousandths { return self.unitThousandths > other.unitThousandths }
            if self.podThousandths != other.podThousandths { return self.podThousandths > other.podThousandths }
            if self.deviceMemoryMiB != other.deviceMemoryMiB { return self.deviceMemoryMiB > other.deviceMemoryMiB }
            if self.cpuMillis != other.cpuMillis { return self.cpuMillis > other.cpuMillis }
            if self.memoryBytes != other.memoryBytes { return self.memoryBytes > other.memoryBytes }
            if self.creationSeconds != other.creationSeconds { return self.creationSeconds < other.creationSeconds }
            return self.pod < other.pod
        }
    }

    /// - Parameter pods: Never empty.
    private init(subject: Subject, pods: [Int], snapshot: ClusterSnapshot, isBegun: Bool = false) {
        self.subject = subject
        self.pods = pods
        var order = Order()
        order.isBegun = isBegun
        for pod in pods { order.add(pod, in: snapshot.pods) }
        self.order = order
        self.dependsOnOthers = pods.contains { snapshot.pods[$0].followsOtherPods }
    }

    /// A rough size for the order: a whole device 1000, a slot without a declared share 100.
    private static func thousandths(of requests: [DeviceRequest]) -> Int {
        requests.reduce(0) { sum, request in
            switch request.kind {
            case .whole, .mig: sum + request.count * 1000
            case .slot, .fraction: sum + request.count * (request.thousandthsPerDevice ?? 100)
            }
        }
    }

    /// Everything that is demand, in the order it is to be placed.
    ///
    /// - Parameter demand: Pending pods, ascending.
    static func ordered(_ demand: [Int], _ snapshot: ClusterSnapshot, _ groups: GroupTree) -> [DemandUnit] {
        var units: [DemandUnit] = []
        for index in demand where groups.topGroupByPod[index] < 0 {
            units.append(DemandUnit(subject: .pod(index), pods: [index], snapshot: snapshot))
        }
        for top in groups.topGroups {
            let members = groups.pods(below: top)
            let pending = members.filter { snapshot.pods[$0].standing == .pending }
            guard !pending.isEmpty else { continue }
            let running = members.count { snapshot.pods[$0].node != nil }
            let isBegun = running > 0 && running < groups.groups[top].minMember
            units.append(
                DemandUnit(subject: .group(top), pods: pending, snapshot: snapshot, isBegun: isBegun))
        }
        let order = units.indices.map { (order: units[$0].order, position: $0) }
            .sorted { $0.order.precedes($1.order) }
        return order.map { units[$0.position] }
    }
}
