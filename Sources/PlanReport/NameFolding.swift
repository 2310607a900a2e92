/// Writes many alike names as few: `nb-0`, `nb-1`, `nb-2` become `nb-{0..2}`, as a shell would expand them.
enum NameFolding {
    /// - Parameter names: In any order.
    /// - Returns: In the order of the first name of each run; names that end in numbers are ordered by number.
    static func fold(_ names: [String]) -> [String] {
        var folded: [String] = []
        var run: (first: Numbered, last: Numbered)?
        for name in names.map(Numbered.init).sorted() {
            if let current = run, current.last.isFollowed(by: name) {
                run = (current.first, name)
                continue
            }
            if let current = run { folded.append(Self.text(current.first, current.last)) }
            run = (name, name)
        }
        if let current = run { folded.append(Self.text(current.first, current.last)) }
        return folded
    }

    /// The names as one piece of text, and how many there are where that is not plain to see.
    static func text(_ names: [String], limit: Int = 4) -> String {
        let folded = Self.fold(names)
        let list = folded.count <= limit ? folded.joined(separator: ", ") : AmountText.list(folded, limit: limit - 1)
        return names.count == 1 ? list : "\(list) (\(names.count) pods)"
    }

    /// Two neighbours are listed, three or more become a range.
    private static func text(_ first: Numbered, _ last: Numbered) -> String {
        guard let low = first.number, let high = last.number, high > low else { return first.name }
        if high == low + 1 { return "\(first.name), \(last.name)" }
        return "\(first.prefix){\(first.digits)..\(last.digits)}\(first.suffix)"
    }

    /// A name, split around the digits that end its first dotted part: node names end in a domain.
    private struct Numbered: Comparable {
        let name: String
        let prefix: Substring
        let digits: Substring
        let suffix: Substring
        /// Nil where the name has no number, or one that is too long to count with.
        let number: Int64?

        init(_ name: String) {
            self.name = name
            let label = name.prefix { $0 != "." }
            let digitCount = label.reversed().prefix { ("0"..."9").contains($0) }.count
            self.prefix = label.dropLast(digitCount)
            self.digits = label.suffix(digitCount)
            self.suffix = name[label.endIndex...]
            self.number = digitCount <= 15 ? Int64(self.digits) : nil
        }

        /// Names with leading zeros follow each other only at one width, as in a shell's range.
        func isFollowed(by next: Numbered) -> Bool {
            guard let number, let following = next.number, following == number + 1 else { return false }
            let isPadded = self.digits.first == "0" || next.digits.first == "0"
            return self.prefix == next.prefix && self.suffix == next.suffix
                && (!isPadded || self.digits.count == next.digits.count)
        }

        static func < (lhs: Self, rhs: Self) -> Bool {
            if lhs.prefix != rhs.prefix { return lhs.prefix < rhs.prefix }
            if lhs.suffix != rhs.suffix { return lhs.suffix < rhs.suffix }
            if let left = lhs.number, let right = rhs.number, left != right { return left < right }
            return lhs.name < rhs.name
        }
    }
}
