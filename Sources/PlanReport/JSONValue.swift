/// A JSON value whose objects keep the order they were written in, so that equal values are equal bytes.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Printed as the shortest text that reads back as the same number; null where it is not finite.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Sendable {
        package var key: String
        package var value: JSONValue

        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    package static func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }

    package static func optional(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }

    package static func optional(_ value: Int64?) -> JSONValue { value.map(JSONValue.integer) ?? .null }

    package static func strings(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
}

extension JSONValue {
    /// The value as text.
    ///
    /// - Parameter lineDepth: Containers nested less deep than this put each member on a line of its own, indented by
    ///   two spaces; deeper ones stay on one line, without spaces. An empty container is always `[]` or `{}`.
    package func text(lineDepth: Int) -> String {
        var output = ""
        self.write(to: &output, depth: 0, lineDepth: lineDepth)
        return output
    }

    private func write(to output: inout String, depth: Int, lineDepth: Int) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .integer(let value): output += String(value)
        case .number(let value): output += value.isFinite ? value.description : "null"
        case .string(let value): Self.write(value, to: &output)
        case .array(let elements):
            Self.writeContainer(elements, "[", "]", to: &output, depth: depth, lineDepth: lineDepth) {
                $0.write(to: &$1, depth: depth + 1, lineDepth: lineDepth)
            }
        case .object(let members):
            Self.writeContainer(members, "{", "}", to: &output, depth: depth, lineDepth: lineDepth) {
                (member, output) in
                Self.write(member.key, to: &output)
                output += depth < lineDepth ? ": " : ":"
                member.value.write(to: &output, depth: depth + 1, lineDepth: lineDepth)
            }
        }
    }

    private static func writeContainer<Element>(
        _ elements: [Element], _ open: String, _ close: String, to output: inout String, depth: Int, lineDepth: Int,
        writeElement: (Element, inout String) -> Void
    ) {
        output += open
        for (position, element) in elements.enumerated() {
            if position > 0 { output += "," }
            if depth < lineDepth { Self.breakLine(depth + 1, in: &output) }
            writeElement(element, &output)
        }
        if depth < lineDepth, !elements.isEmpty { Self.breakLine(depth, in: &output) }
        output += close
    }

    private static func breakLine(_ depth: Int, in output: inout String) {
        output += "\n"
        output += String(repeating: "  ", count: depth)
    }

    /// Escapes what RFC 8259 demands and nothing else: quotes, backslashes and control characters below U+0020.
    private static func write(_ string: String, to output: inout String) {
        output += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{8}": output += "\\b"
            case "\u{C}": output += "\\f"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
