/// A table of plain comma-separated values with a header, as the openb trace has them: no quotes, no escapes.
struct TraceTable {
    let file: String
    private let columns: [Substring]
    /// The fields of each row, as many as there are columns.
    private let rows: [[Substring]]

    var rowCount: Int { self.rows.count }

    init(file: String, text: String) throws(TraceError) {
        let lines = text.split(whereSeparator: \.isNewline)
        guard let header = lines.first else {
            throw TraceError(file: file, line: 1, field: nil, found: "an empty file", expected: "a header and rows")
        }
        let columns = header.split(separator: ",", omittingEmptySubsequences: false)
        var rows: [[Substring]] = []
        for (index, line) in lines.dropFirst().enumerated() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == columns.count else {
                throw TraceError(
                    file: file, line: index + 2, field: nil, found: "\(fields.count) fields",
                    expected: "\(columns.count), as in the header")
            }
            rows.append(fields)
        }
        self.file = file
        self.columns = columns
        self.rows = rows
    }

    func hasColumn(_ name: String) -> Bool { self.columns.contains { $0 == name } }

    func text(_ name: String, row: Int) throws(TraceError) -> String {
        guard let column = self.columns.firstIndex(where: { $0 == name }) else {
            throw TraceError(
                file: self.file, line: 1, field: name, found: "columns \(self.columns.joined(separator: ", "))",
                expected: "a column of this name")
        }
        return String(self.rows[row][column])
    }

    func number(_ name: String, row: Int, in range: ClosedRange<Int> = 0...Int(Int32.max)) throws(TraceError) -> Int {
        let text = try self.text(name, row: row)
        guard let number = Int(text), range.contains(number) else {
            throw TraceError(
                file: self.file, line: row + 2, field: name, found: "'\(text)'",
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// What is wrong with a trace file, and where.
public struct TraceError: Error, Hashable, Sendable, CustomStringConvertible {
    public let file: String
    /// Counted from 1.
    public let line: Int
    public let field: String?
    public let found: String
    public let expected: String

    public var description: String {
        let place = "\(self.file), line \(self.line)" + (self.field.map { ", \($0)" } ?? "")
        return "\(place): found \(self.found), expected \(self.expected)"
    }
}
