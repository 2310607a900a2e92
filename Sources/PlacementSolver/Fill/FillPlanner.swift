import SchedulingModel

/// Finds for every room the patterns that together fill most devices with the demand: a configuration linear program solved
/// by column generation, then rounded.
///
/// Columns are patterns of rooms, rows are the demand for each shape and the number of nodes of each room. The first
/// columns are what a room would hold if pods came in random order; then prices say which shapes are scarce, and rooms
/// are filled anew with what is worth its price. Equal input gives equal plans: the random numbers have a fixed seed.
///
/// - SeeAlso: Gilmore and Gomory (1961) for columns by pricing; Weng et al. (ATC 2023) for the workload as what
///   fragmentation is measured against.
struct FillPlanner {
    let problem: FillProblem
    let configuration: FillConfiguration
    private(set) var program = LinearProgram()
    private(set) var patterns: [FillPattern] = []
    private var known: Set<UInt64> = []
    private var packer: RoomPacker
    private var generator: SeededGenerator
    /// Most pods of each shape that one pattern may hold.
    private let limits: [Int32]
    private var isWanted: [Bool]
    private var drawsByClass: [[Int16]]

    /// Draws kept per class and round; fills start anywhere in them.
    private static let drawCount = 4_096

    /// - Parameter prices: Of each shape's demand, from an earlier plan; empty for none.
    init(_ problem: FillProblem, _ configuration: FillConfiguration, prices: [Double] = [], seed: UInt64) {
        self.problem = problem
        self.configuration = configuration
        self.packer = RoomPacker(problem)
        self.generator = SeededGenerator(seed: seed)
        self.limits = problem.shapes.map { Int32(clamping: Int($0.demand.rounded(.up))) }
        self.isWanted = problem.shapes.map { $0.demand > 0 }
        self.drawsByClass = Array(repeating: [], count: problem.classes.count)
        for (index, shape) in problem.shapes.enumerated() {
            self.program.addRow(limit: shape.demand, price: index < prices.count ? prices[index] : 0)
        }
        for nodes in problem.nodesByRoom { self.program.addRow(limit: Double(nodes.count)) }
    }

    /// What one more expected pod of each shape is worth.
    var prices: [Double] { Array(self.program.prices.prefix(self.problem.shapes.count)) }

    mutating func run() {
        guard !self.problem.rooms.isEmpty, !self.problem.shapes.isEmpty else { return }
        self.addFirstPatterns()
        let wanted = self.configuration.roomRounds / self.problem.rooms.count
        let rounds = max(self.configuration.fewestRounds, min(self.configuration.mostRounds, wanted))
        var best = 0.0
        var idleRounds = 0
        for round in 0..<rounds {
            self.program.solve(
                iterationLimit: self.configuration.iterationsPerRound, tolerance: self.configuration.tolerance)
            let objective = self.program.objective
            idleRounds = round > 2 && objective < best * (1 + self.configuration.leastGain) ? idleRounds + 1 : 0
            best = max(best, objective)
            if idleRounds >= 3 || round == rounds - 1 || !self.addPricedPatterns() { return }
        }
    }

    // MARK: Columns

    private mutating func addFirstPatterns() {
        self.draw(weights: self.problem.shapes.map(\.demand))
        let areMany = self.problem.rooms.count > self.configuration.manyRooms
        for room in self.problem.rooms.indices {
            for kept in self.problem.keptByRoom[room] {
                let value = kept.reduce(0) { $0 + self.problem.shapes[Int($1.shape)].value }
                _ = self.add(FillPattern(room: room, items: kept, value: value))
            }
            let nodeCount = self.problem.nodesByRoom[room].count
            let fills =
                areMany && nodeCount == 1
                ? self.configuration.firstFillsOfSingleRoom
                : min(self.configuration.firstFillLimit, max(self.configuration.firstFills, nodeCount / 2))
            for _ in 0..<fills {
                self.fillByDraws(room)
                _ = self.add(FillPattern(room: room, items: self.packer.items, value: self.packer.value))
            }
        }
    }

