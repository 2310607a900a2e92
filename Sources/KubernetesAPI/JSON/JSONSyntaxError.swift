import CJSONDocument

/// Why bytes are not a JSON value, and where.
public struct JSONSyntaxError: Error, Hashable, Sendable {
    /// The first byte that cannot be read, from 0; nil where the text as a whole is refused.
    public let offset: Int?
    public let found: String
    public let expected: String

    static let empty = JSONSyntaxError(offset: nil, found: "nothing", expected: "a JSON value")

    init(offset: Int?, found: String, expected: String) {
        self.offset = offset
        self.found = found
        self.expected = expected
    }

    /// - Parameter code: The parser's, which does not say where. A second pass finds the place.
    init(code: Int32, in bytes: UnsafeRawBufferPointer) {
        let message = String(cString: cjson_error_message(code))
        if cjson_error_is_capacity(code) != 0 {
            self.init(
                offset: nil, found: "\(bytes.count) bytes (\(message))", expected: "at most 4 GiB, and memory for it")
        } else if let problem = JSONSyntaxScanner.firstProblem(in: bytes) {
            self.init(offset: problem.offset, found: problem.found, expected: problem.expected)
        } else {
            self.init(offset: nil, found: message, expected: "a JSON value")
        }
    }
}
