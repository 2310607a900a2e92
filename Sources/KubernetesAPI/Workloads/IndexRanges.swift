/// Completion indexes as a job's status writes them: `0-2,5`. Kept as ranges, so that no text can ask for memory.
public struct IndexRanges: Hashable, Sendable {
    /// Ascending and apart from each other.
    public private(set) var ranges: [ClosedRange<Int>] = []

    public init() {}

    /// Parts that are no range are passed over: status is written by a controller, not by a user.
    public init(parsing text: String) {
        for part in text.split(separator: ",") {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { Int32($0) }
            guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, bounds.count <= 2,
                first >= 0, first <= last, Int(first) > self.ranges.last?.upperBound ?? -1
            else { continue }
            self.ranges.append(Int(first)...Int(last))
        }
    }

    public var count: Int { self.ranges.reduce(0) { $0 + $1.count } }

    public func contains(_ index: Int) -> Bool { self.range(containing: index) != nil }

    public func range(containing index: Int) -> ClosedRange<Int>? { self.ranges.first { $0.contains(index) } }
}
