/// Makes whole nodes of a fractional cover.
struct CoverRounding {
    let problem: CoverProblem
    let prices: [Double]

    struct Cover {
        var nodes: [(pattern: CoverProblem.Pattern, count: Int)]
        var cost: Double
        var left: [Int]
    }

    /// The cheapest of several roundings, each completed greedily and then improved.
    func best(of solution: [(pattern: CoverProblem.Pattern, nodes: Double)]) -> Cover {
        // How much of a node the fraction must be to be bought whole; above 1: whole nodes only.
        let thresholds = [1.01, 0.75, 0.4]
        let stocks = thresholds.map { self.completed(solution, threshold: $0) } + [self.completed([], threshold: 1)]
        let ranked = stocks.map { ($0.left.reduce(0, +), $0.cost(self.problem), $0) }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
        let covers = ranked.prefix(2).map { self.improved($0.2) }
        return covers.min { lhs, rhs in
            (lhs.left.reduce(0, +), lhs.cost) < (rhs.left.reduce(0, +), rhs.cost)
        } ?? Cover(nodes: [], cost: 0, left: self.problem.demand)
    }

    private func improved(_ stock: Stock) -> Cover {
        var improvement = CoverImprovement(problem: self.problem, stock: stock)
        improvement.run()
        let best = improvement.stock
        return Cover(nodes: best.nodes, cost: best.cost(self.problem), left: best.left)
    }

    private func completed(_ solution: [(pattern: CoverProblem.Pattern, nodes: Double)], threshold: Double) -> Stock {
        var stock = Stock(self.problem)
        for (pattern, nodes) in solution.sorted(by: { $0.nodes > $1.nodes }) {
            let whole = nodes.rounded(.down)
            let count = Int(whole) + (nodes - whole >= threshold ? 1 : 0)
            stock.buy(pattern, count: count)
        }
        while stock.hasDemand, let (pattern, count) = self.bestValue(stock) {
            let before = stock.left
            stock.buy(pattern, count: count)
            if stock.left == before { break }
        }
        return stock
    }

    /// The filling of what is left with most worth per dollar, and how often it can be repeated.
    private func bestValue(_ stock: Stock) -> (pattern: CoverProblem.Pattern, count: Int)? {
        // A shape that is free at the margin still has to go somewhere.
        let floor = (self.prices.max() ?? 1) * 1e-6
        let pricing = CoverPricing(problem: self.problem, prices: self.prices.map { max($0, floor) })
        var best: (pattern: CoverProblem.Pattern, value: Double)?
        for offering in 0..<self.problem.offeringCount where stock.canBuy(offering, self.problem) {
            let (pattern, worth) = pricing.greedy(offering, left: stock.left)
            let value = worth / self.problem.costs[offering]
            if value > best?.value ?? 0 { best = (pattern, value) }
        }
        guard let pattern = best?.pattern else { return nil }
        let count = pattern.counts.map { stock.left[$0.shape] / $0.pods }.min() ?? 0
        return (pattern, max(1, count))
    }
}

/// Nodes bought so far and what is left to buy for.
struct Stock {
    private(set) var nodes: [(pattern: CoverProblem.Pattern, count: Int)] = []
    private(set) var left: [Int]
    private var headroom: [Int]
    private let poolByOffering: [Int]

    init(_ problem: CoverProblem) {
        self.left = problem.demand
        self.headroom = problem.headroom
        self.poolByOffering = problem.poolByOffering
    }

    var hasDemand: Bool { self.left.contains { $0 > 0 } }

    func canBuy(_ offering: Int, _ problem: CoverProblem) -> Bool {
        self.headroom[problem.poolByOffering[offering]] > 0
    }

    func cost(_ problem: CoverProblem) -> Double {
        self.nodes.reduce(0) { $0 + problem.costs[$1.pattern.offering] * Double($1.count) }
    }

