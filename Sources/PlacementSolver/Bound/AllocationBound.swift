import SchedulingModel

/// The most devices that a demand could get out of what is free, however it is placed: a bound that is proven, not a plan.
///
/// Nodes of like hardware are taken together, so that amounts are short only in total; devices stay apart, each with the
/// parts that really fit on it. Of this relaxation the dual is looked at: for any prices of the demand and of what nodes
/// have, *demand at its prices + what nodes have at its prices + what each device could still gain* is not less than any
/// placement gets. Column generation only looks for good prices; what is reported is evaluated afresh from them.
///
/// - SeeAlso: Gilmore and Gomory (1961) for patterns by pricing; Farley (1990) for bounds from any prices.
struct AllocationBound {
    private let problem: FillProblem
    private let pools: [HardwarePool]
    /// Per shape and row, in devices' shares: `needs[shape * rowCount + row]`.
    private let needs: [Double]
    private let rowCount: Int
    /// Per pool: the rows of which it has less than all demand together takes. Others cost nothing.
    private let shortRowsByPool: [[Int]]
    /// First row of the linear program of each pool: amounts, then units, then groups of devices.
    private var firstRowByPool: [Int] = []
    private var program = LinearProgram()
    private var known: Set<[Int]> = []
    private var generator = SeededGenerator(seed: 1)

    private static let roundLimit = 60
    private static let iterationsPerRound = 4_000
    private static let tolerance: Float = 1e-5
    /// Further fillings of each group at gains blurred at random, which saves rounds.
    private static let blurredFillings = 6
    /// The search ends when the bound is nearer than this part to what the linear program reaches, or has stood still.
    private static let gap = 2e-4
    private static let idleRoundLimit = 8

    init(_ problem: FillProblem, _ pools: [HardwarePool]) {
        self.problem = problem
        self.pools = pools
        self.rowCount = problem.resourceRows.count
        self.needs = problem.needs.enumerated().map {
            Double($0.element) / problem.amountPerDevice[$0.offset % max(1, problem.resourceRows.count)]
        }
        let needs = self.needs
        let taken = problem.resourceRows.indices.map { row in
            problem.shapes.indices.reduce(0) { sum, shape in
                sum + problem.shapes[shape].demand * needs[shape * problem.resourceRows.count + row]
            }
        }
        self.shortRowsByPool = pools.map { pool in pool.amounts.indices.filter { pool.amounts[$0] < taken[$0] } }
        for shape in problem.shapes { self.program.addRow(limit: shape.device == .none ? 0 : shape.demand) }
        for pool in pools {
            self.firstRowByPool.append(self.program.rowCount)
            for limit in zip(pool.amounts, taken).map(min) + pool.units + pool.parts.map(\.count) {
                self.program.addRow(limit: limit)
            }
        }
    }

    /// The bound, in devices.
    mutating func devices() -> Double {
        let asked = self.problem.shapes.reduce(0) { $1.device == .none ? $0 : $0 + $1.value * $1.demand }
        var best = asked
        var bestPrices = [Double](repeating: 0, count: self.program.rowCount)
        for shape in self.problem.shapes.indices { bestPrices[shape] = self.problem.shapes[shape].value }
        self.addColumns(prices: [Double](repeating: 0, count: self.program.rowCount))
        var idleRounds = 0
        for _ in 0..<Self.roundLimit {
            self.program.solve(iterationLimit: Self.iterationsPerRound, tolerance: Self.tolerance)
            let prices = self.program.prices.map { max(0, $0) }
            let smoothed = zip(prices, bestPrices).map { 0.5 * ($0 + $1) }
            let before = best
            for candidate in [prices, smoothed] {
                let bound = self.value(prices: candidate)
                if bound < best { (best, bestPrices) = (bound, candidate) }
            }
            idleRounds = best < before * (1 - 1e-5) || best == asked ? 0 : idleRounds + 1
            if best - self.program.objective < Self.gap * best || idleRounds >= Self.idleRoundLimit { break }
            self.addColumns(prices: prices)
        }
        // Sums of this many terms differ from the exact ones by far less.
        return min(asked, best * (1 + 1e-9))
    }

    // MARK: The dual

