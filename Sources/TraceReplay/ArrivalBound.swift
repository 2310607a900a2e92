import PlacementSolver

/// What no policy can better: a proven bound on the benchmark's figures for one sequence of arrivals.
///
/// It knows all arrivals and may move pods at will. The figure at *x* % is a mean over the arrivals whose arrived share rounds
/// to *x*; a bound from prices is linear in the demand, so the mean of these demands is bounded once.
public struct ArrivalBound {
    private let trace: OpenbTrace
    private let sequence: ArrivalSequence
    private var state: SolverState

    public init(_ trace: OpenbTrace, _ sequence: ArrivalSequence) {
        self.trace = trace
        self.sequence = sequence
        self.state = SolverState(OpenbSnapshot(trace, sequence).snapshot)
    }

    /// The least share of the cluster's GPUs, in percent, that is unallocated when so much demand has arrived; nil where no
    /// arrival's share rounds to `percent`.
    public mutating func leastUnallocatedPercent(atArrived percent: Int) -> Double? {
        let window = self.arrivals(at: percent)
        guard !window.isEmpty else { return nil }
        var demand: [(pod: Int, weight: Double)] = []
        for arrival in 0..<window.upperBound {
            // How many of the window's arrivals come with or after this one.
            let beside = window.upperBound - max(arrival, window.lowerBound)
            demand.append((arrival, Double(beside) / Double(window.count)))
        }
        let most = self.state.mostServableDevices(demand)
        let cluster = Double(max(1, self.trace.gpuMillisOfCluster)) / 1000
        return max(0, 100 - 100 * most / cluster)
    }

    private func arrivals(at percent: Int) -> Range<Int> {
        var shares = ArrivedShare(clusterGPUMillis: self.trace.gpuMillisOfCluster)
        var first: Int?
        for (arrival, pod) in self.sequence.pods.enumerated() {
            let share = shares.percent(after: self.trace.pods[pod])
            if share == percent, first == nil { first = arrival }
            if share > percent { return (first ?? arrival)..<arrival }
        }
        return (first ?? self.sequence.pods.count)..<self.sequence.pods.count
    }
}

/// The arrived demand in whole percent of the cluster's GPUs, as the benchmark rounds it.
struct ArrivedShare {
    private let clusterGPUMillis: Int
    private(set) var arrivedGPUMillis = 0

    init(clusterGPUMillis: Int) { self.clusterGPUMillis = clusterGPUMillis }

    mutating func percent(after pod: OpenbTrace.Pod) -> Int {
        self.arrivedGPUMillis += pod.totalGPUMillis
        return Int(
            (100 * Double(self.arrivedGPUMillis) / Double(max(1, self.clusterGPUMillis))).rounded(.toNearestOrEven))
    }
}
