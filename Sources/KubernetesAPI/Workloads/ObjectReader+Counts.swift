extension ObjectReader {
    /// A number of things: 0 to the largest the API's int32 holds. Everything else is reported and nil.
    public func count(_ key: String) -> Int? {
        guard let number = self.integer(key) else { return nil }
        guard (0...Int64(Int32.max)).contains(number) else {
            self.report(key, expected: "a whole number from 0 to \(Int32.max)")
            return nil
        }
        return Int(number)
    }

    /// Whether one of these condition types is `True` in `status.conditions`.
    func hasTrueCondition(_ types: Set<String>) -> Bool {
        let conditions = self.object("status")?.objects("conditions") ?? []
        return conditions.contains { condition in
            condition.string("status") == "True" && condition.string("type").map(types.contains) == true
        }
    }
}
