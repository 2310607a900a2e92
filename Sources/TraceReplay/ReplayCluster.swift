/// The benchmark's cluster as plain numbers, for the baselines and for checking placements.
struct ReplayCluster {
    struct Node {
        var cpuMillis: Int
        var memoryMiB: Int
        /// Free thousandths of each GPU.
        var gpuMillis: [Int]
        let model: Int

        var freeGPUMillis: Int { self.gpuMillis.reduce(0, +) }
    }

    /// What a pod asks for; models as a set of bits.
    struct Request: Hashable {
        let cpuMillis: Int
        let memoryMiB: Int
        let gpuCount: Int
        let gpuMillis: Int
        /// Bit per model, 0 for any.
        let models: UInt64

        var isShared: Bool { self.gpuCount == 1 && self.gpuMillis < 1000 }
    }

    var nodes: [Node]
    /// In pod-list order.
    let requests: [Request]

    init(_ trace: OpenbTrace) {
        var numbers: [String: Int] = [:]
        for node in trace.nodes where numbers[node.model] == nil { numbers[node.model] = numbers.count }
        self.nodes = trace.nodes.map { node in
            Node(
                cpuMillis: node.cpuMillis, memoryMiB: node.memoryMiB,
                gpuMillis: Array(repeating: 1000, count: node.gpuCount), model: numbers[node.model] ?? 0)
        }
        self.requests = trace.pods.map { pod in
            var models: UInt64 = 0
            // A model that no node has is a bit that no node has.
            for model in pod.models { models |= 1 << UInt64(min(63, numbers[model] ?? 63)) }
            return Request(
                cpuMillis: pod.cpuMillis, memoryMiB: pod.memoryMiB, gpuCount: pod.gpuCount, gpuMillis: pod.gpuMillis,
                models: models)
        }
    }

    // MARK: Feasibility

    func fits(_ request: Request, on index: Int) -> Bool {
        let node = self.nodes[index]
        guard node.cpuMillis >= request.cpuMillis, node.memoryMiB >= request.memoryMiB else { return false }
        if request.gpuCount == 0 { return true }
        guard Self.allows(request, node) else { return false }
        var count = 0
        for free in node.gpuMillis where free >= request.gpuMillis { count += 1 }
        return count >= request.gpuCount
    }

    static func allows(_ request: Request, _ node: Node) -> Bool {
        request.models == 0 || request.models & (1 << UInt64(min(62, node.model))) != 0
    }

    /// Whether these GPUs of the node, each once, have what the request asks for.
    func fits(_ request: Request, on index: Int, gpus: [Int]) -> Bool {
        let node = self.nodes[index]
        return self.fits(request, on: index) && gpus.count == request.gpuCount && Set(gpus).count == gpus.count
            && gpus.allSatisfy { node.gpuMillis.indices.contains($0) && node.gpuMillis[$0] >= request.gpuMillis }
    }

    // MARK: Devices

    /// Idle GPUs, lowest index first.
    static func idleGPUs(_ request: Request, on node: Node) -> [Int] {
        Array(node.gpuMillis.indices.filter { node.gpuMillis[$0] == 1000 }.prefix(request.gpuCount))
    }

    /// The GPU with the least left that has room, lowest index first.
    static func tightestGPU(_ request: Request, on node: Node) -> Int? {
        var best: Int?
        for (gpu, free) in node.gpuMillis.enumerated() where free >= request.gpuMillis {
            if let chosen = best, node.gpuMillis[chosen] <= free { continue }
            best = gpu
        }
        return best
    }

    mutating func place(_ request: Request, on index: Int, gpus: [Int]) {
        self.nodes[index].take(request, gpus: gpus)
    }
}

extension ReplayCluster.Node {
    mutating func take(_ request: ReplayCluster.Request, gpus: [Int]) {
        self.cpuMillis -= request.cpuMillis
        self.memoryMiB -= request.memoryMiB
        for gpu in gpus { self.gpuMillis[gpu] -= request.gpuMillis }
    }
}
