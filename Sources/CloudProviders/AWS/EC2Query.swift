/// One call of the EC2 query API, and what of its XML answers is read.
struct EC2Query {
    private var parameters: [(key: String, value: String)]

    init(_ action: String, _ parameters: [(key: String, value: String)]) {
        self.parameters = [("Action", action), ("Version", "2016-11-15")] + parameters
    }

    /// `application/x-www-form-urlencoded`.
    var body: [UInt8] {
        Array(self.parameters.map { "\(Self.encoded($0.key))=\(Self.encoded($0.value))" }.joined(separator: "&").utf8)
    }

    private static func encoded(_ text: String) -> String {
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

    /// What stands inside each element of this name, in order; the element must not hold another of its name.
    ///
    /// Enough for ids and error codes, which contain no entities; it is no XML parser.
    static func texts(of element: String, in xml: String) -> [String] {
        var (found, rest) = ([String](), xml[...])
        let (opening, closing) = ("<\(element)>", "</\(element)>")
        while let start = rest.firstRange(of: opening), let end = rest[start.upperBound...].firstRange(of: closing) {
            found.append(String(rest[start.upperBound..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        return found
    }

    /// Our code for an error code of EC2.
    static func code(ofError code: String) -> NodePoolError.Code {
        switch code {
        case "InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientReservedInstanceCapacity",
            "SpotMaxPriceTooLow", "UnfulfillableCapacity", "Unsupported", "InsufficientFreeAddressesInSubnet":
            .noCapacity
        case "MaxSpotInstanceCountExceeded", "VcpuLimitExceeded", "InstanceLimitExceeded": .quota
        case "RequestLimitExceeded", "Throttling", "ThrottlingException": .throttled
        case "UnauthorizedOperation", "AuthFailure", "OptInRequired", "SignatureDoesNotMatch", "ExpiredToken",
            "InvalidClientTokenId", "RequestExpired":
            .denied
        case "InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable": .transient
        default: .invalid
        }
    }
}