    /// Buys as many as the pool allows, whole ones first; the last may hold less than its pattern.
    mutating func buy(_ pattern: CoverProblem.Pattern, count: Int) {
        let pool = self.poolByOffering[pattern.offering]
        let whole = min(count, self.headroom[pool], pattern.counts.map { self.left[$0.shape] / $0.pods }.min() ?? 0)
        if whole > 0 { self.take(pattern, count: whole, pool) }
        guard whole < count, self.headroom[pool] > 0 else { return }
        var rest = pattern
        rest.counts = pattern.counts.map { .init(shape: $0.shape, pods: min($0.pods, self.left[$0.shape])) }
            .filter { $0.pods > 0 }
        if !rest.counts.isEmpty { self.take(rest, count: 1, pool) }
    }

    private mutating func take(_ pattern: CoverProblem.Pattern, count: Int, _ pool: Int) {
        self.nodes.append((pattern, count))
        self.headroom[pool] -= count
        for entry in pattern.counts { self.left[entry.shape] -= entry.pods * count }
    }

    /// Gives one node of an entry back with all it holds.
    mutating func giveBackOne(of entry: Int) {
        let pattern = self.nodes[entry].pattern
        self.nodes[entry].count -= 1
        self.headroom[self.poolByOffering[pattern.offering]] += 1
        for count in pattern.counts { self.left[count.shape] += count.pods }
    }

    mutating func dropEmptyEntries() { self.nodes.removeAll { $0.count == 0 } }
}

/// Swaps that make a whole cover cheaper: one node for a smaller one, two nodes for one.
struct CoverImprovement {
    let problem: CoverProblem
    var stock: Stock
    /// Pairs of entries that are looked at.
    private static let pairLimit = 400

    init(problem: CoverProblem, stock: Stock) {
        self.problem = problem
        self.stock = stock
    }

    mutating func run() {
        for _ in 0..<16 {
            let changed = self.exchangeSingles() || self.mergePairs()
            self.stock.dropEmptyEntries()
            if !changed { return }
        }
    }

    private mutating func exchangeSingles() -> Bool {
        for entry in self.stock.nodes.indices {
            let (pattern, count) = self.stock.nodes[entry]
            guard let cheaper = self.cheapest(holding: pattern.counts, below: self.problem.costs[pattern.offering])
            else { continue }
            for _ in 0..<count { self.stock.giveBackOne(of: entry) }
            self.stock.buy(.init(offering: cheaper, counts: pattern.counts), count: count)
            return true
        }
        return false
    }

    private mutating func mergePairs() -> Bool {
        let last = self.stock.nodes.suffix(20).indices
        var looked = 0
        for first in last {
            for second in last where second > first || (second == first && self.stock.nodes[first].count > 1) {
                looked += 1
                if looked > Self.pairLimit { return false }
                let (one, other) = (self.stock.nodes[first].pattern, self.stock.nodes[second].pattern)
                let cost = self.problem.costs[one.offering] + self.problem.costs[other.offering]
                let counts = Self.sum(one.counts, other.counts)
                guard let cheaper = self.cheapest(holding: counts, below: cost) else { continue }
                self.stock.giveBackOne(of: first)
                self.stock.giveBackOne(of: second)
                self.stock.buy(.init(offering: cheaper, counts: counts), count: 1)
                return true
            }
        }
        return false
    }

    private func cheapest(holding counts: [CoverProblem.Pattern.Count], below cost: Double) -> Int? {
        var best: (offering: Int, cost: Double)?
        for offering in 0..<self.problem.offeringCount {
            let own = self.problem.costs[offering]
            guard own < cost * (1 - 1e-9), own < best?.cost ?? .infinity, self.stock.canBuy(offering, self.problem),
                self.problem.holds(counts, on: offering)
            else { continue }
            best = (offering, own)
        }
        return best?.offering
    }

    private static func sum(
        _ lhs: [CoverProblem.Pattern.Count], _ rhs: [CoverProblem.Pattern.Count]
    ) -> [CoverProblem.Pattern.Count] {
        var pods: [Int: Int] = [:]
        for count in lhs + rhs { pods[count.shape, default: 0] += count.pods }
        return pods.map { .init(shape: $0.key, pods: $0.value) }.sorted { $0.shape < $1.shape }
    }
}
