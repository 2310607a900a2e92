/// The openb benchmark: a cluster and a list of pod requests.
///
/// - SeeAlso: Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent",
///   USENIX ATC 2023; alibaba/clusterdata, cluster-trace-gpu-v2023.
public struct OpenbTrace: Sendable {
    public struct Node: Sendable, Hashable {
        public var name: String
        public var cpuMillis: Int
        public var memoryMiB: Int
        public var gpuCount: Int
        public var model: String
    }

    public struct Pod: Sendable, Hashable {
        public var name: String
        public var cpuMillis: Int
        public var memoryMiB: Int
        public var gpuCount: Int
        /// Thousandths of each GPU asked for: 1000 unless one GPU is shared, 0 without GPUs.
        public var gpuMillis: Int
        /// Models that will do, empty for any.
        public var models: [String]

        /// All GPUs together, in thousandths.
        public var totalGPUMillis: Int { self.gpuCount * self.gpuMillis }
        public var isShared: Bool { self.gpuCount == 1 && self.gpuMillis < 1000 }
    }

    /// In file order.
    public let nodes: [Node]
    public let pods: [Pod]

    public init(nodes: [Node], pods: [Pod]) {
        self.nodes = nodes
        self.pods = pods
    }

    public var gpuMillisOfCluster: Int { self.nodes.reduce(0) { $0 + $1.gpuCount * 1000 } }

    // MARK: Reading

    /// Most GPUs of one node or pod that the replay knows how to count.
    static let mostGPUs = 16

    /// Columns `sn`, `cpu_milli`, `memory_mib`, `gpu`, `model`.
    public static func nodes(file: String, text: String) throws(TraceError) -> [Node] {
        let table = try TraceTable(file: file, text: text)
        var nodes: [Node] = []
        for row in 0..<table.rowCount {
            nodes.append(
                Node(
                    name: try table.text("sn", row: row), cpuMillis: try table.number("cpu_milli", row: row),
                    memoryMiB: try table.number("memory_mib", row: row),
                    gpuCount: try table.number("gpu", row: row, in: 0...Self.mostGPUs),
                    model: try table.text("model", row: row)))
        }
        return nodes
    }

    /// Columns `name`, `cpu_milli`, `memory_mib`, `num_gpu`, `gpu_milli` and, where the trace has it, `gpu_spec`.
    public static func pods(file: String, text: String) throws(TraceError) -> [Pod] {
        let table = try TraceTable(file: file, text: text)
        let hasModels = table.hasColumn("gpu_spec")
        var pods: [Pod] = []
        for row in 0..<table.rowCount {
            let count = try table.number("num_gpu", row: row, in: 0...Self.mostGPUs)
            let models = hasModels ? try table.text("gpu_spec", row: row).split(separator: "|").map(String.init) : []
            pods.append(
                Pod(
                    name: try table.text("name", row: row), cpuMillis: try table.number("cpu_milli", row: row),
                    memoryMiB: try table.number("memory_mib", row: row), gpuCount: count,
                    gpuMillis: try Self.gpuMillis(table, row: row, count: count), models: count == 0 ? [] : models))
        }
        return pods
    }

    /// The share is ignored without GPUs, and several GPUs are always whole.
    private static func gpuMillis(_ table: TraceTable, row: Int, count: Int) throws(TraceError) -> Int {
        switch count {
        case 0: return 0
        case 1: return try table.number("gpu_milli", row: row, in: 1...1000)
        default: return 1000
        }
    }
}
