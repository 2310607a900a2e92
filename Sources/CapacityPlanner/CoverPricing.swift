/// The most that one node of an offering can hold, when each pod is worth the price of its shape.
struct CoverPricing {
    let problem: CoverProblem
    let prices: [Double]

    /// The better of two fillings: dearest per largest share first, and dearest per summed share first.
    func greedy(_ offering: Int, left: [Int]) -> (pattern: CoverProblem.Pattern, worth: Double) {
        let shapes = (0..<self.problem.shapeCount).filter {
            left[$0] > 0 && self.prices[$0] > 0 && self.problem.mostAlone($0, on: offering) > 0
        }
        let byDensity = self.ordered(shapes) { self.prices[$0] / self.problem.share($0, of: offering) }
        let first = self.problem.filled(offering, order: byDensity, left: left)
        let bySize = self.ordered(shapes) { self.problem.share($0, of: offering) }
        let second = self.problem.filled(offering, order: bySize, left: left)
        let (worth, other) = (self.worth(of: first), self.worth(of: second))
        return other > worth ? (second, other) : (first, worth)
    }

    func worth(of pattern: CoverProblem.Pattern) -> Double {
        pattern.counts.reduce(0) { $0 + self.prices[$1.shape] * Double($1.pods) }
    }

    private func ordered(_ shapes: [Int], by value: (Int) -> Double) -> [Int] {
        shapes.map { ($0, value($0)) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map(\.0)
    }

    /// A value that no filling of the offering exceeds, and the filling where the search found one of that value.
    ///
    /// Depth first with a bound per resource; devices are counted together, so a filling may break over single
    /// devices. A search that reaches the limit answers with its bound at the root.
    func ceiling(_ offering: Int, stepLimit: Int) -> (value: Double, pattern: CoverProblem.Pattern?) {
        var search = FillingSearch(self.problem, self.prices, offering, stepLimit: stepLimit)
        search.run()
        guard !search.limitReached else { return (search.rootBound, nil) }
        let pattern = CoverProblem.Pattern(offering: offering, counts: search.bestCounts)
        return (search.best, self.problem.holds(pattern.counts, on: offering) ? pattern : nil)
    }
}

/// One bounded knapsack of several resources.
private struct FillingSearch {
    private let shapes: [Int]
    private let worths: [Double]
    private let limits: [Int]
    /// `item * width + resource`.
    private let shares: [Double]
    private let width: Int
    /// `item * width + resource`: the highest worth per share from this item on; infinite where one takes nothing.
    private let densities: [Double]
    private var left: [Double]
    private var counts: [Int]
    private var stepsLeft: Int
    private(set) var best = 0.0
    private var bestItemCounts: [Int]
    /// See `surrogate`.
    private let weights: [Double]

    init(_ problem: CoverProblem, _ prices: [Double], _ offering: Int, stepLimit: Int) {
        let items = (0..<problem.shapeCount).filter { prices[$0] > 1e-9 && problem.mostAlone($0, on: offering) > 0 }
            .map { (shape: $0, density: prices[$0] / problem.share($0, of: offering)) }
            .sorted { ($1.density, $0.shape) < ($0.density, $1.shape) }
        self.shapes = items.map(\.shape)
        self.worths = items.map { prices[$0.shape] }
        self.limits = items.map { min(problem.demand[$0.shape], problem.mostAlone($0.shape, on: offering)) }
        let shares = items.map { problem.resourceShares($0.shape, of: offering) ?? [] }
        let width = shares.first?.count ?? 0
        self.width = width
        self.shares = shares.flatMap { $0 }
        var densities = [Double](repeating: 0, count: (items.count + 1) * width)
        for item in items.indices.reversed() {
            for resource in 0..<width {
                let share = shares[item][resource]
                let own = share > 0 ? prices[items[item].shape] / share : .infinity
                densities[item * width + resource] = max(own, densities[(item + 1) * width + resource])
            }
        }
        self.densities = densities
        self.left = Array(repeating: 1, count: width)
        self.counts = Array(repeating: 0, count: items.count)
        self.bestItemCounts = self.counts
        self.stepsLeft = stepLimit
        self.weights = Self.surrogate(self.worths, self.shares, width: width)
    }

    /// A little above the sum, so that rounding cannot make it too low.
    var rootBound: Double { self.shapes.isEmpty ? 0 : self.weights.reduce(0, +) * (1 + 1e-9) }

    var limitReached: Bool { self.stepsLeft <= 0 }

    var bestCounts: [CoverProblem.Pattern.Count] {
        zip(self.shapes, self.bestItemCounts).filter { $0.1 > 0 }
            .map { CoverProblem.Pattern.Count(shape: $0.0, pods: $0.1) }.sorted { $0.shape < $1.shape }
    }

    mutating func run() { self.visit(0, worth: 0) }

    private mutating func visit(_ item: Int, worth: Double) {
        if worth > self.best + 1e-9 { (self.best, self.bestItemCounts) = (worth, self.counts) }
        self.stepsLeft -= 1
        guard item < self.shapes.count, self.stepsLeft > 0, self.bound(from: item) + worth > self.best * (1 + 1e-9)
        else { return }
        let base = item * self.width
        var most = self.limits[item]
        for resource in 0..<self.width where self.shares[base + resource] > 0 {
            most = min(most, Int(self.left[resource] / self.shares[base + resource] + 1e-9))
        }
        for count in stride(from: most, through: 0, by: -1) {
            for resource in 0..<self.width { self.left[resource] -= self.shares[base + resource] * Double(count) }
            self.counts[item] = count
            self.visit(item + 1, worth: worth + self.worths[item] * Double(count))
            self.counts[item] = 0
            for resource in 0..<self.width { self.left[resource] += self.shares[base + resource] * Double(count) }
            if self.stepsLeft <= 0 { return }
        }
    }

    private func bound(from item: Int) -> Double {
        var (bound, weighed) = (Double.infinity, 0.0)
        for resource in 0..<self.width {
            // What is left may be a rounding error below nothing, and nothing times infinity is no number.
            let left = max(0, self.left[resource]) + 1e-9
            bound = min(bound, left * self.densities[item * self.width + resource])
            weighed += left * self.weights[resource]
        }
        return min(bound, weighed)
    }

    /// Values of a whole node's resources at which no shape is worth more than it takes, so that their sum is a bound.
    ///
    /// The dual of the fractional filling, by multiplicative weights (Young 1995): the shape that is worth most against
    /// its cost makes what it takes dearer. The cheapest weights met are kept.
    private static func surrogate(_ worths: [Double], _ shares: [Double], width: Int) -> [Double] {
        var weights = [Double](repeating: 1, count: width)
        var (best, bestSum) = (weights, Double.infinity)
        for step in 0..<Self.surrogateSteps {
            var (dearest, ratio) = (0, 0.0)
            for item in worths.indices {
                var cost = 0.0
                for resource in 0..<width { cost += weights[resource] * shares[item * width + resource] }
                if worths[item] > ratio * cost { (dearest, ratio) = (item, worths[item] / max(cost, 1e-300)) }
            }
            let sum = weights.reduce(0, +)
            if ratio * sum < bestSum { (best, bestSum) = (weights.map { $0 * ratio }, ratio * sum) }
            var largest = 1e-12
            for resource in 0..<width { largest = max(largest, shares[dearest * width + resource]) }
            let rate = step < Self.surrogateSteps / 2 ? 0.2 : 0.03
            for resource in 0..<width { weights[resource] *= 1 + rate * shares[dearest * width + resource] / largest }
        }
        return best
    }

    private static var surrogateSteps: Int { 160 }
}
