/// How much of each resource, sorted by name; what is not listed is zero.
///
/// `cpu` is in thousandths of a core; every other resource in its base unit (bytes, devices).
/// Sums saturate at `Int64.max`, so no input can make them trap.
public struct ResourceAmounts: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let name: ResourceName
        public var amount: Int64
    }

    /// Sorted by name, without zeros.
    public private(set) var entries: [Entry] = []

    public init() {}

    public init(_ amounts: [ResourceName: Int64]) {
        self.entries = amounts.filter { $0.value != 0 }.map(Entry.init(name:amount:)).sorted { $0.name < $1.name }
    }

    public var isEmpty: Bool { self.entries.isEmpty }

    public subscript(name: ResourceName) -> Int64 {
        get { self.entries.first { $0.name == name }?.amount ?? 0 }
        set {
            let position = self.entries.firstIndex { $0.name >= name } ?? self.entries.endIndex
            let isPresent = position < self.entries.endIndex && self.entries[position].name == name
            switch (isPresent, newValue) {
            case (true, 0): self.entries.remove(at: position)
            case (true, _): self.entries[position].amount = newValue
            case (false, 0): break
            case (false, _): self.entries.insert(Entry(name: name, amount: newValue), at: position)
            }
        }
    }

    public mutating func add(_ other: ResourceAmounts) {
        for entry in other.entries { self[entry.name] = self[entry.name].addingSaturated(entry.amount) }
    }

    public mutating func subtract(_ other: ResourceAmounts) {
        for entry in other.entries { self[entry.name] = self[entry.name].subtractingSaturated(entry.amount) }
    }

    /// Takes the larger amount of each resource.
    public mutating func formMaximum(_ other: ResourceAmounts) {
        for entry in other.entries { self[entry.name] = max(self[entry.name], entry.amount) }
    }
}

extension Int64 {
    /// The sum, or the nearest representable value.
    public func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = self.addingReportingOverflow(other)
        guard overflow else { return sum }
        return other < 0 ? .min : .max
    }

    /// The difference, or the nearest representable value.
    public func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = self.subtractingReportingOverflow(other)
        guard overflow else { return difference }
        return other < 0 ? .max : .min
    }
}
