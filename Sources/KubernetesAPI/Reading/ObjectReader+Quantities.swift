extension ObjectReader {
    /// A quantity, written as a string or, as some clients do, as a number.
    public func quantity(_ key: String) -> Quantity? { self.field(key).flatMap(self.quantity(from:)) }

    /// Quantities by name, as in `limits` and `allocatable`; bad ones are reported and left out, null is zero.
    public func quantities(_ key: String) -> [String: Quantity] {
        self.map(key) { $0.isNull ? Quantity.zero : self.quantity(from: $0) }
    }

    private func quantity(from value: JSONValue) -> Quantity? {
        guard let text = value.string ?? value.integer.map(String.init) ?? value.number.map({ "\($0)" }) else {
            return self.refuse(value, expected: "a quantity such as 2, 500m or 1.5Gi")
        }
        do {
            return try Quantity(parsing: text)
        } catch {
            return self.refuse(value, expected: error.expected)
        }
    }
}