    /// Whether any pattern was found that is worth more than what its room and its pods cost now.
    private mutating func addPricedPatterns() -> Bool {
        let shapes = self.problem.shapes
        let prices = self.program.prices
        let gains = shapes.indices.map { shapes[$0].demand > 0.01 ? shapes[$0].value - prices[$0] : 0 }
        self.isWanted = gains.map { $0 > 1e-6 }
        self.draw(weights: shapes.indices.map { self.isWanted[$0] ? shapes[$0].demand : 0 })
        let orders = self.pricedOrders(gains)
        var foundAny = false
        for room in self.problem.rooms.indices {
            let roomPrice = prices[shapes.count + room] + self.configuration.leastReducedValue
            var candidates: [(gain: Double, items: [FillItem], value: Double)] = []
            for attempt in 0..<self.configuration.pricedDraws + self.configuration.pricedOrders {
                if attempt < self.configuration.pricedDraws {
                    self.fillByDraws(room)
                } else {
                    self.packer.open(self.problem.rooms[room])
                    let orders = orders[self.problem.rooms[room].nodeClass]
                    self.packer.fill(
                        inOrder: orders[attempt - self.configuration.pricedDraws], limits: self.limits)
                }
                let gain = self.packer.items.reduce(0) { $0 + gains[Int($1.shape)] }
                if gain > roomPrice { candidates.append((gain, self.packer.items, self.packer.value)) }
            }
            candidates.sort { $0.gain > $1.gain }
            var added = 0
            for candidate in candidates where added < self.configuration.columnsPerRound {
                if self.add(FillPattern(room: room, items: candidate.items, value: candidate.value)) { added += 1 }
            }
            foundAny = foundAny || added > 0
        }
        return foundAny
    }

    private mutating func fillByDraws(_ room: Int) {
        let draws = self.drawsByClass[self.problem.rooms[room].nodeClass]
        self.packer.open(self.problem.rooms[room])
        guard !draws.isEmpty else { return }
        self.packer.fill(
            draws: draws, from: Int(self.generator.next() % UInt64(draws.count)), count: self.configuration.offerCount,
            isWanted: self.isWanted, limits: self.limits)
    }

    private mutating func add(_ pattern: FillPattern) -> Bool {
        guard !pattern.items.isEmpty,
            self.known.insert(FillPattern.identity(room: pattern.room, items: pattern.items)).inserted
        else { return false }
        var counts: [(row: Int, coefficient: Float)] = []
        pattern.forEachShape { counts.append(($0, Float($1))) }
        counts.append((self.problem.shapes.count + pattern.room, 1))
        self.program.addColumn(value: pattern.value, entries: counts)
        self.patterns.append(pattern)
        return true
    }

    // MARK: Draws and orders

    /// Fresh draws for each class, shapes in proportion to `weights`.
    private mutating func draw(weights: [Double]) {
        for nodeClass in self.problem.classes.indices {
            let isAllowed = self.problem.classes[nodeClass].isAllowed
            var sums: [Double] = []
            var sum = 0.0
            for (shape, weight) in weights.enumerated() {
                sum += isAllowed[shape] ? weight : 0
                sums.append(sum)
            }
            guard sum > 0 else {
                self.drawsByClass[nodeClass] = []
                continue
            }
            self.drawsByClass[nodeClass] = (0..<Self.drawCount).map { _ in
                let aim = self.generator.unit() * sum
                var (low, high) = (0, sums.count - 1)
                while low < high {
                    let middle = (low + high) / 2
                    if sums[middle] > aim { high = middle } else { low = middle + 1 }
                }
                return Int16(low)
            }
        }
    }

    /// For each class some orders of the wanted shapes by worth per device, at various prices for what else they take and
    /// with some noise.
    private mutating func pricedOrders(_ gains: [Double]) -> [[[Int16]]] {
        let sizes = self.problem.dominantShares
        return self.problem.classes.indices.map { nodeClass in
            (0..<self.configuration.pricedOrders).map { attempt in
                let price = 2 * self.generator.unit() * self.generator.unit()
                var scored: [(score: Double, shape: Int16)] = []
                for (shape, gain) in gains.enumerated()
                where self.isWanted[shape] && self.problem.classes[nodeClass].isAllowed[shape] {
                    let net = gain - price * sizes[shape]
                    guard net > 0 else { continue }
                    let noise = attempt < 2 ? 1 : 0.6 + self.generator.unit()
                    scored.append((net / max(0.3, self.problem.shapes[shape].value) * noise, Int16(shape)))
                }
                scored.sort { ($1.score, $0.shape) < ($0.score, $1.shape) }
                return scored.map(\.shape)
            }
        }
    }
}
