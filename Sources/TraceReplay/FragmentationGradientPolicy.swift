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
    }

    /// Memory does not tell requests apart. Equally frequent ones are taken largest first.
    private static func typicalPods(_ requests: [ReplayCluster.Request]) -> [TypicalPod] {
        var counts: [ReplayCluster.Request: Int] = [:]
        for request in requests {
            let key = ReplayCluster.Request(
                cpuMillis: request.cpuMillis, memoryMiB: 0, gpuCount: request.gpuCount, gpuMillis: request.gpuMillis,
                models: request.models)
            counts[key, default: 0] += 1
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

    // MARK: Placing

    public mutating func place(arrival: Int, pod: Int) -> ReplayPlacement? {
        let request = self.cluster.requests[pod]
        var best: ReplayPlacement?
        var bestScore = Int.min
        for node in self.order where self.cluster.fits(request, on: node) {
            let (score, gpus) = self.score(request, on: node)
            if score > bestScore {
                best = ReplayPlacement(node: node, gpus: gpus)
                bestScore = score
            }
        }
        guard let best else { return nil }
        self.cluster.place(request, on: best.node, gpus: best.gpus)
        self.fragmentation[best.node] = nil
        return best
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
