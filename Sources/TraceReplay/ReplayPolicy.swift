/// Where one arrival went.
public struct ReplayPlacement: Sendable, Hashable {
    /// Position in the node list.
    public let node: Int
    /// Positions of the GPUs on the node, ascending.
    public let gpus: [Int]

    public init(node: Int, gpus: [Int]) {
        self.node = node
        self.gpus = gpus
    }
}

/// Who decides where pods go. It sees arrivals one by one and never takes a decision back.
public protocol ReplayPolicy {
    /// What a policy does between placements, when it hears of an arrival: learn, plan. Timed apart.
    mutating func prepare(arrival: Int, pod: Int)

    /// Decides on the arrival with this number, and remembers it.
    ///
    /// - Returns: Nil only where the pod fits nowhere.
    mutating func place(arrival: Int, pod: Int) -> ReplayPlacement?
}

extension ReplayPolicy {
    public mutating func prepare(arrival: Int, pod: Int) {}
}

/// The first node in rank order that has room.
public struct FirstFitPolicy: ReplayPolicy {
    private var cluster: ReplayCluster
    private let order: [Int]

    public init(_ trace: OpenbTrace, nodeRanks: [Int]) {
        self.cluster = ReplayCluster(trace)
        self.order = nodeRanks.indices.sorted { nodeRanks[$0] < nodeRanks[$1] }
    }

    public mutating func place(arrival: Int, pod: Int) -> ReplayPlacement? {
        let request = self.cluster.requests[pod]
        guard let node = self.order.first(where: { self.cluster.fits(request, on: $0) }) else { return nil }
        let gpus =
            request.isShared
            ? ReplayCluster.tightestGPU(request, on: self.cluster.nodes[node]).map { [$0] } ?? []
            : ReplayCluster.idleGPUs(request, on: self.cluster.nodes[node])
        self.cluster.place(request, on: node, gpus: gpus)
        return ReplayPlacement(node: node, gpus: gpus)
    }
}

/// The node that is left with least: free CPU in 128 cores and free GPUs in 8, each weighted by a half, rounded to whole
/// hundredths. Equal nodes by rank; a part of a GPU from the tightest one.
///
/// The baseline of the benchmark's authors.
public struct BestFitPolicy: ReplayPolicy {
    private var cluster: ReplayCluster
    private let order: [Int]

    public init(_ trace: OpenbTrace, nodeRanks: [Int]) {
        self.cluster = ReplayCluster(trace)
        self.order = nodeRanks.indices.sorted { nodeRanks[$0] < nodeRanks[$1] }
    }

    public mutating func place(arrival: Int, pod: Int) -> ReplayPlacement? {
        let request = self.cluster.requests[pod]
        var best: Int?
        var bestScore = Int.min
        for node in self.order where self.cluster.fits(request, on: node) {
            let score = self.score(request, on: node)
            if score > bestScore {
                best = node
                bestScore = score
            }
        }
        guard let best else { return nil }
        let gpus =
            request.isShared
            ? ReplayCluster.tightestGPU(request, on: self.cluster.nodes[best]).map { [$0] } ?? []
            : ReplayCluster.idleGPUs(request, on: self.cluster.nodes[best])
        self.cluster.place(request, on: best, gpus: gpus)
        return ReplayPlacement(node: best, gpus: gpus)
    }

    private func score(_ request: ReplayCluster.Request, on index: Int) -> Int {
        let node = self.cluster.nodes[index]
        let cpuLeft = Double(node.cpuMillis - request.cpuMillis) / 128_000 * 0.5
        let gpuLeft = Double(node.freeGPUMillis - request.gpuCount * request.gpuMillis) / 8_000 * 0.5
        return Int((1 - (cpuLeft + gpuLeft)) * 100)
    }
}
