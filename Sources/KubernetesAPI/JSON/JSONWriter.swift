/// Appends JSON text to bytes. The reader's own form: no white space, only the escapes that JSON demands, so that equal
/// strings are equal bytes.
public struct JSONWriter {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func write(_ byte: UInt8) { self.bytes.append(byte) }

    public mutating func write(raw: some Sequence<UInt8>) { self.bytes.append(contentsOf: raw) }

    public mutating func write(string: String) {
        self.bytes.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                self.bytes.append(UInt8(ascii: "\\"))
                self.bytes.append(byte)
            case 0..<0x20: self.writeControl(byte)
            default: self.bytes.append(byte)
            }
        }
        self.bytes.append(UInt8(ascii: "\""))
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
