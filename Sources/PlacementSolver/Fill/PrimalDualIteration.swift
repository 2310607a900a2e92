/// The working state of one `LinearProgram.solve`, in scaled variables.
struct PrimalDualIteration {
    private let program: ScaledProgram
    private var x: [Float]
    private var y: [Float]
    private var xSum: [Float]
    private var ySum: [Float]
    /// Steps in the sums.
    private var summed: Float = 0
    private var xAtRestart: [Float]
    private var yAtRestart: [Float]
    private var errorAtRestart = Float.infinity
    private var usage: [Float]
    private(set) var primalWeight: Float

    /// Iterations between looks at the error.
    private static let checkInterval = 50
    /// A restart happens where the error fell by this factor, or after so many iterations.
    private static let restartFactor: Float = 0.3
    private static let restartInterval: Float = 2_000

    init(_ program: LinearProgram, primalWeight: Float) {
        let scaled = ScaledProgram(program)
        self.program = scaled
        self.x = zip(program.x, scaled.columnScale).map { Float($0) / $1 }
        self.y = zip(program.prices, scaled.rowScale).map { Float($0) / $1 }
        self.xSum = Array(repeating: 0, count: scaled.columnCount)
        self.ySum = Array(repeating: 0, count: scaled.rowCount)
        self.usage = Array(repeating: 0, count: scaled.rowCount)
        self.xAtRestart = self.x
        self.yAtRestart = self.y
        let sizes = (Self.length(scaled.values), Self.length(scaled.limits))
        let firstGuess = sizes.0 > 0 && sizes.1 > 0 ? sizes.0 / sizes.1 : 1
        self.primalWeight = primalWeight > 0 ? primalWeight : firstGuess
    }

    var unscaledX: [Double] { zip(self.x, self.program.columnScale).map { Double($0 * $1) } }
    var unscaledPrices: [Double] { zip(self.y, self.program.rowScale).map { Double($0 * $1) } }

    mutating func run(iterationLimit: Int, tolerance: Float) {
        var iteration = 0
        while iteration < iterationLimit {
            let steps = min(Self.checkInterval, iterationLimit - iteration)
            for _ in 0..<steps { self.step() }
            iteration += steps
            let ofAverage = self.error(self.xSum, self.ySum, scale: 1 / self.summed)
            let ofCurrent = self.error(self.x, self.y, scale: 1)
            let error = min(ofAverage, ofCurrent)
            let isLast = error < tolerance || iteration >= iterationLimit
            if isLast || error < Self.restartFactor * self.errorAtRestart || self.summed >= Self.restartInterval {
                self.restart(fromAverage: ofAverage < ofCurrent, error: error)
            }
            if error < tolerance { return }
        }
    }

    // MARK: One step

    private mutating func step() {
        let program = self.program
        let (starts, rows, entries) = (program.starts.span, program.rows.span, program.entries.span)
        let (values, columnStep) = (program.values.span, program.columnStep.span)
        let toX = 1 / self.primalWeight
        for row in self.usage.indices { self.usage[row] = 0 }
        for column in 0..<program.columnCount {
            let range = Int(starts[column])..<Int(starts[column + 1])
            var gain = values[column]
            for position in range { gain -= entries[position] * self.y[Int(rows[position])] }
            let old = self.x[column]
            let new = max(0, old + columnStep[column] * toX * gain)
            self.x[column] = new
            self.xSum[column] += new
            let extrapolated = 2 * new - old
            if extrapolated == 0 { continue }
            for position in range { self.usage[Int(rows[position])] += entries[position] * extrapolated }
        }
        for row in 0..<program.rowCount {
            let excess = self.usage[row] - program.limits[row]
            self.y[row] = max(0, self.y[row] + program.rowStep[row] * self.primalWeight * excess)
            self.ySum[row] += self.y[row]
        }
        self.summed += 1
    }

    // MARK: Restarts

    private mutating func restart(fromAverage: Bool, error: Float) {
        if fromAverage {
            let scale = 1 / self.summed
            self.x = self.xSum.map { $0 * scale }
            self.y = self.ySum.map { $0 * scale }
        }
        let moved = (Self.distance(self.x, self.xAtRestart), Self.distance(self.y, self.yAtRestart))
        if moved.0 > 1e-9, moved.1 > 1e-9 { self.primalWeight = (self.primalWeight * moved.1 / moved.0).squareRoot() }
        self.xAtRestart = self.x
        self.yAtRestart = self.y
        for column in self.xSum.indices { self.xSum[column] = 0 }
        for row in self.ySum.indices { self.ySum[row] = 0 }
        self.summed = 0
        self.errorAtRestart = error
    }

    /// Infeasibility of *x*, infeasibility of the prices and the gap between the two objectives, as one length.
    private func error(_ x: [Float], _ y: [Float], scale: Float) -> Float {
        let program = self.program
        let (starts, rows, entries) = (program.starts.span, program.rows.span, program.entries.span)
        var usage = [Float](repeating: 0, count: program.rowCount)
        var (primal, shortfall, valueSum) = (Float(0), Float(0), Float(1e-9))
        for column in 0..<program.columnCount {
            let taken = x[column] * scale
            let value = program.values[column]
            primal += value * taken
            valueSum += value
            var gain = value
            for position in Int(starts[column])..<Int(starts[column + 1]) {
                let row = Int(rows[position])
                gain -= entries[position] * y[row] * scale
                usage[row] += entries[position] * taken
            }
            shortfall += max(0, gain)
        }
        var (dual, excess, limitSum) = (Float(0), Float(0), Float(1e-9))
        for row in 0..<program.rowCount {
            dual += program.limits[row] * y[row] * scale
            excess += max(0, usage[row] - program.limits[row])
            limitSum += program.limits[row]
        }
        let gap = abs(primal - dual) / (1 + abs(primal) + abs(dual))
        let relative = (excess / limitSum, shortfall / valueSum)
        return (relative.0 * relative.0 + relative.1 * relative.1 + gap * gap).squareRoot()
    }

    private static func length(_ vector: [Float]) -> Float { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    private static func distance(_ lhs: [Float], _ rhs: [Float]) -> Float {
        zip(lhs, rhs).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
}
