/// The figures of one replay.
public struct ReplayFigures: Sendable {
    /// Kinds of pods that failures are counted by.
    public enum PodKind: String, Sendable, CaseIterable {
        case withoutGPU = "cpuOnly"
        case shared = "sharedGPU"
        case one = "oneGPU"
        case several = "multiGPU"

        init(_ pod: OpenbTrace.Pod) {
            if pod.gpuCount == 0 {
                self = .withoutGPU
            } else if pod.isShared {
                self = .shared
            } else {
                self = pod.gpuCount == 1 ? .one : .several
            }
        }
    }

    public let clusterGPUMillis: Int
    private var arrivedShare: ArrivedShare
    public private(set) var allocatedGPUMillis = 0
    public private(set) var arrivals = 0
    public private(set) var placed = 0
    public private(set) var failures: [PodKind: Int] = [:]
    /// Time for each placement, in order.
    public private(set) var nanoseconds: [Int64] = []
    /// Time for learning and planning between placements, all together.
    public private(set) var preparationNanoseconds: Int64 = 0
    /// Per whole percent of arrived demand: the sum of the allocated shares, in percent, and how many arrivals there were.
    private var sums: [(allocated: Double, count: Int)] = []

    init(clusterGPUMillis: Int) {
        self.clusterGPUMillis = clusterGPUMillis
        self.arrivedShare = ArrivedShare(clusterGPUMillis: clusterGPUMillis)
    }

    public var arrivedGPUMillis: Int { self.arrivedShare.arrivedGPUMillis }

    mutating func record(_ pod: OpenbTrace.Pod, isPlaced: Bool, preparation: Int64, placement: Int64) {
        self.arrivals += 1
        let percent = self.arrivedShare.percent(after: pod)
        self.nanoseconds.append(placement)
        self.preparationNanoseconds += preparation
        if isPlaced {
            self.placed += 1
            self.allocatedGPUMillis += pod.totalGPUMillis
        } else {
            self.failures[PodKind(pod), default: 0] += 1
        }
        let cluster = Double(max(1, self.clusterGPUMillis))
        while self.sums.count <= percent { self.sums.append((0, 0)) }
        self.sums[percent].allocated += 100 * Double(self.allocatedGPUMillis) / cluster
        self.sums[percent].count += 1
    }

    /// The mean allocated share, in percent of the cluster's GPUs, over the arrivals at which the arrived share rounds to
    /// `percent`; nil where there were none.
    public func allocatedPercent(atArrived percent: Int) -> Double? {
        guard self.sums.indices.contains(percent), self.sums[percent].count > 0 else { return nil }
        return self.sums[percent].allocated / Double(self.sums[percent].count)
    }

    public func unallocatedPercent(atArrived percent: Int) -> Double? {
        self.allocatedPercent(atArrived: percent).map { 100 - $0 }
    }
}
