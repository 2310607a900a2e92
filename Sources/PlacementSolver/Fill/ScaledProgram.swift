/// A `LinearProgram` with rows and columns scaled so that their largest entries are near one, and its step sizes.
struct ScaledProgram {
    let starts: [Int32]
    let rows: [Int32]
    let entries: [Float]
    let limits: [Float]
    let values: [Float]
    let rowScale: [Float]
    let columnScale: [Float]
    let columnStep: [Float]
    let rowStep: [Float]

    var rowCount: Int { self.limits.count }
    var columnCount: Int { self.values.count }

    init(_ program: LinearProgram) {
        let (rowScale, columnScale) = Self.equilibrated(program)
        var entries = program.coefficients
        var columnSum = [Float](repeating: 0, count: program.columnCount)
        var rowSum = [Float](repeating: 0, count: program.rowCount)
        for column in 0..<program.columnCount {
            for position in Int(program.starts[column])..<Int(program.starts[column + 1]) {
                let row = Int(program.rows[position])
                entries[position] *= rowScale[row] * columnScale[column]
                columnSum[column] += entries[position]
                rowSum[row] += entries[position]
            }
        }
        self.starts = program.starts
        self.rows = program.rows
        self.entries = entries
        self.limits = zip(program.limits, rowScale).map { Float($0) * $1 }
        self.values = zip(program.values, columnScale).map { Float($0) * $1 }
        self.rowScale = rowScale
        self.columnScale = columnScale
        self.columnStep = columnSum.map { $0 > 0 ? 1 / $0 : 1 }
        self.rowStep = rowSum.map { $0 > 0 ? 1 / $0 : 1 }
    }

    /// Factors that bring the largest entry of each row and column near one.
    private static func equilibrated(_ program: LinearProgram) -> (row: [Float], column: [Float]) {
        var row = [Float](repeating: 1, count: program.rowCount)
        var column = [Float](repeating: 1, count: program.columnCount)
        for _ in 0..<4 {
            var rowMost = [Float](repeating: 0, count: program.rowCount)
            var columnMost = [Float](repeating: 0, count: program.columnCount)
            for index in 0..<program.columnCount {
                for position in Int(program.starts[index])..<Int(program.starts[index + 1]) {
                    let entryRow = Int(program.rows[position])
                    let entry = program.coefficients[position] * row[entryRow] * column[index]
                    rowMost[entryRow] = max(rowMost[entryRow], entry)
                    columnMost[index] = max(columnMost[index], entry)
                }
            }
            for index in row.indices where rowMost[index] > 0 { row[index] /= rowMost[index].squareRoot() }
            for index in column.indices where columnMost[index] > 0 { column[index] /= columnMost[index].squareRoot() }
        }
        return (row, column)
    }
}
