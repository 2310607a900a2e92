/// How a table looks on the terminal it is printed to.
public struct TableStyle: Hashable, Sendable {
    /// True only where the reader is a terminal that wants colour; files and pipes get plain text.
    public var usesColour: Bool

    public init(usesColour: Bool = false) { self.usesColour = usesColour }

    func heading(_ text: String) -> String { self.wrapped(text, "1") }

    func good(_ text: String) -> String { self.wrapped(text, "32") }

    func warning(_ text: String) -> String { self.wrapped(text, "33") }

    func quiet(_ text: String) -> String { self.wrapped(text, "2") }

    private func wrapped(_ text: String, _ code: String) -> String {
        self.usesColour && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// Rows of cells in columns that are as wide as their widest cell, two spaces apart; no blanks at line ends.
struct AlignedColumns {
    var rows: [[String]] = []

    mutating func add(_ cells: String...) { self.rows.append(cells) }

    func lines(indentation: Int) -> [String] {
        var widths: [Int] = []
        for row in self.rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return self.rows.map { row in
            var line = String(repeating: " ", count: indentation)
            for (column, cell) in row.enumerated() {
                line += cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            let end = line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex
            return String(line[..<end])
        }
    }
}
