import SchedulingModel
import TestSupport
import Testing

@testable import PlacementSolver

@Suite("NodeBitset")
struct NodeBitsetTests {
    @Test("agrees with Set after any sequence of changes", arguments: [1, 63, 64, 65, 4096, 5000])
    func agreesWithSet(capacity: Int) {
        var generator = SeededGenerator(seed: UInt64(capacity))
        var bitset = NodeBitset(capacity: capacity)
        var expected: Set<Int> = []
        for _ in 0..<500 {
            let index = generator.int(in: 0...capacity - 1)
            if generator.once(in: 3) {
                bitset.remove(index)
                expected.remove(index)
            } else {
                bitset.insert(index)
                expected.insert(index)
            }
        }
        var walked: [Int] = []
        bitset.forEach { walked.append($0) }
        #expect(walked == expected.sorted())
        #expect(bitset.count == expected.count)
        #expect(bitset.isEmpty == expected.isEmpty)
    }

    @Test("the first common member is the lowest for which the predicate holds")
    func firstCommonMember() {
        let evens = NodeBitset(capacity: 10_000) { $0.isMultiple(of: 2) }
        let thirds = NodeBitset(capacity: 10_000) { $0.isMultiple(of: 3) }
        #expect(evens.first(in: thirds) { $0 > 8_000 } == 8_004)
        #expect(evens.first(in: thirds) { _ in false } == nil)
    }

    @Test("an intersection that empties a word is skipped by the summary")
    func intersection() {
        var low = NodeBitset(capacity: 200) { $0 < 100 }
        low.formIntersection(NodeBitset(capacity: 200) { $0 >= 100 })
        #expect(low.isEmpty)
        #expect(low.first(in: low) { _ in true } == nil)
    }
}
