/// Appends JSON text to bytes. The reader's own form: no white space, only the escapes that JSON demands, so that equal
/// strings are equal bytes.
public struct JSONWriter {
    public private(set) var bytes: [UInt8] = []

    /// - Parameter capacity: Bytes that are expected.
    public init(capacity: Int = 0) { self.bytes.reserveCapacity(capacity) }

    public mutating func write(_ byte: UInt8) { self.bytes.append(byte) }

    public mutating func write(raw: some Sequence<UInt8>) { self.bytes.append(contentsOf: raw) }

    /// JSON that is known when this is compiled.
    public mutating func write(literal: StaticString) {
        self.bytes.append(
            contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    public mutating func write(string: String) {
        var string = string
        string.withUTF8 { self.write(stringBytes: $0) }
    }

    /// - Parameter stringBytes: UTF-8.
    mutating func write(stringBytes: UnsafeBufferPointer<UInt8>) {
        self.bytes.append(UInt8(ascii: "\""))
        if stringBytes.contains(where: Self.isEscaped) {
            for byte in stringBytes { self.write(escaping: byte) }
        } else {
            self.bytes.append(contentsOf: stringBytes)
        }
        self.bytes.append(UInt8(ascii: "\""))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func write(escaping byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            self.bytes.append(UInt8(ascii: "\\"))
            self.bytes.append(byte)
        case 0..<0x20: self.writeControl(byte)
        default: self.bytes.append(byte)
        }
    }

    private mutating func writeControl(_ byte: UInt8) {
        let digits = Array("0123456789abcdef".utf8)
        self.write(raw: "\\u00".utf8)
        self.bytes.append(digits[Int(byte >> 4)])
        self.bytes.append(digits[Int(byte & 15)])
    }

    mutating func removeSuffix(from position: Int) -> [UInt8] {
        let suffix = Array(self.bytes[position...])
        self.bytes.removeLast(self.bytes.count - position)
        return suffix
    }
}

/// Walks over JSON text that `JSONWriter` has written, which is known to be well formed.
enum WrittenJSON {
    /// The members of an object, each with its key as written, quotes included, and the whole of it.
    static func members(of object: [UInt8]) -> [(key: ArraySlice<UInt8>, member: ArraySlice<UInt8>)] {
        self.elements(of: object).map { member in
            (member[member.startIndex..<self.endOfString(in: member)], member)
        }
    }

    /// What stands between the commas of an array or object.
    static func elements(of container: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var depth = 0
        var start = 1
        var position = 1
        while position < container.count - 1 {
            switch container[position] {
            case UInt8(ascii: "\""): position = self.endOfString(in: container[position...]) - 1
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ",") where depth == 0:
                parts.append(container[start..<position])
                start = position + 1
            default: break
            }
            position += 1
        }
        if start < container.count - 1 { parts.append(container[start..<container.count - 1]) }
        return parts
    }

    /// The position behind the closing quote of the string that `text` begins with.
    private static func endOfString(in text: ArraySlice<UInt8>) -> Int {
        var position = text.startIndex + 1
        while position < text.endIndex, text[position] != UInt8(ascii: "\"") {
            position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(position + 1, text.endIndex)
    }
}
