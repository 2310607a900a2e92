import KubernetesAPI

/// Quantities as the server writes them: in whole numbers with the largest suffix of their own kind that allows it.
enum CanonicalQuantity {
    private static let decimal = ["", "k", "M", "G", "T", "P", "E"]
    private static let binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

    /// Nil for what is no quantity.
    static func text(_ amount: JSONTree) -> String? {
        let written: String
        switch amount {
        case .string(let text): written = text
        case .integer(let integer): written = String(integer)
        case .number(let number): written = "\(number)"
        case .null, .boolean, .array, .object: return nil
        }
        guard let quantity = try? Quantity(parsing: written) else { return nil }
        // With an exponent it stays as it was.
        if written.contains(where: { $0 == "e" || $0 == "E" }), !written.hasSuffix("E"), !written.hasSuffix("Ei") {
            return written
        }
        let thousandths = quantity.thousandths(rounding: .up)
        guard thousandths == quantity.thousandths(rounding: .down) else { return written }
        guard thousandths % 1000 == 0 else { return "\(thousandths)m" }
        let units = thousandths / 1000
        let isBinary = written.hasSuffix("i") && units.magnitude >= 1024
        return Self.shortened(units, base: isBinary ? 1024 : 1000, isBinary ? Self.binary : Self.decimal)
    }

    private static func shortened(_ units: Int64, base: Int64, _ suffixes: [String]) -> String {
        var (left, power) = (units, 0)
        while left != 0, left % base == 0, power < suffixes.count - 1 {
            left /= base
            power += 1
        }
        return "\(left)\(suffixes[power])"
    }
}
