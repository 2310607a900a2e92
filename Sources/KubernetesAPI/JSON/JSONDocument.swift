import CJSONDocument

/// A parsed JSON text. Every `JSONValue` of it keeps it alive.
///
/// Memory: for a parsed text room as the parser takes it in advance, about ten times the text, of which a large document never touches most; for
/// a copy the strings and 8 bytes per value, no more. The text itself is not kept.
///
/// `@unchecked Sendable`, proof: the stored pointers are `let`, what they point to is written only by the parser or the copy
/// before `init` returns, all later access reads, and it is freed, or given to the next document of a `JSONParser`, when no reference is left.
public final class JSONDocument: @unchecked Sendable {
    /// How deep arrays and objects may nest. Kubernetes itself refuses far shallower objects.
    public static let maximumDepth = 1024

    private enum Memory {
        case parsed(ParsedMemory)
        /// Tape first, strings behind it.
        case copied(UnsafeMutableRawPointer, refersToOthers: Bool)
    }

    private let memory: Memory
    let tape: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>
    /// What the document's value was decoded to; nil for a document that belongs to one object alone.
    let decoded: DecodedValue?

    /// Parses exactly one JSON value with nothing but white space round it.
    ///
    /// - Parameter bytes: UTF-8 without a byte order mark. Any length but 0 up to 4 GiB; no padding needed.
    /// - Throws: What is wrong and where. Finding the place costs a second, slower pass, on failure only.
    public convenience init(parsing bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
        self.init(try ParsedMemory.parse(bytes, reusing: nil))
    }

    init(_ memory: ParsedMemory) {
        self.memory = .parsed(memory)
        self.tape = memory.tape
        self.strings = memory.strings
        self.decoded = nil
    }

    public static func parse(_ text: String) throws(JSONSyntaxError) -> JSONDocument {
        var text = text
        let result = text.withUTF8 { utf8 -> Result<JSONDocument, JSONSyntaxError> in
            do throws(JSONSyntaxError) {
                return .success(try JSONDocument(parsing: UnsafeRawBufferPointer(utf8)))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// - Parameters:
    ///   - tape: Whole and right, as `CJSONDocument.h` tells it. The document takes over the references on it.
    ///   - strings: What the tape's strings point into.
    ///   - field: For a value that objects share, what it is in them.
    init(tape: [UInt64], strings: [UInt8], refersToOthers: Bool = false, field: UInt8? = nil) {
        let tapeBytes = tape.count * MemoryLayout<UInt64>.stride
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: tapeBytes + strings.count, alignment: MemoryLayout<UInt64>.alignment)
        tape.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: memory, count: tapeBytes).copyMemory(from: $0) }
        strings.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(start: memory + tapeBytes, count: strings.count).copyMemory(from: $0)
        }
        self.memory = .copied(memory, refersToOthers: refersToOthers)
        self.tape = UnsafePointer(memory.assumingMemoryBound(to: UInt64.self))
        self.strings = UnsafePointer((memory + tapeBytes).assumingMemoryBound(to: UInt8.self))
        self.decoded = field.map(DecodedValue.init)
    }

    deinit {
        guard case .copied(let memory, let refersToOthers) = self.memory else { return }
        if refersToOthers { TapeCopy.releaseOthers(UnsafeBufferPointer(start: self.tape, count: self.tapeCount)) }
        memory.deallocate()
    }

    public var root: JSONValue { self.value(at: Int(cjson_root_position)) }

    /// The value at a position, in whatever document it stands.
    func value(at position: Int) -> JSONValue {
        guard cjson_type(self.tape, position) == TapeCopy.sharedType else {
            return JSONValue(document: self, position: position)
        }
        return JSONValue(document: self.other(at: position), position: Int(cjson_root_position))
    }

    /// The document that the element at `position` refers to. Only for an element of that type.
    private func other(at position: Int) -> JSONDocument {
        TapeCopy.other(self.tape[position]).takeUnretainedValue()
    }

    /// Whether an element within the range refers to another document.
    func refers(to other: JSONDocument, in range: Range<Int>) -> Bool {
        var position = range.lowerBound
        while position < range.upperBound {
            let type = cjson_type(self.tape, position)
            if type == TapeCopy.sharedType, self.other(at: position) === other { return true }
            position += TapeCopy.width(ofType: type)
        }
        return false
    }

    /// Words on the tape; only for a copy.
    private var tapeCount: Int { Int(cjson_payload(self.tape, 0)) }

    /// Whether this copy holds the same bytes as another one.
    func isSame(_ tape: [UInt64], _ strings: [UInt8]) -> Bool {
        self.tapeCount == tape.count
            && tape.withUnsafeBytes { UnsafeRawBufferPointer(start: self.tape, count: $0.count).isSame($0) }
            // The last word says how many bytes there are.
            && strings.withUnsafeBytes { UnsafeRawBufferPointer(start: self.strings, count: $0.count).isSame($0) }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func isSame(_ other: Self) -> Bool {
        guard self.count == other.count, let mine = self.baseAddress, let others = other.baseAddress else {
            return self.count == other.count
        }
        return cjson_is_same(mine, others, self.count) != 0
    }
}
