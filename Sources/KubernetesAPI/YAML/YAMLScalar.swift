import FoundationEssentials

/// What a YAML scalar means, by the rules of the YAML reader that kubectl uses (goyaml.v2 within sigs.k8s.io/yaml).
///
/// These are YAML 1.1's rules with that reader's choices: `y`, `yes`, `on`, `n`, `no`, `off` are booleans too, `017` is
/// octal, digits may be grouped with `_`, there are no base-60 numbers, and a date is a string.
enum YAMLScalar: Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// Above `Int64.max`.
    case unsigned(UInt64)
    /// Always finite.
    case number(Double)
    case string(String)
    /// `.nan`, `.inf` and so on, as written: JSON has no word for them.
    case notFinite(String)

    /// - Parameters:
    ///   - isPlain: Written without quotes and not as a block.
    ///   - tag: In its long form; nil where none was written.
    /// - Returns: Nil where the text is not what the tag says.
    init?(_ text: String, isPlain: Bool, tag: String?) {
        switch tag {
        case nil:
            self = isPlain ? Self.resolve(text) : .string(text)
        case "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float":
            let resolved = Self.resolve(text)
            guard resolved.fits(tag) else { return nil }
            self = resolved
        case "tag:yaml.org,2002:binary":
            guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters),
                let decoded = String(validating: data, as: UTF8.self)
            else { return nil }
            self = .string(decoded)
        default:
            self = .string(text)
        }
    }

    private func fits(_ tag: String?) -> Bool {
        switch self {
        case .null: tag == "tag:yaml.org,2002:null"
        case .boolean: tag == "tag:yaml.org,2002:bool"
        case .integer, .unsigned: tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float"
        case .number, .notFinite: tag == "tag:yaml.org,2002:float"
        case .string: false
        }
    }

    private static func resolve(_ text: String) -> YAMLScalar {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": return .boolean(true)
        case "false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF": return .boolean(false)
        case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
            return .notFinite(text)
        default: return self.resolveNumber(text) ?? .string(text)
        }
    }

    private static func resolveNumber(_ text: String) -> YAMLScalar? {
        guard let first = text.utf8.first, self.startsNumber(first) else { return nil }
        let plain = text.utf8.contains(UInt8(ascii: "_")) ? text.filter { $0 != "_" } : text
        if let integer = self.integer(plain) { return integer }
        guard self.isDecimal(plain), let number = Double(plain), number.isFinite else { return nil }
        return .number(number)
    }

    private static func startsNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// Decimal, `0x`, `0o`, `0b`, or octal after a leading 0, with an optional sign.
    private static func integer(_ text: String) -> YAMLScalar? {
        var digits = Substring(text)
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits = digits.dropFirst() }
        let radix = self.takeRadix(&digits)
        // Int's own initialiser would accept a second sign.
        guard digits.first != "-", digits.first != "+", let magnitude = UInt64(digits, radix: radix) else { return nil }
        if !isNegative { return Int64(exactly: magnitude).map(Self.integer) ?? .unsigned(magnitude) }
        guard magnitude <= UInt64(Int64.max) + 1 else { return nil }
        return .integer(Int64(truncatingIfNeeded: 0 &- magnitude))
    }

    private static func takeRadix(_ digits: inout Substring) -> Int {
        guard digits.first == "0", digits.count > 1 else { return 10 }
        let radix =
            switch digits.dropFirst().first {
            case "x", "X": 16
            case "o", "O": 8
            case "b", "B": 2
            default: 0
            }
        digits = digits.dropFirst(radix == 0 ? 1 : 2)
        return radix == 0 ? 8 : radix
    }

    /// `[-+]? ( .digits | digits [.digits] ) [ e [-+] digits ]`; Swift's own reader also takes hexadecimals and words.
    private static func isDecimal(_ text: String) -> Bool {
        var rest = Substring(text)
        if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
        let isDigit = { (character: Character) in ("0"..."9").contains(character) && character.utf8.count == 1 }
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction: Substring = ""
        if rest.first == "." {
            fraction = rest.dropFirst().prefix(while: isDigit)
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !(whole.isEmpty && fraction.isEmpty) else { return false }
        guard rest.first == "e" || rest.first == "E" else { return rest.isEmpty }
        rest = rest.dropFirst()
        if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }
}
