/// Fills one room after the other with pods, in plain arithmetic on scratch arrays.
///
/// Protocol of use: 1. `open` a room; 2. `add` pods while it says yes, or `fill` by a sequence; 3. read `items`.
/// The arrays are reused, so no room costs an allocation once they have grown.
struct RoomPacker {
    private let problem: FillProblem
    private let rowCount: Int
    private var nodeClass = 0
    private var amounts: [Int64] = []
    private var units: [Int32] = []
    private var parts: [Int32] = []
    private var unitsByRow: [Int32]
    /// Pods of each shape in the room so far.
    private var countByShape: [Int32]
    private(set) var items: [FillItem] = []
    /// Sum of the items' values.
    private(set) var value = 0.0
    /// Devices and parts of devices left, in thousandths.
    private var thousandthsLeft: Int64 = 0

    init(_ problem: FillProblem) {
        self.problem = problem
        self.rowCount = problem.resourceRows.count
        self.countByShape = Array(repeating: 0, count: problem.shapes.count)
        self.unitsByRow = problem.unitRows.map { Int32($0) }
    }

    mutating func open(_ room: NodeRoom) {
        for item in self.items { self.countByShape[Int(item.shape)] = 0 }
        self.items.removeAll(keepingCapacity: true)
        self.value = 0
        self.nodeClass = room.nodeClass
        self.amounts.replaceSubrange(self.amounts.indices, with: room.amounts)
        self.units.replaceSubrange(self.units.indices, with: room.units)
        self.parts.replaceSubrange(self.parts.indices, with: room.parts)
        self.thousandthsLeft = 0
        for part in self.parts { self.thousandthsLeft += Int64(part) }
        for count in self.units { self.thousandthsLeft += Int64(count) * 1000 }
    }

    /// Whether every device is full.
    var isFull: Bool { self.thousandthsLeft <= 0 }

    /// Puts one more pod of the shape in, or says no and changes nothing.
    ///
    /// A part goes to the fullest device with room, first of equals.
    @inline(__always)
    mutating func add(_ shape: Int, limit: Int32) -> Bool {
        guard self.countByShape[shape] < limit, self.hasAmounts(shape), let part = self.takeDevice(shape) else {
            return false
        }
        self.book(shape, part: part)
        return true
    }

    @inline(__always)
    private func hasAmounts(_ shape: Int) -> Bool {
        guard self.problem.classes[self.nodeClass].isAllowed[shape] else { return false }
        let need = shape * self.rowCount
        for row in 0..<self.rowCount where self.amounts[row] < self.problem.needs[need + row] { return false }
        return true
    }

    @inline(__always)
    private mutating func book(_ shape: Int, part: Int) {
        let need = shape * self.rowCount
        for row in 0..<self.rowCount { self.amounts[row] -= self.problem.needs[need + row] }
        self.countByShape[shape] += 1
        self.items.append(FillItem(shape: Int32(shape), part: Int32(part)))
        self.value += self.problem.shapes[shape].value
    }

    /// The position in `parts`, -1 where no part is asked for, nil where the devices do not suffice.
    @inline(__always)
    private mutating func takeDevice(_ shape: Int) -> Int? {
        switch self.problem.shapes[shape].device {
        case .none: return -1
        case .part:
            let size = self.problem.classes[self.nodeClass].partSizes[shape]
            var best = -1
            for (position, left) in self.parts.enumerated() where left >= size {
                if best < 0 || left < self.parts[best] { best = position }
            }
            guard best >= 0 else { return nil }
            self.parts[best] -= size
            self.thousandthsLeft -= Int64(size)
            return best
        case .units(let row, let count):
            if row == self.problem.partRow { return self.takeIdleDevices(count) ? -1 : nil }
            guard let position = self.unitsByRow.firstIndex(of: Int32(row)), Int(self.units[position]) >= count else {
                return nil
            }
            self.units[position] -= Int32(count)
            self.thousandthsLeft -= Int64(count) * 1000
            return -1
        }
    }

    private mutating func takeIdleDevices(_ count: Int) -> Bool {
        var idle = 0
        for left in self.parts where left == 1000 { idle += 1 }
        guard idle >= count else { return false }
        var missing = count
        for position in self.parts.indices where self.parts[position] == 1000 && missing > 0 {
            self.parts[position] = 0
            missing -= 1
        }
        self.thousandthsLeft -= Int64(count) * 1000
        return true
    }

    /// Puts in what still fits of a pattern from before, parts on the devices they name.
    mutating func add(kept items: [FillItem]) {
        for item in items {
            let shape = Int(item.shape)
            guard item.part >= 0 else {
                _ = self.add(shape, limit: .max)
                continue
            }
            let size = self.problem.classes[self.nodeClass].partSizes[shape]
            guard self.hasAmounts(shape), self.parts[Int(item.part)] >= size else { continue }
            self.parts[Int(item.part)] -= size
            self.thousandthsLeft -= Int64(size)
            self.book(shape, part: Int(item.part))
        }
    }

    // MARK: Filling

    /// Offers pods one after the other, in the order of `draws` from `start` on and round again, until the devices are
    /// full or `count` have been offered.
    mutating func fill(draws: [Int16], from start: Int, count: Int, isWanted: [Bool], limits: [Int32]) {
        var position = start
        for _ in 0..<count {
            if self.isFull { return }
            let shape = Int(draws[position])
            position += 1
            if position == draws.count { position = 0 }
            if isWanted[shape] { _ = self.add(shape, limit: limits[shape]) }
        }
    }

    /// Takes as many pods of each shape as fit, shape by shape.
    mutating func fill(inOrder order: [Int16], limits: [Int32]) {
        for shape in order {
            while self.add(Int(shape), limit: limits[Int(shape)]) {}
        }
    }
}