    /// What the prices prove: never less than any placement gets.
    private func value(prices: [Double]) -> Double {
        var sum = 0.0
        for (shape, limit) in self.program.limits.prefix(self.problem.shapes.count).enumerated() {
            sum += prices[shape] * limit
        }
        for pool in self.pools.indices {
            let first = self.firstRowByPool[pool]
            for row in self.shortRowsByPool[pool] { sum += prices[first + row] * self.pools[pool].amounts[row] }
            let gains = self.gains(pool: pool, prices: prices)
            for (position, count) in self.pools[pool].units.enumerated() {
                sum += count * self.bestGainPerUnit(ofRow: self.problem.unitRows[position], gains)
            }
            guard let partRow = self.problem.partRow else { continue }
            let knapsack = self.knapsack(pool: pool, gains)
            let whole = self.bestGainPerUnit(ofRow: partRow, gains)
            for group in self.pools[pool].parts {
                let parts = knapsack.gain(left: group.left)
                sum += group.count * (group.left == 1000 ? max(parts, whole) : parts)
            }
        }
        return sum
    }

    /// Per shape: its value less what its pod and its amounts cost in the pool; negative where it is not allowed.
    private func gains(pool: Int, prices: [Double]) -> [Double] {
        let first = self.firstRowByPool[pool]
        let isAllowed = self.problem.classes[self.pools[pool].nodeClass].isAllowed
        return self.problem.shapes.indices.map { shape in
            guard isAllowed[shape], self.problem.shapes[shape].device != .none else { return -1 }
            var gain = self.problem.shapes[shape].value - prices[shape]
            for row in self.shortRowsByPool[pool] {
                gain -= prices[first + row] * self.needs[shape * self.rowCount + row]
            }
            return gain
        }
    }

    private func bestGainPerUnit(ofRow wanted: Int, _ gains: [Double]) -> Double {
        var best = 0.0
        for (shape, gain) in gains.enumerated() where gain > 0 {
            guard case .units(let row, let count) = self.problem.shapes[shape].device, row == wanted else { continue }
            best = max(best, gain / Double(count))
        }
        return best
    }

    private func knapsack(pool: Int, _ gains: [Double]) -> PartKnapsack {
        let sizes = self.problem.classes[self.pools[pool].nodeClass].partSizes
        return PartKnapsack(
            gains.indices.compactMap { shape in
                self.problem.shapes[shape].device == .part && gains[shape] > 0
                    ? PartKnapsack.Part(shape: shape, size: sizes[shape], gain: gains[shape]) : nil
            })
    }

    // MARK: Columns

    /// Adds what gains anything at these prices, and what would at prices a little different.
    private mutating func addColumns(prices: [Double]) {
        for pool in self.pools.indices {
            let gains = self.gains(pool: pool, prices: prices)
            for (shape, gain) in gains.enumerated() where gain > 0 {
                guard case .units(let row, let count) = self.problem.shapes[shape].device,
                    let deviceRow = self.deviceRow(ofUnits: row, pool: pool)
                else { continue }
                self.addColumn(pool: pool, items: [shape], deviceRow: deviceRow, devices: count)
            }
            guard self.problem.partRow != nil else { continue }
            self.addPartColumns(pool: pool, gains)
            for _ in 0..<Self.blurredFillings {
                self.addPartColumns(pool: pool, gains.map { $0 * (0.6 + 0.8 * self.generator.unit()) })
            }
        }
    }

    private mutating func addPartColumns(pool: Int, _ gains: [Double]) {
        let knapsack = self.knapsack(pool: pool, gains)
        let first = self.firstRowByPool[pool] + self.rowCount + self.problem.unitRows.count
        for (position, group) in self.pools[pool].parts.enumerated() {
            let items = knapsack.items(left: group.left).sorted()
            if !items.isEmpty { self.addColumn(pool: pool, items: items, deviceRow: first + position, devices: 1) }
        }
    }

    /// The program's row that counts the devices which whole requests of a solver row take.
    private func deviceRow(ofUnits row: Int, pool: Int) -> Int? {
        let first = self.firstRowByPool[pool] + self.rowCount
        if row == self.problem.partRow {
            guard let idle = self.pools[pool].parts.firstIndex(where: { $0.left == 1000 }) else { return nil }
            return first + self.problem.unitRows.count + idle
        }
        return self.problem.unitRows.firstIndex(of: row).map { first + $0 }
    }

    private mutating func addColumn(pool: Int, items: [Int], deviceRow: Int, devices: Int) {
        guard self.known.insert([deviceRow] + items).inserted else { return }
        var uses: [Int: Double] = [deviceRow: Double(devices)]
        var value = 0.0
        let first = self.firstRowByPool[pool]
        for shape in items {
            uses[shape, default: 0] += 1
            value += self.problem.shapes[shape].value
            for row in self.shortRowsByPool[pool] where self.needs[shape * self.rowCount + row] > 0 {
                uses[first + row, default: 0] += self.needs[shape * self.rowCount + row]
            }
        }
        let entries = uses.sorted { $0.key < $1.key }.map { (row: $0.key, coefficient: Float($0.value)) }
        self.program.addColumn(value: value, entries: entries)
    }
}
