/// Finds few dollars' worth of nodes that hold all pods, and proves how much less might do.
struct CoverSearch {
    var problem: CoverProblem
    /// Rounds of new columns.
    var roundLimit = 40
    /// Steps of all proofs of one round, shared evenly by the offerings.
    var proofStepLimit = 200_000
    /// Rounds in which columns are looked for by proof.
    var proofRoundLimit = 6

    struct Result {
        /// What each bought node holds, with how many nodes are alike; no pod twice.
        var nodes: [(pattern: CoverProblem.Pattern, count: Int)]
        var cost: Double
        /// No cover costs less.
        var lowerBound: Double
        /// Pods per shape that could not be bought for.
        var left: [Int]
    }

    /// - Precondition: Every shape runs on some offering.
    func run() -> Result {
        var program = CoverProgram(
            demand: self.problem.demand, costs: self.problem.costs, first: self.firstPatterns())
        program.solve(pivotLimit: 2_000)
        let lowerBound = self.improve(&program)
        let rounding = CoverRounding(problem: self.problem, prices: program.prices)
        let result = rounding.best(of: program.solution)
        return Result(
            nodes: result.nodes, cost: result.cost, lowerBound: min(lowerBound, result.cost), left: result.left)
    }

    /// Of each shape the offering that holds it cheapest when nothing else is there.
    private func firstPatterns() -> [CoverProblem.Pattern] {
        (0..<self.problem.shapeCount).map { shape in
            var best: (offering: Int, pods: Int, cost: Double)?
            for offering in 0..<self.problem.offeringCount {
                let pods = min(self.problem.demand[shape], self.problem.mostAlone(shape, on: offering))
                guard pods > 0 else { continue }
                let cost = self.problem.costs[offering] / Double(pods)
                if cost < best?.cost ?? .infinity { best = (offering, pods, cost) }
            }
            let counts = [CoverProblem.Pattern.Count(shape: shape, pods: best?.pods ?? 1)]
            return CoverProblem.Pattern(offering: best?.offering ?? 0, counts: counts)
        }
    }

    /// Adds columns while some filling is worth more than its node costs.
    ///
    /// - Returns: The lower bound of the last prices. Prices at which no filling is worth more than its node are a
    ///   solution of the dual program; others are scaled down until they are (Farley 1990).
    private func improve(_ program: inout CoverProgram) -> Double {
        var (bound, proofs) = (0.0, 0)
        for round in 0..<self.roundLimit {
            let pricing = CoverPricing(problem: self.problem, prices: program.prices)
            var added = self.addGreedyColumns(pricing, &program)
            if added == 0 || round == self.roundLimit - 1 {
                let proof = self.prove(pricing, &program)
                bound = max(bound, proof.bound)
                added = proof.added
                proofs += 1
                if proofs == self.proofRoundLimit { break }
            }
            if added == 0 { break }
            program.solve(pivotLimit: 2_000)
        }
        return bound
    }

    private func addGreedyColumns(_ pricing: CoverPricing, _ program: inout CoverProgram) -> Int {
        var gains: [(pattern: CoverProblem.Pattern, gain: Double)] = []
        for offering in 0..<self.problem.offeringCount {
            let (pattern, worth) = pricing.greedy(offering, left: self.problem.demand)
            let gain = worth / self.problem.costs[offering] - 1
            if gain > 1e-7 { gains.append((pattern, gain)) }
        }
        let best = gains.sorted { ($1.gain, $0.pattern.offering) < ($0.gain, $1.pattern.offering) }.prefix(24)
        for column in best { program.add(column.pattern) }
        return best.count
    }

    private func prove(_ pricing: CoverPricing, _ program: inout CoverProgram) -> (bound: Double, added: Int) {
        var (scale, added) = (1.0, 0)
        for offering in 0..<self.problem.offeringCount {
            let ceiling = pricing.ceiling(
                offering, stepLimit: max(50, self.proofStepLimit / self.problem.offeringCount))
            guard ceiling.value > self.problem.costs[offering] else { continue }
            scale = min(scale, self.problem.costs[offering] / ceiling.value)
            if let pattern = ceiling.pattern, ceiling.value > self.problem.costs[offering] * (1 + 1e-7) {
                program.add(pattern)
                added += 1
            }
        }
        let worth = zip(pricing.prices, self.problem.demand).reduce(0) { $0 + max(0, $1.0) * Double($1.1) }
        return (worth * scale, added)
    }
}
