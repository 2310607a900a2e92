/// A slow, plain check of JSON text whose only purpose is to say where and why the fast parser refused it.
///
/// Nesting is kept in a list, not on the stack.
struct JSONSyntaxScanner {
    struct Problem: Error, Hashable {
        let offset: Int
        let found: String
        let expected: String
    }

    private enum Closer: UInt8 {
        case brace = 0x7d
        case bracket = 0x5d
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var open: [Closer] = []

    /// The first thing wrong with `bytes` as one JSON value; nil where nothing is.
    static func firstProblem(in bytes: UnsafeRawBufferPointer) -> Problem? {
        var scanner = JSONSyntaxScanner(bytes: bytes)
        do throws(Problem) {
            try scanner.scanDocument()
            return nil
        } catch {
            return error
        }
    }

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func scanDocument() throws(Problem) {
        try self.scanValueStart()
        while let closer = self.open.last { try self.scanAfterValue(closer) }
        self.skipSpace()
        guard self.position == self.bytes.count else { throw self.problem("the end of the document") }
    }

    // MARK: Structure

    /// Reads a scalar, an empty collection, or the way into a collection up to the end of its first scalar.
    private mutating func scanValueStart() throws(Problem) {
        while true {
            self.skipSpace()
            switch self.current {
            case UInt8(ascii: "{"):
                try self.descend(.brace)
                if self.skip(Closer.brace.rawValue) { return self.open.removeLast(1) }
                try self.scanKey("a string as key, or }")
            case UInt8(ascii: "["):
                try self.descend(.bracket)
                if self.skip(Closer.bracket.rawValue) { return self.open.removeLast(1) }
            default: return try self.scanScalar()
            }
        }
    }

    private mutating func descend(_ closer: Closer) throws(Problem) {
        guard self.open.count < JSONDocument.maximumDepth else {
            let expected = "at most \(JSONDocument.maximumDepth) levels of nesting"
            throw Problem(offset: self.position, found: "one level more", expected: expected)
        }
        self.open.append(closer)
        self.position += 1
        self.skipSpace()
    }

    private mutating func scanAfterValue(_ closer: Closer) throws(Problem) {
        self.skipSpace()
        if self.skip(closer.rawValue) { return self.open.removeLast(1) }
        guard self.skip(UInt8(ascii: ",")) else { throw self.problem(closer == .brace ? ", or }" : ", or ]") }
        if closer == .brace {
            self.skipSpace()
            try self.scanKey("a string as key")
        }
        try self.scanValueStart()
    }

    private mutating func scanKey(_ expected: String) throws(Problem) {
        guard self.current == UInt8(ascii: "\"") else { throw self.problem(expected) }
        try self.scanString()
        self.skipSpace()
        guard self.skip(UInt8(ascii: ":")) else { throw self.problem(": after the key") }
    }

    // MARK: Scalars

    private mutating func scanScalar() throws(Problem) {
        switch self.current {
        case UInt8(ascii: "\""): try self.scanString()
        case UInt8(ascii: "-"): try self.scanNumber()
        case .some(let byte) where byte.isDigit: try self.scanNumber()
        case UInt8(ascii: "t"): try self.scanWord("true")
        case UInt8(ascii: "f"): try self.scanWord("false")
        case UInt8(ascii: "n"): try self.scanWord("null")
        default: throw self.problem("a JSON value")
        }
    }

    private mutating func scanWord(_ word: StaticString) throws(Problem) {
        let start = self.position
        for offset in 0..<word.utf8CodeUnitCount where !self.skip(word.utf8Start[offset]) {
            self.position = start
            throw self.problem("\(word)")
        }
    }

    private mutating func scanNumber() throws(Problem) {
        let start = self.position
        _ = self.skip(UInt8(ascii: "-"))
        if self.skip(UInt8(ascii: "0")) {
            if let digit = self.current, digit.isDigit { throw self.problem("no digit after a leading 0") }
        } else {
            try self.scanDigits()
        }
        if self.skip(UInt8(ascii: ".")) { try self.scanDigits() }
        if self.skip(UInt8(ascii: "e")) || self.skip(UInt8(ascii: "E")) {
            if !self.skip(UInt8(ascii: "-")) { _ = self.skip(UInt8(ascii: "+")) }
            try self.scanDigits()
        }
        let text = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        let isWhole = !text.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
        let fits = isWhole ? Int64(text) != nil || UInt64(text) != nil : Double(text)?.isFinite == true
        guard fits else {
            throw Problem(offset: start, found: "the number \(text.prefix(80))", expected: "one that fits 64 bits")
        }
    }

    private mutating func scanDigits() throws(Problem) {
        guard let first = self.current, first.isDigit else { throw self.problem("a digit") }
        while let digit = self.current, digit.isDigit { self.position += 1 }
    }

    private mutating func scanString() throws(Problem) {
        let start = self.position
        self.position += 1
        while let byte = self.current {
            switch byte {
            case UInt8(ascii: "\""):
                self.position += 1
                return
            case UInt8(ascii: "\\"): try self.scanEscape()
            case 0..<0x20: throw self.problem("control characters in strings to be escaped")
            case 0x80...: try self.scanMultibyte()
            default: self.position += 1
            }
        }
        throw Problem(offset: start, found: "a string that does not end", expected: "a closing quote")
    }

    private mutating func scanEscape() throws(Problem) {
        self.position += 1
        switch self.current {
        case UInt8(ascii: "u"):
            let unit = try self.scanHexadecimals()
            if (0xdc00..<0xe000).contains(unit) { throw self.problem("no lone surrogate") }
            guard (0xd800..<0xdc00).contains(unit) else { return }
            guard self.skip(UInt8(ascii: "\\")), self.current == UInt8(ascii: "u"),
                (0xdc00..<0xe000).contains(try self.scanHexadecimals())
            else { throw self.problem("a second surrogate") }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            self.position += 1
        default: throw self.problem("an escape that JSON knows")
        }
    }

    /// Reads `u` and four digits.
    private mutating func scanHexadecimals() throws(Problem) -> UInt32 {
        self.position += 1
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = self.current.flatMap({ Character(UnicodeScalar($0)).hexDigitValue }) else {
                throw self.problem("four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            self.position += 1
        }
        return unit
    }

    private mutating func scanMultibyte() throws(Problem) {
        for length in 2...4 where self.position + length <= self.bytes.count {
            let candidate = self.bytes[self.position..<self.position + length]
            guard let text = String(validating: candidate, as: UTF8.self), text.unicodeScalars.count == 1 else {
                continue
            }
            self.position += length
            return
        }
        throw self.problem("UTF-8")
    }

    // MARK: Bytes

    private var current: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard self.current == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = self.current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            self.position += 1
        }
    }

    private func problem(_ expected: String) -> Problem {
        let found =
            switch self.current {
            case nil: "the end of the text"
            case .some(let byte) where (0x21..<0x7f).contains(byte): "'\(Character(UnicodeScalar(byte)))'"
            case .some(let byte): "byte 0x\(String(byte, radix: 16))"
            }
        return Problem(offset: self.position, found: found, expected: expected)
    }
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
