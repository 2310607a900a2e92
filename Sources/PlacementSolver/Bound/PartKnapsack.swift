/// The most that parts can be worth together on one device, for a device with any number of thousandths left.
///
/// Each part may be taken any number of times: what is found is never less than the truth.
///
/// - Complexity: O(1000 · distinct sizes).
struct PartKnapsack {
    struct Part {
        /// What `items` names it by.
        let shape: Int
        /// Thousandths of a device, 1 … 1000.
        let size: Int32
        let gain: Double
    }

    private let parts: [Part]
    /// By thousandths left: the gain, and which part is taken last; -1 where one thousandth less is worth as much.
    private var gains = [Double](repeating: 0, count: 1001)
    private var choices = [Int32](repeating: -1, count: 1001)

    init(_ parts: [Part]) {
        self.parts = Self.bestBySize(parts)
        for left in 1...1000 {
            var gain = self.gains[left - 1]
            var choice: Int32 = -1
            for (index, part) in self.parts.enumerated() where Int(part.size) <= left {
                let with = self.gains[left - Int(part.size)] + part.gain
                if with > gain {
                    gain = with
                    choice = Int32(index)
                }
            }
            self.gains[left] = gain
            self.choices[left] = choice
        }
    }

    func gain(left: Int32) -> Double { self.gains[Int(left)] }

    /// Shapes of a best filling, one entry per part.
    func items(left: Int32) -> [Int] {
        var items: [Int] = []
        var left = Int(left)
        while left > 0 {
            let choice = Int(self.choices[left])
            if choice < 0 {
                left -= 1
            } else {
                items.append(self.parts[choice].shape)
                left -= Int(self.parts[choice].size)
            }
        }
        return items
    }

    /// Of equal sizes only the part with the largest gain matters, and only while it gains anything.
    private static func bestBySize(_ parts: [Part]) -> [Part] {
        var best = [Int](repeating: -1, count: 1001)
        for (index, part) in parts.enumerated() where part.gain > 0 && (1...1000).contains(part.size) {
            let known = best[Int(part.size)]
            if known < 0 || parts[known].gain < part.gain { best[Int(part.size)] = index }
        }
        return best.compactMap { $0 < 0 ? nil : parts[$0] }
    }
}
