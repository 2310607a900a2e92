/// A set of devices of one pool, by index. No allocation, no reference counting.
///
/// Holds indices below `DeviceSet.capacity`; devices beyond it are never chosen.
public struct DeviceSet: Hashable, Sendable {
    public static let capacity = 128

    private var low: UInt64 = 0
    private var high: UInt64 = 0

    public init() {}

    public init(_ indices: some Sequence<Int>) { for index in indices { self.insert(index) } }

    public var isEmpty: Bool { self.low | self.high == 0 }

    public var count: Int { self.low.nonzeroBitCount + self.high.nonzeroBitCount }

    @inline(__always)
    public func contains(_ index: Int) -> Bool {
        index < 64 ? self.low & (1 << UInt64(index)) != 0 : self.high & (1 << UInt64(index - 64)) != 0
    }

    /// Indices at or beyond `capacity`, or below 0, are passed over.
    @inline(__always)
    public mutating func insert(_ index: Int) {
        if index < 64 { self.low |= 1 << UInt64(index) } else { self.high |= 1 << UInt64(index - 64) }
    }

    public mutating func formUnion(_ other: DeviceSet) {
        self.low |= other.low
        self.high |= other.high
    }

    /// The lowest index.
    public var first: Int? {
        if self.low != 0 { return self.low.trailingZeroBitCount }
        return self.high != 0 ? 64 + self.high.trailingZeroBitCount : nil
    }

    /// Ascending.
    @inline(__always)
    public func forEach(_ body: (Int) -> Void) {
        var bits = self.low
        while bits != 0 {
            body(bits.trailingZeroBitCount)
            bits &= bits - 1
        }
        bits = self.high
        while bits != 0 {
            body(64 + bits.trailingZeroBitCount)
            bits &= bits - 1
        }
    }

    /// Ascending.
    public var indices: [Int] {
        var indices: [Int] = []
        self.forEach { indices.append($0) }
        return indices
    }
}
