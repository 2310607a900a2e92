import CJSONDocument

/// A parsed JSON text. Every `JSONValue` of it keeps it alive.
///
/// Memory: about the size of the text for strings and 8 bytes per value; the text itself is not kept.
///
/// `@unchecked Sendable`, proof: the three stored pointers are `let`, what they point to is written only by the parser
/// before `init` returns, all later access reads, and it is freed in `deinit`, when no reference is left.
public final class JSONDocument: @unchecked Sendable {
    /// How deep arrays and objects may nest. Kubernetes itself refuses far shallower objects.
    public static let maximumDepth = 1024

    private let handle: OpaquePointer
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
        self.handle = handle
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

    deinit { cjson_document_free(self.handle) }

    public var root: JSONValue { JSONValue(document: self, position: Int(cjson_root_position)) }
}
