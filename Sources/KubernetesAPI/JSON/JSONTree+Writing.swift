extension JSONTree {
    /// The value as JSON text without white space.
    public var text: String { String(decoding: self.bytes, as: UTF8.self) }

    /// `text` in UTF-8.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        self.write(to: &writer)
        return writer.bytes
    }

    private func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.write(raw: "null".utf8)
        case .boolean(let value): writer.write(raw: (value ? "true" : "false").utf8)
        case .integer(let value): writer.write(raw: String(value).utf8)
        case .number(let value): writer.write(raw: value.description.utf8)
        case .string(let value): writer.write(string: value)
        case .array(let elements):
            writer.write(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { writer.write(UInt8(ascii: ",")) }
                element.write(to: &writer)
            }
            writer.write(UInt8(ascii: "]"))
        case .object(let members):
            writer.write(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { writer.write(UInt8(ascii: ",")) }
                writer.write(string: member.key)
                writer.write(UInt8(ascii: ":"))
                member.value.write(to: &writer)
            }
            writer.write(UInt8(ascii: "}"))
        }
    }
}

extension JSONTree: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
    ExpressibleByIntegerLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(arrayLiteral elements: JSONTree...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONTree)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
