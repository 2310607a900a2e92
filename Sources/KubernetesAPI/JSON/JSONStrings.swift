/// Strings of one document, by their positions: thousands of names without a `String`, or a reference to the document, for
/// each.
public struct JSONStrings: Sendable {
    private let document: JSONDocument
    private let positions: [Int]

    /// The strings of an array; other elements are passed over. Nil for every other kind.
    ///
    /// - Complexity: O(*n*), *n* elements.
    public init?(elementsOf array: JSONValue) {
        guard array.type == .openBracket else { return nil }
        self.document = array.document
        self.positions = array.document.positionsOfStrings(inArrayAt: array.position)
    }

    /// - Parameter values: Strings of this document; other kinds are passed over.
    public init(_ values: some Sequence<JSONValue>, of document: JSONDocument) {
        self.document = document
        self.positions = values.compactMap { $0.type == .quote && $0.document === document ? $0.position : nil }
    }

    public var count: Int { self.positions.count }

    public subscript(index: Int) -> String {
        String(decoding: self.document.stringBytes(at: self.positions[index]), as: UTF8.self)
    }

    /// The bytes of every string in turn, each valid during its call only.
    public func forEachBytes(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        for position in self.positions { body(self.document.stringBytes(at: position)) }
    }

    /// Writes a string as JSON, quotes included.
    public func write(_ index: Int, to writer: inout JSONWriter) {
        writer.write(stringBytes: self.document.stringBytes(at: self.positions[index]))
    }
}
