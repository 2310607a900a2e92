import SchedulingModel
import TestSupport
import Testing

@testable import ExtenderDecisions

@Suite("Nodes by the bytes of their names")
struct NodeNameTableTests {
    @Test(
        "every name is found at its position and no other is, whatever lengths and endings they have", arguments: 1...20
    )
    func positions(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("ab0-.")
        let names = Set(
            (0..<generator.int(in: 0...300)).map { _ in
                String((0..<generator.int(in: 1...20)).map { _ in alphabet[generator.int(in: 0...4)] })
            })
        let ordered = names.sorted()
        let table = NodeNameTable(ordered.map { NodeName($0) })
        for (position, name) in ordered.enumerated() {
            #expect(table.position(of: NodeName(name)) == position)
            for other in [name + "a", String(name.dropLast()), name.uppercased() + "X"] where !names.contains(other) {
                #expect(table.position(of: NodeName(other)) == nil, "\(other)")
            }
        }
    }

    @Test("numbered names, and none at all")
    func numbered() {
        let names = (0..<20_000).map { NodeName("gpu-pool-eu-central-1a-\($0)") }
        let table = NodeNameTable(names)
        #expect(names.enumerated().allSatisfy { table.position(of: $1) == $0 })
        #expect(NodeNameTable([]).position(of: NodeName("a")) == nil)
        #expect(NodeNameTable([]).position(of: NodeName("")) == nil)
    }
}
