import CJSONDocument

extension JSONDocument {
    /// A value of another document, in as little memory as it needs, without the members that `kept` leaves out.
    ///
    /// - Complexity: O(*v*), *v* values under `value`; nothing is parsed again.
    convenience init(copying value: JSONValue, keeping kept: KeptMembers) {
        var copy = TapeCopy(source: value.document)
        copy.copy(value.position, kept)
        self.init(tape: copy.finishedTape(), strings: copy.strings)
    }
}

/// Writes values of one document on a new tape.
///
/// Invariant: `tape` is a tape as `CJSONDocument.h` tells it, but for containers that are still open; the payloads of its strings are
/// offsets into `strings`.
private struct TapeCopy {
    private let tape: UnsafePointer<UInt64>
    private let source: JSONDocument
    /// Begins with the root's own element.
    private var words: [UInt64] = [UInt64(UInt8(ascii: "r")) << 56]
    private(set) var strings: [UInt8] = []

    init(source: JSONDocument) {
        self.source = source
        self.tape = source.tape
        self.words.reserveCapacity(256)
        self.strings.reserveCapacity(2048)
    }

    func finishedTape() -> [UInt64] { self.words + [UInt64(UInt8(ascii: "r")) << 56] }

    /// Calls itself only for members of objects that a rule names, which are as deep as the rule.
    mutating func copy(_ position: Int, _ kept: KeptMembers) {
        switch (cjson_type(self.tape, position), kept) {
        case (UInt8(ascii: "{"), .only), (UInt8(ascii: "{"), .except): self.copyMembers(of: position, kept)
        case (UInt8(ascii: "["), .only), (UInt8(ascii: "["), .except): self.copyElements(of: position, kept)
        default: self.copyWhole(position)
        }
    }

    private mutating func copyMembers(of position: Int, _ kept: KeptMembers) {
        let start = self.open()
        var member = position + 1
        while cjson_type(self.tape, member) != UInt8(ascii: "}") {
            let rule = kept.rule(for: self.source.stringBytes(at: member))
            if case .nothing = rule {
            } else {
                self.copyString(member)
                self.copy(member + 1, rule)
            }
            member = cjson_next(self.tape, member + 1)
        }
        self.close(start, UInt8(ascii: "{"), UInt8(ascii: "}"))
    }

    private mutating func copyElements(of position: Int, _ kept: KeptMembers) {
        let start = self.open()
        var element = position + 1
        while cjson_type(self.tape, element) != UInt8(ascii: "]") {
            if cjson_type(self.tape, element) == UInt8(ascii: "{") {
                self.copyMembers(of: element, kept)
            } else {
                self.copyWhole(element)
            }
            element = cjson_next(self.tape, element)
        }
        self.close(start, UInt8(ascii: "["), UInt8(ascii: "]"))
    }

    /// Positions within the value keep their distances.
    private mutating func copyWhole(_ position: Int) {
        let end = cjson_next(self.tape, position)
        let shift = UInt64(bitPattern: Int64(self.words.count - position))
        var next = position
        while next < end {
            let word = self.tape[next]
            switch cjson_type(self.tape, next) {
            case UInt8(ascii: "\""): self.copyString(next)
            case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"):
                self.words.append(word)
                next += 1
                self.words.append(self.tape[next])
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "}"), UInt8(ascii: "]"):
                let low = (word &+ shift) & 0xffff_ffff
                self.words.append(word & ~0xffff_ffff | low)
            default: self.words.append(word)
            }
            next += 1
        }
    }

    private mutating func copyString(_ position: Int) {
        let bytes = self.source.stringBytes(at: position)
        self.words.append(UInt64(UInt8(ascii: "\"")) << 56 | UInt64(self.strings.count))
        let length = UInt32(bytes.count)
        withUnsafeBytes(of: length) { self.strings.append(contentsOf: $0) }
        self.strings.append(contentsOf: bytes)
    }

    private mutating func open() -> Int {
        self.words.append(0)
        return self.words.count - 1
    }

    private mutating func close(_ start: Int, _ opening: UInt8, _ closing: UInt8) {
        self.words.append(UInt64(closing) << 56 | UInt64(start))
        self.words[start] = UInt64(opening) << 56 | UInt64(self.words.count)
    }
}
