/// One call of a query API (EC2, STS, Auto Scaling): a form that is posted to `/`.
struct AWSQuery: Sendable {
    private var parameters: [(key: String, value: String)]

    init(_ action: String, version: String, _ parameters: [(key: String, value: String)]) {
        self.parameters = [("Action", action), ("Version", version)] + parameters
    }

    static let contentType = "application/x-www-form-urlencoded; charset=utf-8"

    /// `application/x-www-form-urlencoded`.
    var body: [UInt8] {
        Array(
            self.parameters.map { "\(AWSPercentEncoding.encode($0.key))=\(AWSPercentEncoding.encode($0.value))" }
                .joined(separator: "&").utf8)
    }
}

/// RFC 3986: all but the unreserved characters, as the signatures of AWS want it.
enum AWSPercentEncoding {
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { output, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                output += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}
