/// An amount as Kubernetes writes it: `2`, `500m`, `1.5Gi`, `1e3`.
///
/// Exact to billionths, away from zero below that, as the API server keeps it. Binary amounts above `Int64.max` are
/// capped there, also as the API server does; others are refused.
public struct Quantity: Hashable, Sendable, CustomStringConvertible {
    /// Which way an amount goes that is no whole number of the unit asked for.
    public enum Rounding: Hashable, Sendable {
        /// Towards more: what is asked for.
        case up
        /// Towards less: what there is to give.
        case down
    }

    /// As it was written.
    public let text: String
    /// Billionths. At most `Int64.max` × 10⁹ either way, so products with a small factor cannot overflow.
    let nanos: Int128

    init(text: String, nanos: Int128) {
        self.text = text
        self.nanos = nanos
    }

    /// - Throws: `QuantityError` for whatever Kubernetes would refuse, and for amounts too large to count with.
    public init(parsing text: String) throws(QuantityError) {
        var parser = QuantityParser(text)
        self.init(text: text, nanos: try parser.parse())
    }

    public static let zero = Quantity(text: "0", nanos: 0)

    /// A whole number of base units.
    public init(_ amount: Int64) { self.init(text: String(amount), nanos: Int128(amount) * Self.nanosPerUnit) }

    // MARK: Reading

    /// In base units: bytes, cores, devices.
    public func units(rounding: Rounding) -> Int64 { self.divided(by: Self.nanosPerUnit, rounding) }

    /// In thousandths of a unit; beyond `Int64` the nearest bound.
    public func thousandths(rounding: Rounding) -> Int64 { self.divided(by: Self.nanosPerUnit / 1000, rounding) }

    public var isNegative: Bool { self.nanos < 0 }
    public var isZero: Bool { self.nanos == 0 }
    /// Whether it is a whole number of base units, as amounts of extended resources have to be.
    public var isWholeNumber: Bool { self.nanos % Self.nanosPerUnit == 0 }

    public var description: String { self.text }

    private static let nanosPerUnit: Int128 = 1_000_000_000

    private func divided(by unit: Int128, _ rounding: Rounding) -> Int64 {
        let (quotient, remainder) = self.nanos.quotientAndRemainder(dividingBy: unit)
        let rounded =
            switch rounding {
            case .up: remainder > 0 ? quotient + 1 : quotient
            case .down: remainder < 0 ? quotient - 1 : quotient
            }
        return Int64(clamping: rounded)
    }
}

extension Quantity: Comparable {
    /// By amount; `1000m` and `1` are neither before the other, and not equal, for they are written differently.
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.nanos < rhs.nanos }
}

/// Why a text is not a quantity.
public struct QuantityError: Error, Hashable, Sendable {
    public enum Code: Hashable, Sendable {
        case empty, notANumber, unknownSuffix, tooLarge
    }

    public let code: Code

    /// What would have been right, to stand behind "expected".
    public var expected: String {
        switch self.code {
        case .empty, .notANumber: "a quantity such as 2, 500m or 1.5Gi"
        case .unknownSuffix: "a quantity ending in n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or an exponent"
        case .tooLarge: "a quantity of at most \(Int64.max)"
        }
    }
}
