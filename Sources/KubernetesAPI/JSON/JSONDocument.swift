import CJSONDocument

/// A parsed JSON text. Every `JSONValue` of it keeps it alive.
///
/// Memory: for a parsed text room as the parser takes it in advance, about ten times the text, of which a large document never touches most; for
/// a copy the strings and 8 bytes per value, no more. The text itself is not kept.
///
/// `@unchecked Sendable`, proof: the stored pointers are `let`, what they point to is written only by the parser or the copy
/// before `init` returns, all later access reads, and it is freed in `deinit`, when no reference is left.
public final class JSONDocument: @unchecked Sendable {
    /// How deep arrays and objects may nest. Kubernetes itself refuses far shallower objects.
    public static let maximumDepth = 1024

    private enum Memory {
        case parsed(OpaquePointer)
        /// Tape first, strings behind it.
        case copied(UnsafeMutableRawPointer)
    }

    private let memory: Memory
    let tape: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>

    /// Parses exactly one JSON value with nothing but white space round it.
    ///
    /// - Parameter bytes: UTF-8 without a byte order mark. Any length but 0 up to 4 GiB; no padding needed.
    /// - Throws: What is wrong and where. Finding the place costs a second, slower pass, on failure only.
    public init(parsing bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { throw JSONSyntaxError.empty }
        var code: Int32 = 0
        let start = base.assumingMemoryBound(to: UInt8.self)
        guard let handle = cjson_document_parse(start, bytes.count, Self.maximumDepth, &code) else {
            throw JSONSyntaxError(code: code, in: bytes)
        }
        self.memory = .parsed(handle)
        self.tape = cjson_document_tape(handle)
        self.strings = cjson_document_strings(handle)
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
    ///   - tape: Whole and right, as `CJSONDocument.h` tells it.
    ///   - strings: What the tape's strings point into.
    init(tape: [UInt64], strings: [UInt8]) {
        let tapeBytes = tape.count * MemoryLayout<UInt64>.stride
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: tapeBytes + strings.count, alignment: MemoryLayout<UInt64>.alignment)
        tape.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: memory, count: tapeBytes).copyMemory(from: $0) }
        strings.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(start: memory + tapeBytes, count: strings.count).copyMemory(from: $0)
        }
        self.memory = .copied(memory)
        self.tape = UnsafePointer(memory.assumingMemoryBound(to: UInt64.self))
        self.strings = UnsafePointer((memory + tapeBytes).assumingMemoryBound(to: UInt8.self))
    }

    deinit {
        switch self.memory {
        case .parsed(let handle): cjson_document_free(handle)
        case .copied(let memory): memory.deallocate()
        }
    }

    public var root: JSONValue { JSONValue(document: self, position: Int(cjson_root_position)) }
}
