import CJSONDocument

/// Parses one text after the other in the same memory, as long as nobody keeps a document of it.
public struct JSONParser {
    /// Memory for longer texts is not kept.
    private static let keptLength = 1 << 16

    private var memory: ParsedMemory?

    public init() {}

    /// As `JSONDocument(parsing:)`.
    public mutating func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) -> JSONDocument {
        let reused = isKnownUniquelyReferenced(&self.memory) ? self.memory : nil
        self.memory = nil
        let memory = try ParsedMemory.parse(bytes, reusing: reused)
        if bytes.count <= Self.keptLength { self.memory = memory }
        return JSONDocument(memory)
    }
}

/// What the parser made of one text.
final class ParsedMemory {
    private var handle: OpaquePointer?
    let tape: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>

    private init(_ handle: OpaquePointer) {
        self.handle = handle
        self.tape = cjson_document_tape(handle)
        self.strings = cjson_document_strings(handle)
    }

    deinit { if let handle { cjson_document_free(handle) } }

    /// - Parameter reused: Memory that no document refers to any more.
    static func parse(
        _ bytes: UnsafeRawBufferPointer, reusing reused: ParsedMemory?
    ) throws(JSONSyntaxError) -> ParsedMemory {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { throw JSONSyntaxError.empty }
        var code: Int32 = 0
        let start = base.assumingMemoryBound(to: UInt8.self)
        let old = reused?.handle
        reused?.handle = nil
        guard let handle = cjson_document_parse(old, start, bytes.count, JSONDocument.maximumDepth, &code) else {
            throw JSONSyntaxError(code: code, in: bytes)
        }
        return ParsedMemory(handle)
    }
}
