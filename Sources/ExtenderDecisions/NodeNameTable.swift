import SchedulingModel

/// Positions of nodes by the bytes of their names. A question names thousands: each is found by one hash of a few words and one
/// comparison, and no string is made.
///
/// Open addressing with at most half of the slots taken. The names are the cluster's own, so nobody chooses them to collide.
struct NodeNameTable: Sendable {
    private let bytes: [UInt8]
    /// Where each node's name ends in `bytes`; it begins where the one before ends.
    private let ends: [Int]
    /// Positions of nodes, -1 for none; the count is a power of two.
    private let slots: [Int32]

    /// - Parameter names: All different.
    init(_ names: some Collection<NodeName>) {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        var slotCount = 2
        while slotCount < names.count * 2 { slotCount *= 2 }
        var slots = [Int32](repeating: -1, count: slotCount)
        for (position, name) in names.enumerated() {
            let utf8 = Array(name.rawValue.utf8)
            var slot = utf8.withUnsafeBufferPointer { Self.hash($0) } & (slotCount - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slotCount - 1) }
            slots[slot] = Int32(position)
            bytes += utf8
            ends.append(bytes.count)
        }
        self.bytes = bytes
        self.ends = ends
        self.slots = slots
    }

    func position(of name: UnsafeBufferPointer<UInt8>) -> Int? {
        let mask = self.slots.count - 1
        var slot = Self.hash(name) & mask
        while self.slots[slot] >= 0 {
            let position = Int(self.slots[slot])
            if self.isName(of: position, name) { return position }
            slot = (slot + 1) & mask
        }
        return nil
    }

    func position(of name: NodeName) -> Int? {
        var text = name.rawValue
        return text.withUTF8 { self.position(of: $0) }
    }

    private func isName(of position: Int, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = position == 0 ? 0 : self.ends[position - 1]
        guard self.ends[position] - start == name.count else { return false }
        return self.bytes.withUnsafeBufferPointer { bytes in
            name.indices.allSatisfy { bytes[start + $0] == name[$0] }
        }
    }

    /// Eight bytes at a time; multiplied and folded, so that the last characters of numbered names reach the low bits.
    private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> Int {
        let bytes = UnsafeRawBufferPointer(name)
        var hash = UInt64(truncatingIfNeeded: bytes.count)
        var offset = 0
        while offset < bytes.count {
            var word: UInt64 = 0
            if offset + 8 <= bytes.count {
                word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            } else {
                for index in offset..<bytes.count { word = word << 8 | UInt64(bytes[index]) }
            }
            let product = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            hash = product.high ^ product.low
            offset += 8
        }
        return Int(truncatingIfNeeded: hash & UInt64(Int.max))
    }
}
