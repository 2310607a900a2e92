/// The pattern that one node is to hold.
struct NodePattern {
    let node: Int
    let room: Int
    let items: [FillItem]
}

extension FillPlanner {
    /// Gives every node one pattern, as near to the solution of the linear program as whole numbers allow.
    ///
    /// The whole part of each pattern's share is taken; for what is left, room by room, the pattern that fills most of
    /// the demand which the fractions so far have left open. Nodes that the demand does not reach hold none.
    func rounded() -> [NodePattern] {
        var choices: [[Int]] = Array(repeating: [], count: self.problem.rooms.count)
        for column in self.patterns.indices where self.program.x[column] > 1e-4 {
            choices[self.patterns[column].room].append(column)
        }
        var open = [Double](repeating: 0, count: self.problem.shapes.count)
        var result: [NodePattern] = []
        for room in choices.indices where !choices[room].isEmpty {
            let nodes = self.problem.nodesByRoom[room]
            let counts = self.wholeCounts(choices[room], nodeCount: nodes.count, open: &open)
            var position = 0
            for (column, count) in zip(choices[room], counts) {
                for _ in 0..<count where position < nodes.count {
                    result.append(
                        NodePattern(node: Int(nodes[position]), room: room, items: self.patterns[column].items))
                    position += 1
                }
            }
        }
        return result
    }

    /// How many nodes of one room hold each of the columns.
    ///
    /// - Parameter open: Per shape, what the linear program has given out so far minus what whole patterns took.
    private func wholeCounts(_ columns: [Int], nodeCount: Int, open: inout [Double]) -> [Int] {
        var counts: [Int] = []
        var fractions: [Double] = []
        var total = 0
        for column in columns {
            let share = self.program.x[column]
            let count = min(nodeCount - total, Int(share + 1e-6))
            total += count
            counts.append(count)
            fractions.append(share - Double(count))
            for item in self.patterns[column].items { open[Int(item.shape)] += share - Double(count) }
        }
        let shares = columns.reduce(0) { $0 + self.program.x[$1] }
        let wanted = min(nodeCount, Int(shares.rounded(.up)))
        while total < wanted {
            var best = 0
            var bestScore = -Double.infinity
            for position in columns.indices where fractions[position] >= 0.02 || bestScore == -.infinity {
                let score = 0.3 * fractions[position] - 0.5 * self.overshoot(columns[position], open)
                if score > bestScore {
                    best = position
                    bestScore = score
                }
            }
            counts[best] += 1
            fractions[best] -= 1
            total += 1
            for item in self.patterns[columns[best]].items { open[Int(item.shape)] -= 1 }
        }
        return counts
    }

    /// The value of a pattern's pods beyond the demand that is still open.
    private func overshoot(_ column: Int, _ open: [Double]) -> Double {
        var sum = 0.0
        self.patterns[column].forEachShape { shape, count in
            let beyond = Double(count) - min(Double(count), max(0, open[shape]))
            sum += beyond * self.problem.shapes[shape].value
        }
        return sum
    }
}
