/// Covers within the limits of pools.
extension CoverSearch {
    /// As `run`, and where a pool's limit leaves pods over, with a price on each of its nodes besides: larger machines hold more of the
    /// work. Of all tries the one that leaves fewest pods counts, then the cheapest.
    ///
    /// The linear program knows no limits; the price is the multiplier of one that binds, and two values of it stand for a search.
    func runWithinLimits() -> Result {
        let first = self.run()
        let full = self.fullPools(first)
        guard first.left.contains(where: { $0 > 0 }), !full.isEmpty else { return first }
        let dearest =
            (0..<self.problem.offeringCount).filter { full.contains(self.problem.poolByOffering[$0]) }
            .map { self.problem.costs[$0] }.max() ?? 0
        var best = first
        for factor in [1.0, 8] {
            var search = self
            search.problem = self.problem.charging(factor * dearest, forNodesOf: full)
            var result = search.run()
            result.cost = self.cost(of: result)
            // What is proven is proven without the price.
            result.lowerBound = first.lowerBound
            if (result.left.reduce(0, +), result.cost) < (best.left.reduce(0, +), best.cost) { best = result }
        }
        return best
    }

    private func cost(of result: Result) -> Double {
        result.nodes.reduce(0) { $0 + self.problem.costs[$1.pattern.offering] * Double($1.count) }
    }

    private func fullPools(_ result: Result) -> Set<Int> {
        var counts: [Int: Int] = [:]
        for node in result.nodes {
            counts[self.problem.poolByOffering[node.pattern.offering], default: 0] += node.count
        }
        return Set(counts.filter { $0.value >= self.problem.headroom[$0.key] }.keys)
    }
}
