import CJSONDocument

extension JSONDocument {
    /// A value of another document, in as little memory as it needs, without the members that `kept` leaves out.
    ///
    /// - Parameter shared: Where values are found that other documents have too, and that are then not copied. Nil: all is copied.
    /// - Complexity: O(*v*), *v* values under `value`; nothing is parsed again.
    convenience init(copying value: JSONValue, keeping kept: KeptMembers, sharing shared: SharedValues? = nil) {
        var copy = TapeCopy()
        let source = TapeSource(value.document)
        if let shared {
            shared.withTable { copy.copy(source, value.position, kept, &$0) }
        } else {
            var none: SharedValues.Table?
            copy.copy(source, value.position, kept, &none)
        }
        let (tape, strings) = copy.finish()
        self.init(tape: tape, strings: strings, refersToOthers: copy.refersToOthers)
    }
}

/// The elements that are copied, valid as long as somebody keeps their document.
struct TapeSource {
    let tape: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>

    init(_ document: JSONDocument) {
        self.tape = document.tape
        self.strings = document.strings
    }

    func type(at position: Int) -> UInt8 { cjson_type(self.tape, position) }

    func next(_ position: Int) -> Int { cjson_next(self.tape, position) }

    /// Only for a string.
    func bytes(at position: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(
            start: cjson_string_bytes(self.tape, self.strings, position),
            count: Int(cjson_string_length(self.tape, self.strings, position)))
    }
}

extension TapeSource {
    /// The member `name` of an object, the last one where it stands twice; nil where that is no string.
    fileprivate func name(of position: Int) -> UnsafeBufferPointer<UInt8>? {
        var name: UnsafeBufferPointer<UInt8>?
        var member = position + 1
        while self.type(at: member) != UInt8(ascii: "}") {
            if Self.isName(self.bytes(at: member)) {
                name = self.type(at: member + 1) == UInt8(ascii: "\"") ? self.bytes(at: member + 1) : nil
            }
            member = self.next(member + 1)
        }
        return name
    }

    private static func isName(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.count == 4 && bytes[0] == UInt8(ascii: "n") && bytes[1] == UInt8(ascii: "a")
            && bytes[2] == UInt8(ascii: "m") && bytes[3] == UInt8(ascii: "e")
    }
}

extension KeptMembers {
    /// Whether an object that is an element of an array is kept.
    fileprivate func keepsElement(at position: Int, of source: TapeSource) -> Bool {
        guard case .named = self, let name = source.name(of: position), !name.isEmpty else { return true }
        return self.keepsElement(named: name)
    }
}

/// Writes values of other documents on a new tape.
///
/// Invariant: `words` is a tape as `CJSONDocument.h` tells it, but for containers that are still open; the payloads of its strings are
/// offsets into `strings`, and every document that an element refers to is retained once for it: by `clear`, or by the document that is made of the tape, it is let go.
struct TapeCopy {
    /// Begins with the root's own element.
    private(set) var words: [UInt64] = []
    private(set) var strings: [UInt8] = []
    private(set) var refersToOthers = false

    static let sharedType = UInt8(ascii: "S")
    private static let rootWord = UInt64(UInt8(ascii: "r")) << 56

    var byteCount: Int { self.words.count * MemoryLayout<UInt64>.stride + self.strings.count }

    /// The tape and its strings. The first word says how many words there are, the last how many bytes of strings.
    mutating func finish() -> (tape: [UInt64], strings: [UInt8]) {
        self.words.append(Self.rootWord | UInt64(self.strings.count))
        self.words[0] = Self.rootWord | UInt64(self.words.count)
        return (self.words, self.strings)
    }

    /// Ready for another value, in the same memory.
    mutating func clear() {
        if self.refersToOthers { self.words.withUnsafeBufferPointer(Self.releaseOthers) }
        self.refersToOthers = false
        self.words.removeAll(keepingCapacity: true)
        self.strings.removeAll(keepingCapacity: true)
    }

    // MARK: Values

