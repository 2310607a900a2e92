import CJSONDocument
import Synchronization

/// Keys of maps as strings, those met last each once: 100,000 pods have their labels' and resources' few dozen names in common.
enum KeyTexts {
    /// Shorter ones stand in the string itself.
    private static let smallest = 16
    private static let size = 1 << 12
    private static let table = Mutex([String?](repeating: nil, count: Self.size))

    static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        guard bytes.count >= self.smallest, let start = bytes.baseAddress else {
            return String(decoding: bytes, as: UTF8.self)
        }
        let place = Int(truncatingIfNeeded: cjson_hash(start, bytes.count, 0)) & (self.size - 1)
        return self.table.withLock { table in
            if let known = table[place], Self.isSame(known, bytes) { return known }
            let text = String(decoding: bytes, as: UTF8.self)
            table[place] = text
            return text
        }
    }

    private static func isSame(_ text: String, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { $0.elementsEqualBytes(bytes) } ?? false
    }
}
