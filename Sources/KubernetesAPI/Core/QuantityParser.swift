/// Reads `[+-] digits [. digits] suffix` into billionths.
///
/// The rules are those of `resource.ParseQuantity`: `.5` and `5.` are numbers, `E` alone is exa while `E3` is an
/// exponent, and there is no upper-case `K`.
struct QuantityParser {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) { self.rest = ArraySlice(text.utf8) }

    mutating func parse() throws(QuantityError) -> Int128 {
        guard !self.rest.isEmpty else { throw QuantityError(code: .empty) }
        let isNegative = self.skip(UInt8(ascii: "-"))
        if !isNegative { _ = self.skip(UInt8(ascii: "+")) }
        let whole = self.takeDigits()
        let fraction = self.skip(UInt8(ascii: ".")) ? self.takeDigits() : []
        guard !(whole.isEmpty && fraction.isEmpty) else { throw QuantityError(code: .notANumber) }
        let suffix = String(decoding: self.rest, as: UTF8.self)
        guard let scale = Scale(suffix: suffix) else { throw QuantityError(code: .unknownSuffix) }
        let magnitude =
            switch scale {
            case .decimal(let exponent): Self.decimal(whole, fraction, exponent: exponent)
            case .binary(let shift): Self.binary(whole, fraction, shift: shift)
            }
        guard let magnitude else { throw QuantityError(code: .tooLarge) }
        return isNegative ? -magnitude : magnitude
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard self.rest.first == byte else { return false }
        self.rest.removeFirst()
        return true
    }

    private mutating func takeDigits() -> ArraySlice<UInt8> {
        let digits = self.rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        self.rest = self.rest[digits.endIndex...]
        return digits
    }

    // MARK: Amounts

    private static let maximum = Int128(Int64.max) * 1_000_000_000

    /// `whole.fraction × 10^exponent` in billionths, rounded up; nil above the maximum.
    ///
    /// - Complexity: O(digits). An exponent of any size costs nothing.
    private static func decimal(_ whole: ArraySlice<UInt8>, _ fraction: ArraySlice<UInt8>, exponent: Int) -> Int128? {
        let digits = (Array(whole) + fraction).drop { $0 == UInt8(ascii: "0") }
        guard !digits.isEmpty else { return 0 }
        // How many digits stand before the point once the number is written in billionths.
        let leadingZeros = whole.count + fraction.count - digits.count
        let (shifted, overflow) = exponent.addingReportingOverflow(9 + whole.count - leadingZeros)
        if overflow { return nil }
        if shifted <= 0 { return 1 }
        if shifted > 28 { return nil }
        var value: Int128 = 0
        for place in 0..<shifted {
            let digit = place < digits.count ? digits[digits.startIndex + place] - UInt8(ascii: "0") : 0
            value = value * 10 + Int128(digit)
        }
        if digits.dropFirst(shifted).contains(where: { $0 != UInt8(ascii: "0") }) { value += 1 }
        return value <= self.maximum ? value : nil
    }

    /// `whole.fraction × 2^shift` in billionths, rounded up and capped at the maximum. Exact for fractions of up to 28
    /// digits; what lies behind them only rounds up.
    private static func binary(_ whole: ArraySlice<UInt8>, _ fraction: ArraySlice<UInt8>, shift: Int) -> Int128? {
        guard let units = self.decimal(whole, [], exponent: 0).map({ $0 / 1_000_000_000 }),
            units <= Int128(Int64.max) >> Int128(shift)
        else { return self.maximum }
        let kept = fraction.prefix(28)
        var numerator: UInt128 = 0
        var denominator: UInt128 = 1
        for digit in kept {
            numerator = numerator * 10 + UInt128(digit - UInt8(ascii: "0"))
            denominator *= 10
        }
        let isCut = fraction.dropFirst(28).contains { $0 != UInt8(ascii: "0") }
        // Below 10^28 · 2^60 · 10^9, which needs more than 128 bits.
        let product = (numerator << UInt128(shift / 2)).multipliedFullWidth(
            by: (UInt128(1) << UInt128(shift - shift / 2)) * 1_000_000_000)
        let (quotient, remainder) = denominator.dividingFullWidth(product)
        let nanos = (Int128(units) << Int128(shift)) * 1_000_000_000 + Int128(quotient)
        return min(remainder > 0 || isCut ? nanos + 1 : nanos, self.maximum)
    }
}

/// What a suffix multiplies by.
private enum Scale {
    /// A power of ten.
    case decimal(Int)
    /// A power of two, 10 to 60.
    case binary(Int)

    init?(suffix: String) {
        switch suffix {
        case "n": self = .decimal(-9)
        case "u": self = .decimal(-6)
        case "m": self = .decimal(-3)
        case "": self = .decimal(0)
        case "k": self = .decimal(3)
        case "M": self = .decimal(6)
        case "G": self = .decimal(9)
        case "T": self = .decimal(12)
        case "P": self = .decimal(15)
        case "E": self = .decimal(18)
        case "Ki": self = .binary(10)
        case "Mi": self = .binary(20)
        case "Gi": self = .binary(30)
        case "Ti": self = .binary(40)
        case "Pi": self = .binary(50)
        case "Ei": self = .binary(60)
        default:
            guard suffix.first == "e" || suffix.first == "E", let exponent = Int(suffix.dropFirst()) else { return nil }
            self = .decimal(exponent)
        }
    }
}
