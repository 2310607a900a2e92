#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Fragmentation gradient descent: the node whose fragmentation grows least.
///
/// Fragmentation is the free GPU capacity that the typical pods cannot use, weighted by how often each occurs. Scores are
/// whole numbers from 0 to 100, as in the scheduler the authors extended, and equal scores go by rank.
///
/// - SeeAlso: Weng et al., USENIX ATC 2023.
public struct FragmentationGradientPolicy: ReplayPolicy {
    private var cluster: ReplayCluster
    private let order: [Int]
    private let typical: [TypicalPod]
    /// Fragmentation of each node as it is now, in thousandths of a GPU; nil where it changed.
    private var fragmentation: [Double?]
    /// Requests that score alike, by pod, and the scores of each on every node as it is now; `unknown` where it changed.
    private let scoreRowByPod: [Int]
    private var scores: [[Int]]

    private static let unknown = Int.min

    private struct TypicalPod {
        let request: ReplayCluster.Request
        let frequency: Double
    }

    /// The typical pods are the most frequent requests that cover so much of the pod list.
    private static let coverage = 0.95

    public init(_ trace: OpenbTrace, nodeRanks: [Int]) {
        self.cluster = ReplayCluster(trace)
        self.order = nodeRanks.indices.sorted { nodeRanks[$0] < nodeRanks[$1] }
        self.typical = Self.typicalPods(self.cluster.requests)
        self.fragmentation = Array(repeating: nil, count: trace.nodes.count)
        var rows: [ReplayCluster.Request: Int] = [:]
        self.scoreRowByPod = self.cluster.requests.map { request in
            let key = Self.withoutMemory(request)
            let row = rows[key] ?? rows.count
            rows[key] = row
            return row
        }
        self.scores = Array(
            repeating: Array(repeating: Self.unknown, count: trace.nodes.count), count: rows.count)
    }

    /// Memory does not tell requests apart. Equally frequent ones are taken largest first.
    private static func typicalPods(_ requests: [ReplayCluster.Request]) -> [TypicalPod] {
        var counts: [ReplayCluster.Request: Int] = [:]
        for request in requests {
            counts[Self.withoutMemory(request), default: 0] += 1
        }
        let sizes = { (request: ReplayCluster.Request) in
            (request.cpuMillis, request.gpuMillis, request.gpuCount, request.models)
        }
        let frequent = counts.sorted { lhs, rhs in
            lhs.value != rhs.value ? lhs.value > rhs.value : sizes(lhs.key) > sizes(rhs.key)
        }
        var covered = 0
        var chosen: [(request: ReplayCluster.Request, count: Int)] = []
        for (request, count) in frequent where Double(covered) < Self.coverage * Double(requests.count) {
            covered += count
            chosen.append((request, count))
        }
        return chosen.map { TypicalPod(request: $0.request, frequency: Double($0.count) / Double(covered)) }
    }

    private static func withoutMemory(_ request: ReplayCluster.Request) -> ReplayCluster.Request {
        ReplayCluster.Request(
            cpuMillis: request.cpuMillis, memoryMiB: 0, gpuCount: request.gpuCount, gpuMillis: request.gpuMillis,
            models: request.models)
    }

    // MARK: Placing

    public mutating func place(arrival: Int, pod: Int) -> ReplayPlacement? {
        let request = self.cluster.requests[pod]
        let row = self.scoreRowByPod[pod]
        var best: Int?
        var bestScore = Int.min
        for node in self.order where self.cluster.fits(request, on: node) {
            if self.scores[row][node] == Self.unknown { self.scores[row][node] = self.score(request, on: node).0 }
            let score = self.scores[row][node]
            if score > bestScore { (best, bestScore) = (node, score) }
        }
        guard let best else { return nil }
        let gpus = self.score(request, on: best).1
        self.cluster.place(request, on: best, gpus: gpus)
        self.fragmentation[best] = nil
        for row in self.scores.indices { self.scores[row][best] = Self.unknown }
        return ReplayPlacement(node: best, gpus: gpus)
    }

    /// The score of the node, and of its GPUs the one that gives it.
    private mutating func score(_ request: ReplayCluster.Request, on index: Int) -> (Int, [Int]) {
        let node = self.cluster.nodes[index]
        let before = self.fragmentation[index] ?? self.fragmentation(of: node)
        self.fragmentation[index] = before
        guard request.isShared else {
            let gpus = ReplayCluster.idleGPUs(request, on: node)
            return (self.score(before, after: node, taking: request, gpus), gpus)
        }
        var best = (score: Int.min, gpus: [Int]())
        for gpu in node.gpuMillis.indices where node.gpuMillis[gpu] >= request.gpuMillis {
            let score = self.score(before, after: node, taking: request, [gpu])
            if score > best.score { best = (score, [gpu]) }
        }
        return best
    }

    private func score(
        _ before: Double, after node: ReplayCluster.Node, taking request: ReplayCluster.Request, _ gpus: [Int]
    ) -> Int {
        var next = node
        next.take(request, gpus: gpus)
        let gain = (before - self.fragmentation(of: next)) / 1000
        return Int(1 / (1 + exp(-gain)) * 100)
    }

    private func fragmentation(of node: ReplayCluster.Node) -> Double {
        let free = node.freeGPUMillis
        guard free > 0 else { return 0 }
        var sum = 0.0
        for pod in self.typical { sum += pod.frequency * Double(Self.unusable(pod.request, on: node, free: free)) }
        return sum
    }

    /// Free thousandths that the request cannot use: all of them where it does not fit, else those of GPUs that are too full.
    private static func unusable(_ request: ReplayCluster.Request, on node: ReplayCluster.Node, free: Int) -> Int {
        guard request.gpuCount > 0, node.cpuMillis >= request.cpuMillis, ReplayCluster.allows(request, node) else {
            return free
        }
        var usable = 0
        var count = 0
        for millis in node.gpuMillis where millis >= request.gpuMillis {
            usable += millis
            count += 1
        }
        return count >= request.gpuCount ? free - usable : free
    }
}
