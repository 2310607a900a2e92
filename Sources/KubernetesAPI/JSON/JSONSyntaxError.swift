import CJSONDocument

/// Why bytes are not a JSON value, and where.
public struct JSONSyntaxError: Error, Hashable, Sendable {
    /// The first byte that cannot be read, from 0; nil where the text as a whole is refused.
    public let offset: Int?
    /// The line of `offset`, from 1.
    public let line: Int?
    public let found: String
    public let expected: String

    static let empty = JSONSyntaxError(offset: nil, line: nil, found: "nothing", expected: "a JSON value")

    init(offset: Int?, line: Int?, found: String, expected: String) {
        self.offset = offset
        self.line = line
        self.found = found
        self.expected = expected
    }

    init(code: Int32, in bytes: UnsafeRawBufferPointer) {
        self.init(offset: nil, line: nil, found: String(cString: cjson_error_message(code)), expected: "a JSON value")
    }
}