    /// Calls itself only for members of objects that a rule names, which are as deep as the rule.
    mutating func copy(
        _ source: TapeSource, _ position: Int, _ kept: KeptMembers, _ table: inout SharedValues.Table?
    ) {
        if self.words.isEmpty { self.words.append(Self.rootWord) }
        if source.type(at: position) == Self.sharedType {
            // The element keeps the other document.
            let other = Self.other(source.tape[position]).takeUnretainedValue()
            return self.copy(TapeSource(other), Int(cjson_root_position), kept, &table)
        }
        switch (source.type(at: position), kept) {
        case (UInt8(ascii: "{"), .only), (UInt8(ascii: "{"), .except):
            self.copyMembers(source, of: position, kept, &table)
        case (UInt8(ascii: "["), .only), (UInt8(ascii: "["), .except):
            self.copyElements(source, of: position, kept, &table)
        case (UInt8(ascii: "["), .named): self.copyElements(source, of: position, kept, &table)
        case (_, .shared(let field, let rule)):
            if let shared = table?.document(of: source, position, rule, field: field) {
                self.refer(to: shared)
            } else {
                self.copy(source, position, rule, &table)
            }
        default: self.copyWhole(source, position)
        }
    }

    private mutating func copyMembers(
        _ source: TapeSource, of position: Int, _ kept: KeptMembers, _ table: inout SharedValues.Table?
    ) {
        let start = self.open()
        var member = position + 1
        while source.type(at: member) != UInt8(ascii: "}") {
            let rule = kept.rule(for: source.bytes(at: member))
            if case .nothing = rule {
            } else {
                self.copyString(source, member)
                self.copy(source, member + 1, rule, &table)
            }
            member = source.next(member + 1)
        }
        self.close(start, UInt8(ascii: "{"), UInt8(ascii: "}"))
    }

    private mutating func copyElements(
        _ source: TapeSource, of position: Int, _ kept: KeptMembers, _ table: inout SharedValues.Table?
    ) {
        let start = self.open()
        var rule = kept
        if case .named(_, let inner) = kept { rule = inner }
        var element = position + 1
        while source.type(at: element) != UInt8(ascii: "]") {
            if source.type(at: element) == UInt8(ascii: "{") {
                if kept.keepsElement(at: element, of: source) {
                    self.copyMembers(source, of: element, rule, &table)
                }
            } else {
                self.copyWhole(source, element)
            }
            element = source.next(element)
        }
        self.close(start, UInt8(ascii: "["), UInt8(ascii: "]"))
    }

    /// Positions within the value keep their distances.
    private mutating func copyWhole(_ source: TapeSource, _ position: Int) {
        let end = source.next(position)
        let shift = UInt64(bitPattern: Int64(self.words.count - position))
        var next = position
        while next < end {
            let word = source.tape[next]
            switch source.type(at: next) {
            case UInt8(ascii: "\""): self.copyString(source, next)
            case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"):
                self.words.append(word)
                next += 1
                self.words.append(source.tape[next])
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "}"), UInt8(ascii: "]"):
                let low = (word &+ shift) & 0xffff_ffff
                self.words.append(word & ~0xffff_ffff | low)
            case Self.sharedType: self.refer(to: Self.other(word).takeUnretainedValue())
            default: self.words.append(word)
            }
            next += 1
        }
    }

    private mutating func copyString(_ source: TapeSource, _ position: Int) {
        let bytes = source.bytes(at: position)
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

    // MARK: Other documents

    private mutating func refer(to document: JSONDocument) {
        let address = UInt64(UInt(bitPattern: Unmanaged.passRetained(document).toOpaque()))
        self.words.append(UInt64(Self.sharedType) << 56 | address)
        self.refersToOthers = true
    }

    /// The document whose address is an element's payload.
    static func other(_ word: UInt64) -> Unmanaged<JSONDocument> {
        // `refer(to:)` wrote it: an address has at most 56 bits and is not 0.
        guard let address = UnsafeRawPointer(bitPattern: UInt(word & 0x00ff_ffff_ffff_ffff)) else {
            preconditionFailure("an element refers to no document")
        }
        return Unmanaged.fromOpaque(address)
    }

    /// Lets go of what the elements of a tape refer to.
    static func releaseOthers(_ tape: UnsafeBufferPointer<UInt64>) {
        var position = 0
        while position < tape.count {
            let type = UInt8(truncatingIfNeeded: tape[position] >> 56)
            if type == Self.sharedType { Self.other(tape[position]).release() }
            position += Self.width(ofType: type)
        }
    }

    /// How many words an element takes, of containers the opening one.
    static func width(ofType type: UInt8) -> Int {
        type == UInt8(ascii: "l") || type == UInt8(ascii: "u") || type == UInt8(ascii: "d") ? 2 : 1
    }
}
