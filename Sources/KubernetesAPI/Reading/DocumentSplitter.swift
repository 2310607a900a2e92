/// Cuts a file into documents without understanding them, so that one bad document does not lose the others.
enum DocumentSplitter {
    /// Cuts at lines that begin with `---` or `...`, which end a document wherever they stand, in block scalars too. A
    /// `---` line belongs to the document that it begins.
    ///
    /// - Parameter body: Called with each range of `bytes` that has content, in order.
    static func forEachDocument(in bytes: UnsafeRawBufferPointer, _ body: (Range<Int>) -> Void) {
        var start = 0
        var line = 0
        while line < bytes.count {
            let next = self.endOfLine(from: line, in: bytes)
            if let mark = self.marker(at: line, in: bytes) {
                if self.contentStart(of: start..<line, in: bytes) != nil { body(start..<line) }
                start = mark == UInt8(ascii: "-") ? line : next
            }
            line = next
        }
        if self.contentStart(of: start..<bytes.count, in: bytes) != nil { body(start..<bytes.count) }
    }

    /// The next of several JSON values in a row, as in JSON lines: up to the bracket that closes it. Something that does not
    /// begin with a bracket goes up to the end.
    ///
    /// - Returns: Nil where only white space is left.
    static func nextJSONValue(in bytes: UnsafeRawBufferPointer, range: Range<Int>) -> Range<Int>? {
        guard let start = range.first(where: { !bytes[$0].isJSONSpace }) else { return nil }
        return start..<self.endOfValue(from: start, in: bytes, limit: range.upperBound)
    }

    /// What is left of `range` from the next line on that begins with `{` or `[`, where a new value is likely to begin.
    static func nextBracketLine(in bytes: UnsafeRawBufferPointer, range: Range<Int>) -> Range<Int> {
        var line = range.lowerBound
        repeat {
            line = min(self.endOfLine(from: line, in: bytes), range.upperBound)
        } while line < range.upperBound && bytes[line] != UInt8(ascii: "{") && bytes[line] != UInt8(ascii: "[")
        return line..<range.upperBound
    }

    /// The first byte of `range` that is neither white space nor part of a comment, a directive or a bare `---`.
    static func contentStart(of range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Int? {
        var position = range.lowerBound
        if self.marker(at: position, in: bytes) != nil { position = min(position + 3, range.upperBound) }
        while position < range.upperBound {
            let isAtLineStart = position == range.lowerBound || bytes[position - 1].isLineBreak
            switch bytes[position] {
            case let byte where byte.isJSONSpace: position += 1
            case UInt8(ascii: "#"): position = min(self.endOfLine(from: position, in: bytes), range.upperBound)
            case UInt8(ascii: "%") where isAtLineStart:
                position = min(self.endOfLine(from: position, in: bytes), range.upperBound)
            default: return position
            }
        }
        return nil
    }

    // MARK: Bytes

    private static func endOfLine(from position: Int, in bytes: UnsafeRawBufferPointer) -> Int {
        guard let feed = bytes[position...].firstIndex(of: 0x0a) else { return bytes.count }
        return feed + 1
    }

    /// `-` or `.` where three of them stand at `position`, followed by white space or nothing.
    private static func marker(at position: Int, in bytes: UnsafeRawBufferPointer) -> UInt8? {
        guard position + 3 <= bytes.count else { return nil }
        let mark = bytes[position]
        guard mark == UInt8(ascii: "-") || mark == UInt8(ascii: "."),
            bytes[position + 1] == mark, bytes[position + 2] == mark,
            position + 3 == bytes.count || bytes[position + 3].isJSONSpace
        else { return nil }
        return mark
    }

    private static func endOfValue(from start: Int, in bytes: UnsafeRawBufferPointer, limit: Int) -> Int {
        guard bytes[start] == UInt8(ascii: "{") || bytes[start] == UInt8(ascii: "[") else { return limit }
        var depth = 0
        var isInString = false
        var position = start
        while position < limit {
            switch bytes[position] {
            case UInt8(ascii: "\\") where isInString: position += 1
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "{") where !isInString, UInt8(ascii: "[") where !isInString: depth += 1
            case UInt8(ascii: "}") where !isInString, UInt8(ascii: "]") where !isInString:
                depth -= 1
                if depth == 0 { return position + 1 }
            default: break
            }
            position += 1
        }
        return limit
    }
}

extension UInt8 {
    var isJSONSpace: Bool { self == 0x20 || self == 0x0a || self == 0x0d || self == 0x09 }
    var isLineBreak: Bool { self == 0x0a || self == 0x0d }
}
