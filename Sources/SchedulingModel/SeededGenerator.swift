/// Random numbers from a seed: the same on every machine and toolchain.
///
/// SplitMix64 (Steele, Lea, Flood 2014). The choices below are made here and not by the standard library, whose mapping
/// of bits to ranges may change between releases.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { self.state = seed }

    public mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number of the range; the tiny bias of the remainder does not matter to tests.
    public mutating func int(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(self.next() % UInt64(range.count))
    }

    /// A number from 0 up to but not including 1, of 53 random bits.
    public mutating func unit() -> Double { Double(self.next() >> 11) * 0x1p-53 }

    /// A variable with exponential distribution and mean 1. Exact, and without a logarithm, so that it is the same on
    /// every machine.
    public mutating func exponential() -> Double {
        // Von Neumann (1951): the length of the first descending run of uniform numbers says whether to accept.
        var whole = 0.0
        while true {
            let first = self.unit()
            var previous = first
            var length = 1
            while true {
                let next = self.unit()
                if next >= previous { break }
                previous = next
                length += 1
            }
            if length % 2 == 1 { return whole + first }
            whole += 1
        }
    }

    /// True once in `odds` calls on average.
    public mutating func once(in odds: Int) -> Bool { self.int(in: 1...max(1, odds)) == 1 }

    /// - Precondition: `choices` is not empty.
    public mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        precondition(!choices.isEmpty, "pick from no choices")
        return choices[self.int(in: 0...choices.count - 1)]
    }

    public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var shuffled = elements
        for position in shuffled.indices.reversed().dropLast() {
            shuffled.swapAt(position, self.int(in: 0...position))
        }
        return shuffled
    }
}
