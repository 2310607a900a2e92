/// Maximise *v·x* subject to *Ax ≤ b*, *x ≥ 0*, with *A ≥ 0*: columns may be added between solves, which start from
/// where the last one ended.
///
/// Protocol of use: 1. `addRow` for each limit; 2. `addColumn` for each choice; 3. `solve`; 4. read `x` and `prices`, add
/// columns that the prices make worth while, and go on with 3.
struct LinearProgram {
    /// The right-hand sides, one per row; never negative.
    private(set) var limits: [Double] = []
    private(set) var values: [Double] = []
    /// How much of each column is taken.
    private(set) var x: [Double] = []
    /// What one more unit of each row's limit is worth: the dual solution.
    private(set) var prices: [Double] = []

    /// Compressed columns: the entries of column *j* are `starts[j] ..< starts[j + 1]`.
    private(set) var starts: [Int32] = [0]
    private(set) var rows: [Int32] = []
    private(set) var coefficients: [Float] = []
    /// Balance between steps in *x* and in the prices, kept from one solve to the next.
    private var primalWeight: Float = 0

    var rowCount: Int { self.limits.count }
    var columnCount: Int { self.values.count }
    var objective: Double { zip(self.values, self.x).reduce(0) { $0 + $1.0 * $1.1 } }

    /// - Parameter price: A first guess, from a program solved before.
    mutating func addRow(limit: Double, price: Double = 0) {
        self.limits.append(max(0, limit))
        self.prices.append(price)
    }

    /// - Precondition: The coefficients are positive and each row stands at most once.
    mutating func addColumn(value: Double, entries: some Sequence<(row: Int, coefficient: Float)>) {
        for entry in entries {
            assert(entry.coefficient > 0, "coefficient \(entry.coefficient) in row \(entry.row)")
            self.rows.append(Int32(entry.row))
            self.coefficients.append(entry.coefficient)
        }
        self.starts.append(Int32(self.rows.count))
        self.values.append(value)
        self.x.append(0)
    }

    /// Moves *x* and the prices towards the optimum.
    ///
    /// The primal-dual hybrid gradient method with diagonal preconditioning, averaging and restarts. Plain sums and square
    /// roots only, so that every machine gets the same bits.
    ///
    /// - Parameter tolerance: Ends early when the infeasibilities and the gap, each relative to the size of the
    ///   data, are below it together.
    /// - Complexity: O(`iterationLimit` · entries).
    /// - SeeAlso: Pock and Chambolle (2011) for the step sizes; Applegate et al. (2021), PDLP, for restarts and weight.
    mutating func solve(iterationLimit: Int, tolerance: Float) {
        var iteration = PrimalDualIteration(self, primalWeight: self.primalWeight)
        iteration.run(iterationLimit: iterationLimit, tolerance: tolerance)
        self.primalWeight = iteration.primalWeight
        self.x = iteration.unscaledX
        self.prices = iteration.unscaledPrices
    }
}
