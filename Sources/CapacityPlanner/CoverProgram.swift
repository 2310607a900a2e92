/// The fractional cover: least cost of patterns that together hold every pod, by the revised simplex method.
///
/// Minimise *c·x* subject to *P x ≥ d*, *x ≥ 0*. It starts from patterns of one shape each, which are a basis, and takes new
/// columns between solves. `prices` is what one more pod of each shape would cost.
///
/// - SeeAlso: Gilmore and Gomory (1961) for columns made by need.
struct CoverProgram {
    private(set) var patterns: [CoverProblem.Pattern]
    private(set) var prices: [Double]
    private let demand: [Double]
    private let costs: [Double]
    /// Column of each row of the basis: a pattern, or -1 - shape for the surplus of a shape.
    private var basis: [Int]
    private var values: [Double]
    private var inverse: [Double]
    private let width: Int

    /// - Precondition: `first[s]` holds pods of shape `s` only.
    init(demand: [Int], costs: [Double], first: [CoverProblem.Pattern]) {
        self.width = demand.count
        self.demand = demand.map(Double.init)
        self.costs = costs
        self.patterns = first
        self.basis = Array(0..<demand.count)
        self.inverse = Array(repeating: 0, count: demand.count * demand.count)
        self.values = []
        self.prices = []
        for (shape, pattern) in first.enumerated() {
            let pods = Double(pattern.counts.first?.pods ?? 1)
            self.inverse[shape * self.width + shape] = 1 / pods
            self.values.append(self.demand[shape] / pods)
            self.prices.append(costs[pattern.offering] / pods)
        }
    }

    /// The patterns in the solution and how many nodes of each.
    var solution: [(pattern: CoverProblem.Pattern, nodes: Double)] {
        zip(self.basis, self.values).compactMap { column, nodes in
            column >= 0 && nodes > 1e-9 ? (self.patterns[column], nodes) : nil
        }
    }

    mutating func add(_ pattern: CoverProblem.Pattern) { self.patterns.append(pattern) }

    /// Pivots until no known column lowers the cost, or the limit is reached.
    mutating func solve(pivotLimit: Int) {
        for _ in 0..<pivotLimit {
            guard let entering = self.enteringColumn(), self.pivot(in: entering) else { return }
        }
    }

    /// The column with the most negative reduced cost relative to its cost.
    private func enteringColumn() -> Int? {
        var best: (column: Int, gain: Double)?
        for (column, pattern) in self.patterns.enumerated() {
            let cost = self.costs[pattern.offering]
            let worth = pattern.counts.reduce(0) { $0 + self.prices[$1.shape] * Double($1.pods) }
            let gain = (worth - cost) / max(cost, 1)
            if gain > max(1e-9, best?.gain ?? 0) { best = (column, gain) }
        }
        if let best { return best.column }
        return self.prices.firstIndex { $0 < -1e-6 }.map { -1 - $0 }
    }

    private mutating func pivot(in entering: Int) -> Bool {
        let direction = self.direction(of: entering)
        var leaving: (row: Int, ratio: Double)?
        for row in 0..<self.width where direction[row] > 1e-9 {
            let ratio = max(0, self.values[row]) / direction[row]
            if ratio < leaving?.ratio ?? .infinity { leaving = (row, ratio) }
        }
        guard let (row, ratio) = leaving else { return false }
        for other in 0..<self.width { self.values[other] -= direction[other] * ratio }
        self.values[row] = ratio
        let scale = 1 / direction[row]
        for column in 0..<self.width { self.inverse[row * self.width + column] *= scale }
        for other in 0..<self.width where other != row && direction[other] != 0 {
            let factor = direction[other]
            for column in 0..<self.width {
                self.inverse[other * self.width + column] -= factor * self.inverse[row * self.width + column]
            }
        }
        self.basis[row] = entering
        self.updatePrices()
        return true
    }

    /// The entering column in terms of the basis.
    private func direction(of entering: Int) -> [Double] {
        var direction = [Double](repeating: 0, count: self.width)
        if entering < 0 {
            let shape = -1 - entering
            for row in 0..<self.width { direction[row] = -self.inverse[row * self.width + shape] }
            return direction
        }
        for count in self.patterns[entering].counts {
            let pods = Double(count.pods)
            for row in 0..<self.width { direction[row] += self.inverse[row * self.width + count.shape] * pods }
        }
        return direction
    }

    private mutating func updatePrices() {
        self.prices = Array(repeating: 0, count: self.width)
        for row in 0..<self.width where self.basis[row] >= 0 {
            let cost = self.costs[self.patterns[self.basis[row]].offering]
            for column in 0..<self.width { self.prices[column] += cost * self.inverse[row * self.width + column] }
        }
    }
}
