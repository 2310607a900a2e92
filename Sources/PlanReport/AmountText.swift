import SchedulingModel

/// Amounts as Kubernetes people write them: cores or `m`, binary units for bytes, plain counts for devices.
enum AmountText {
    /// - Parameter amount: In the resource's unit: thousandths of a core, bytes, devices.
    static func amount(_ amount: Int64, of resource: ResourceName) -> String {
        if resource == .cpu { return Self.cores(millis: amount) }
        let isBytes =
            resource == .memory || resource == .ephemeralStorage || resource.rawValue.hasPrefix("hugepages-")
        return isBytes ? Self.bytes(amount) : String(amount)
    }

    /// `1500m`, or `2` for whole cores.
    static func cores(millis: Int64) -> String {
        millis % 1000 == 0 ? String(millis / 1000) : "\(millis)m"
    }

    /// The largest binary unit in which the amount is at least 1; one decimal, cut off, where it is not whole.
    static func bytes(_ bytes: Int64) -> String {
        let units: [(suffix: String, size: Int64)] = [
            ("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10),
        ]
        guard let unit = units.first(where: { bytes.magnitude >= $0.size.magnitude }) else { return String(bytes) }
        let (whole, rest) = bytes.quotientAndRemainder(dividingBy: unit.size)
        let tenths = rest.magnitude / (unit.size.magnitude / 10)
        let decimal = tenths == 0 ? "" : ".\(min(9, tenths))"
        return "\(whole)\(decimal)\(unit.suffix)"
    }

    /// Seconds with three significant digits and a unit that suits them: `8.90 ms`, `1.25 s`, `412 µs`.
    static func seconds(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "unknown" }
        if seconds >= 1 { return Self.threeDigits(seconds) + " s" }
        if seconds >= 1e-3 { return Self.threeDigits(seconds * 1e3) + " ms" }
        return Self.threeDigits(seconds * 1e6) + " µs"
    }

    /// A number with one decimal: `0.5`, `12.0`. Rounded half away from zero.
    static func oneDecimal(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "unknown" }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
    }

    private static func threeDigits(_ value: Double) -> String {
        if value >= 99.95 { return String(Int64(value.rounded())) }
        let scale: Int64 = value >= 9.995 ? 10 : 100
        let scaled = Int64((value * Double(scale)).rounded())
        let decimals = String(scaled % scale)
        let width = scale == 10 ? 1 : 2
        return "\(scaled / scale)." + String(repeating: "0", count: width - decimals.count) + decimals
    }

    /// `1 node`, `3 nodes`.
    static func count(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }

    /// `one`, `one and two`, `one, two and 3 more`.
    ///
    /// - Parameter limit: How many are named at most.
    static func list(_ items: [String], limit: Int = 4) -> String {
        guard items.count > 1 else { return items.first ?? "nothing" }
        if items.count <= limit {
            return items.dropLast().joined(separator: ", ") + " and " + items[items.count - 1]
        }
        return items.prefix(limit).joined(separator: ", ") + " and \(items.count - limit) more"
    }
}
