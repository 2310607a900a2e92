import SchedulingModel

/// In which order the pods of a trace arrive, and in which order nodes are preferred among equals.
public struct ArrivalSequence: Sendable, Hashable {
    /// Positions in the pod list.
    public let pods: [Int]
    /// One rank per node, in file order; the lowest wins a tie.
    public let nodeRanks: [Int]

    public init(pods: [Int], nodeRanks: [Int]) {
        self.pods = pods
        self.nodeRanks = nodeRanks
    }

    /// Arrivals stop when this many hundredths of the cluster's GPUs have been asked for.
    static let lastPercent = 130

    /// Draws a sequence by the benchmark's protocol: the list sorted by name and shuffled; random pods dropped while it
    /// asks for more than 130 % of the cluster's GPUs, or else pods drawn with replacement appended until the next
    /// would pass that.
    public init(drawnFor trace: OpenbTrace, seed: UInt64) {
        self.pods = Self.drawPods(trace, seed: seed)
        self.nodeRanks = Self.drawRanks(trace.nodes.count, seed: seed)
    }

    public static func drawPods(_ trace: OpenbTrace, seed: UInt64) -> [Int] {
        var generator = SeededGenerator(seed: seed)
        let limit = trace.gpuMillisOfCluster * Self.lastPercent / 100
        let byName = trace.pods.indices.sorted { (trace.pods[$0].name, $0) < (trace.pods[$1].name, $1) }
        var order = generator.shuffled(byName)
        var sum = order.reduce(0) { $0 + trace.pods[$1].totalGPUMillis }
        while sum > limit, !order.isEmpty {
            sum -= trace.pods[order.remove(at: generator.int(in: 0...order.count - 1))].totalGPUMillis
        }
        // A list that asks for no GPU at all would be appended to without end.
        guard trace.pods.contains(where: { $0.totalGPUMillis > 0 }) else { return order }
        while true {
            let next = generator.pick(byName)
            sum += trace.pods[next].totalGPUMillis
            if sum > limit { return order }
            order.append(next)
        }
    }

    public static func drawRanks(_ nodeCount: Int, seed: UInt64) -> [Int] {
        var generator = SeededGenerator(seed: seed ^ 0x6E6F_6465)
        return generator.shuffled(Array(0..<nodeCount))
    }

    // MARK: Reading

    /// One number per line, or a table with one column `seedN` per seed.
    ///
    /// - Parameter bound: Numbers must be below it.
    public static func numbers(
        file: String, text: String, seed: UInt64, below bound: Int
    ) throws(TraceError) -> [Int] {
        let lines = text.split(whereSeparator: \.isNewline)
        guard let first = lines.first else {
            throw TraceError(file: file, line: 1, field: nil, found: "an empty file", expected: "numbers")
        }
        if Int(first) == nil { return try Self.column(file: file, text: text, seed: seed, below: bound) }
        var numbers: [Int] = []
        for (index, line) in lines.enumerated() {
            guard let number = Int(line), (0..<bound).contains(number) else {
                throw TraceError(
                    file: file, line: index + 1, field: nil, found: "'\(line)'",
                    expected: "a whole number from 0 to \(bound - 1)")
            }
            numbers.append(number)
        }
        return numbers
    }

    /// Columns of a table may differ in length: short ones end in empty fields.
    private static func column(file: String, text: String, seed: UInt64, below bound: Int) throws(TraceError) -> [Int] {
        let table = try TraceTable(file: file, text: text)
        guard table.hasColumn("seed\(seed)") else {
            throw TraceError(
                file: file, line: 1, field: nil, found: "'\(text.prefix { !$0.isNewline }.prefix(80))'",
                expected: "a number, or a column seed\(seed)")
        }
        var numbers: [Int] = []
        for row in 0..<table.rowCount where try !table.text("seed\(seed)", row: row).isEmpty {
            numbers.append(try table.number("seed\(seed)", row: row, in: 0...max(0, bound - 1)))
        }
        return numbers
    }

    /// - Throws: Where a node has no rank or two nodes share one.
    public static func checkRanks(_ ranks: [Int], nodeCount: Int, file: String) throws(TraceError) {
        guard ranks.count == nodeCount else {
            throw TraceError(
                file: file, line: ranks.count + 1, field: nil, found: "\(ranks.count) ranks",
                expected: "one per node, \(nodeCount)")
        }
        guard Set(ranks).count == nodeCount else {
            throw TraceError(
                file: file, line: 1, field: nil, found: "a rank that stands twice", expected: "each rank once")
        }
    }
}
