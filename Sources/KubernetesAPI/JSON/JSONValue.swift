import CJSONDocument

/// One value inside a `JSONDocument`: a reference to the document and a position in it. Reading allocates nothing
/// except the strings that are asked for.
public struct JSONValue: Sendable {
    public enum Kind: Hashable, Sendable {
        case null, boolean, integer, number, string, array, object
    }

    public let document: JSONDocument
    let position: Int

    public var kind: Kind {
        switch self.type {
        case .openBrace: .object
        case .openBracket: .array
        case .quote: .string
        case .int64, .uint64: .integer
        case .double: .number
        case .true, .false: .boolean
        default: .null
        }
    }

    public var isNull: Bool { self.kind == .null }
    public var isObject: Bool { self.type == .openBrace }

    /// What tells this very value from every other one that is alive, equal ones too.
    public struct Identity: Hashable, Sendable {
        private let document: ObjectIdentifier
        private let position: Int

        fileprivate init(_ value: JSONValue) {
            self.document = ObjectIdentifier(value.document)
            self.position = value.position
        }
    }

    public var identity: Identity { Identity(self) }

    // MARK: Scalars

    /// The text of a string; nil for every other kind.
    public var string: String? {
        guard self.type == .quote else { return nil }
        return String(decoding: self.stringBytes, as: UTF8.self)
    }

    /// A whole number that fits, also where it is written as 1.0 or 1e3; nil for every other kind.
    public var integer: Int64? {
        let bits = cjson_number_bits(self.document.tape, self.position)
        switch self.type {
        case .int64: return Int64(bitPattern: bits)
        case .uint64: return Int64(exactly: bits)
        case .double: return Int64(exactly: Double(bitPattern: bits))
        default: return nil
        }
    }

    public var number: Double? {
        let bits = cjson_number_bits(self.document.tape, self.position)
        switch self.type {
        case .int64: return Double(Int64(bitPattern: bits))
        case .uint64: return Double(bits)
        case .double: return Double(bitPattern: bits)
        default: return nil
        }
    }

    public var boolean: Bool? {
        switch self.type {
        case .true: true
        case .false: false
        default: nil
        }
    }

    // MARK: Containers

    /// The elements of an array; nothing for every other kind.
    public var elements: Elements {
        Elements(document: self.document, position: self.type == .openBracket ? self.position + 1 : nil)
    }

    /// The members of an object in the order they are written; nothing for every other kind.
    public var members: Members {
        Members(document: self.document, position: self.type == .openBrace ? self.position + 1 : nil)
    }

    /// The value under `key`, the last one where the key stands twice, as Kubernetes reads it.
    ///
    /// - Complexity: O(*k*), *k* members of the object, whatever they contain.
    public subscript(key: String) -> JSONValue? { self.lookUp(key).value }

    /// As the subscript, and how often the key stands there.
    func lookUp(_ key: String) -> (value: JSONValue?, count: Int) {
        guard self.type == .openBrace else { return (nil, 0) }
        var key = key
        return key.withUTF8 { wanted in
            var found: Int?
            var count = 0
            var position = self.position + 1
            let tape = self.document.tape
            while cjson_type(tape, position) != ElementType.closeBrace.rawValue {
                if self.document.stringBytes(at: position).elementsEqualBytes(wanted) {
                    found = position + 1
                    count += 1
                }
                position = cjson_next(tape, position + 1)
            }
            return (found.map { self.document.value(at: $0) }, count)
        }
    }

    // MARK: Tape

    enum ElementType: UInt8 {
        case openBrace = 0x7b, closeBrace = 0x7d, openBracket = 0x5b, closeBracket = 0x5d
        case quote = 0x22, int64 = 0x6c, uint64 = 0x75, double = 0x64
        case `true` = 0x74, `false` = 0x66, null = 0x6e
    }

    var type: ElementType { ElementType(rawValue: cjson_type(self.document.tape, self.position)) ?? .null }

    /// The bytes of a string; only for a string, and only as long as the document lives.
    var stringBytes: UnsafeBufferPointer<UInt8> { self.document.stringBytes(at: self.position) }

    /// The position behind this value and everything in it.
    private var endPosition: Int { cjson_next(self.document.tape, self.position) }

    /// Whether the other value is this one or stands inside it.
    func contains(_ other: JSONValue) -> Bool {
        if self.document === other.document {
            return self.position <= other.position && other.position < self.endPosition
        }
        return self.document.refers(to: other.document, in: self.position..<self.endPosition)
    }

    /// What the value was decoded to for another object, and where to keep it; nil for a value of one object alone.
    var decoded: DecodedValue? { self.position == Int(cjson_root_position) ? self.document.decoded : nil }
}

extension JSONValue {
    public struct Elements: Sequence, IteratorProtocol, Sendable {
        let document: JSONDocument
        var position: Int?

        public mutating func next() -> JSONValue? {
            guard let position = self.position,
                cjson_type(self.document.tape, position) != ElementType.closeBracket.rawValue
            else { return nil }
            self.position = cjson_next(self.document.tape, position)
            return self.document.value(at: position)
        }
    }

    public struct Members: Sequence, IteratorProtocol, Sendable {
        let document: JSONDocument
        var position: Int?

        public mutating func next() -> (key: String, value: JSONValue)? {
            guard let position = self.position,
                cjson_type(self.document.tape, position) != ElementType.closeBrace.rawValue
            else { return nil }
            self.position = cjson_next(self.document.tape, position + 1)
            let key = KeyTexts.text(self.document.stringBytes(at: position))
            return (key, self.document.value(at: position + 1))
        }
    }
}

extension JSONDocument {
    func stringBytes(at position: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(
            start: cjson_string_bytes(self.tape, self.strings, position),
            count: Int(cjson_string_length(self.tape, self.strings, position)))
    }

    func positionsOfStrings(inArrayAt array: Int) -> [Int] {
        var positions: [Int] = []
        var position = array + 1
        while true {
            switch JSONValue.ElementType(rawValue: cjson_type(self.tape, position)) {
            case .closeBracket: return positions
            case .quote: positions.append(position)
            default: break
            }
            position = cjson_next(self.tape, position)
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    func elementsEqualBytes(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard self.count == other.count else { return false }
        for index in self.indices where self[index] != other[index] { return false }
        return true
    }
}
