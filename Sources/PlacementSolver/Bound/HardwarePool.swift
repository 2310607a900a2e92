/// Nodes taken together as if what they have left stood on one large node. Whatever fits on the nodes fits on that.
struct HardwarePool {
    /// Devices with equally much left.
    struct PartGroup {
        /// Thousandths; 1000 is an idle device, and only those serve whole requests.
        let left: Int32
        var count: Double
    }

    /// Position in `FillProblem.classes`.
    let nodeClass: Int
    /// Per `FillProblem.resourceRows`, in devices' shares.
    var amounts: [Double]
    /// Per `FillProblem.unitRows`.
    var units: [Double]
    /// Most left first.
    var parts: [PartGroup]

    /// Most rooms that stay apart; of more, those on like hardware are taken together.
    private static let roomLimit = 96

    /// One pool per room, or per kind of hardware where rooms are many.
    ///
    /// - Parameter hardware: Per node, a number that nodes with equal allocatable amounts share.
    static func pools(of problem: FillProblem, hardware: (Int32) -> Int) -> [HardwarePool] {
        struct Kind: Hashable {
            let nodeClass: Int
            let hardware: Int
        }
        var positions: [Kind: Int] = [:]
        var pools: [HardwarePool] = []
        for (room, nodes) in zip(problem.rooms, problem.nodesByRoom) {
            guard problem.rooms.count > Self.roomLimit else {
                pools.append(HardwarePool(room, nodeCount: nodes.count, problem))
                continue
            }
            // All nodes of a room are of one class, and what they have left is equal.
            var counts: [Kind: Int] = [:]
            for node in nodes { counts[Kind(nodeClass: room.nodeClass, hardware: hardware(node)), default: 0] += 1 }
            for (kind, count) in counts.sorted(by: { $0.key.hardware < $1.key.hardware }) {
                let share = HardwarePool(room, nodeCount: count, problem)
                if let known = positions[kind] {
                    pools[known].add(share)
                } else {
                    positions[kind] = pools.count
                    pools.append(share)
                }
            }
        }
        return pools
    }

    private init(_ room: NodeRoom, nodeCount: Int, _ problem: FillProblem) {
        let count = Double(nodeCount)
        self.nodeClass = room.nodeClass
        self.amounts = zip(room.amounts, problem.amountPerDevice).map { max(0, Double($0)) / $1 * count }
        self.units = room.units.map { Double($0) * count }
        self.parts = []
        for left in room.parts where left > 0 { self.add(PartGroup(left: left, count: count)) }
    }

    private mutating func add(_ other: HardwarePool) {
        for row in self.amounts.indices { self.amounts[row] += other.amounts[row] }
        for row in self.units.indices { self.units[row] += other.units[row] }
        for group in other.parts { self.add(group) }
    }

    private mutating func add(_ group: PartGroup) {
        let place = self.parts.firstIndex { $0.left <= group.left } ?? self.parts.count
        if place < self.parts.count, self.parts[place].left == group.left {
            self.parts[place].count += group.count
        } else {
            self.parts.insert(group, at: place)
        }
    }
}
