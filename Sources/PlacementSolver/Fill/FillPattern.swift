/// One way to use a room: the pods it takes.
struct FillPattern {
    let room: Int
    let items: [FillItem]
    /// In devices, see `FillShape.value`.
    let value: Double

    /// Items of one shape need not stand together in `items`; here they do.
    init(room: Int, items: [FillItem], value: Double) {
        self.room = room
        self.items = items.sorted { ($0.shape, $0.part) < ($1.shape, $1.part) }
        self.value = value
    }

    /// Each shape of the pattern once, ascending, with how many of its pods the pattern holds.
    func forEachShape(_ body: (_ shape: Int, _ count: Int) -> Void) {
        var start = 0
        while start < self.items.count {
            var end = start + 1
            while end < self.items.count, self.items[end].shape == self.items[start].shape { end += 1 }
            body(Int(self.items[start].shape), end - start)
            start = end
        }
    }

    /// Equal for patterns of one room with the same pods, whichever devices they take.
    static func identity(room: Int, items: [FillItem]) -> UInt64 {
        var sum = UInt64(room &+ 1) &* 0x9E37_79B9_7F4A_7C15
        for item in items {
            // Sums of well mixed numbers do not depend on the order of the items.
            var mixed = UInt64(item.shape &+ 1) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 29)) &* 0x94D0_49BB_1331_11EB
            sum &+= mixed ^ (mixed >> 32)
        }
        return sum
    }
}
