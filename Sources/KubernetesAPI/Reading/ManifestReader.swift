/// Turns the bytes of a file into Kubernetes objects.
///
/// A file holds any number of documents, divided by `---` lines. A document that begins with `{` or `[` is JSON, or
/// several JSON values in a row (JSON lines); one that is not JSON after all is tried as YAML, whose flow style looks
/// alike. Everything else is YAML, which is turned into JSON first, so that one reader serves both. A document that
/// cannot be read becomes a finding and does not touch the others; nor does a value among JSON lines.
public enum ManifestReader {
    /// Larger YAML documents are refused: JSON of that size is read many times faster and in a third of the memory.
    public static let maximumYAMLBytes = 64 << 20

    /// Among JSON lines. Each costs a look at the rest of the file, in which a bracket may be missing.
    static let maximumFailures = 100

    /// - Parameter file: The name that findings will carry; `-` for standard input.
    /// - Complexity: O(*n*). Memory beside the bytes: one copy while parsing, then about half of *n* for JSON.
    public static func read(_ bytes: UnsafeRawBufferPointer, file: String) -> ManifestContents {
        self.read(bytes, file: file, maximumYAMLBytes: self.maximumYAMLBytes)
    }

    /// - Parameter maximumYAMLBytes: Smaller in tests.
    static func read(_ bytes: UnsafeRawBufferPointer, file: String, maximumYAMLBytes: Int) -> ManifestContents {
        var reading = ManifestReading(bytes: bytes, file: file, maximumYAMLBytes: maximumYAMLBytes)
        reading.run()
        return reading.finish()
    }

    public static func read(_ bytes: [UInt8], file: String) -> ManifestContents {
        bytes.withUnsafeBytes { self.read($0, file: file) }
    }

    /// The objects of a document that is parsed already: itself, or the items of a list.
    public static func objects(of document: JSONDocument, file: String) -> ManifestContents {
        var contents = ManifestContents()
        ObjectCollector.collect(document.root, origin: ManifestOrigin(file: file), into: &contents)
        contents.finish(file: file)
        return contents
    }

    public static func read(_ text: String, file: String) -> ManifestContents {
        var text = text
        return text.withUTF8 { self.read(UnsafeRawBufferPointer($0), file: file) }
    }
}

/// One file on its way from bytes to objects.
private struct ManifestReading {
    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private let maximumYAMLBytes: Int
    private var contents = ManifestContents()
    private var documentCount = 0
    private var aliasBudget = YAMLToJSON.aliasBudget
    private var lastLine = (offset: 0, line: 1)

    init(bytes: UnsafeRawBufferPointer, file: String, maximumYAMLBytes: Int) {
        let hasByteOrderMark = bytes.starts(with: [0xef, 0xbb, 0xbf])
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(hasByteOrderMark ? 3 : 0))
        self.file = file
        self.maximumYAMLBytes = maximumYAMLBytes
    }

    mutating func run() {
        if self.bytes.starts(with: [0xff, 0xfe]) || self.bytes.starts(with: [0xfe, 0xff]) {
            return self.refuse(found: "UTF-16", expected: "UTF-8")
        }
        guard let start = DocumentSplitter.contentStart(of: 0..<self.bytes.count, in: self.bytes) else { return }
        // The usual case, and the only one for large files: all of it is one JSON value.
        if self.looksLikeJSON(start), let document = try? JSONDocument(parsing: self.bytes.slice(from: start)) {
            return self.take(document)
        }
        DocumentSplitter.forEachDocument(in: self.bytes) { self.readDocument($0) }
    }

    mutating func finish() -> ManifestContents {
        if self.documentCount == 0, self.contents.findings.isEmpty {
            let origin = ManifestOrigin(file: self.file)
            self.contents.append(Finding(.warning, origin: origin, found: "no content", expected: "Kubernetes objects"))
        }
        self.contents.finish(file: self.file)
        return self.contents
    }

    private func looksLikeJSON(_ position: Int) -> Bool {
        self.bytes[position] == UInt8(ascii: "{") || self.bytes[position] == UInt8(ascii: "[")
    }

    private mutating func readDocument(_ range: Range<Int>) {
        guard let start = DocumentSplitter.contentStart(of: range, in: self.bytes) else { return }
        if self.looksLikeJSON(start) {
            self.readJSON(start..<range.upperBound, document: range)
        } else {
            self.readYAML(range)
        }
    }

    private var origin: ManifestOrigin { ManifestOrigin(file: self.file, documentIndex: self.documentCount) }

    // MARK: JSON

    /// Reads values in a row. Where one is no JSON, YAML gets a try at the whole document; where that fails too, reading goes
    /// on at the next line that begins with a bracket.
    private mutating func readJSON(_ range: Range<Int>, document: Range<Int>) {
        let before = (self.contents, self.documentCount)
        var failureCount = 0
        var rest = range
        while let value = DocumentSplitter.nextJSONValue(in: self.bytes, range: rest) {
            rest = value.upperBound..<range.upperBound
            switch self.parse(self.bytes.slice(value)) {
            case .success(let document): self.take(document)
            case .failure(let error):
                if failureCount == 0, let documents = self.convertWhole(document) {
                    (self.contents, self.documentCount) = before
                    return documents.forEach { self.take($0, at: document.lowerBound) }
                }
                failureCount += 1
                self.refuse(error, at: value.lowerBound)
                self.documentCount += 1
                guard failureCount < ManifestReader.maximumFailures else {
                    let expected = "JSON; the rest is not read"
                    return self.refuse(found: "too many values that are no JSON", expected: expected)
                }
                let place = value.lowerBound + (error.offset ?? value.count)
                rest = DocumentSplitter.nextBracketLine(in: self.bytes, range: place..<range.upperBound)
            }
        }
    }

    /// All of a document read as YAML; nil where it is none, or too large to try.
    private mutating func convertWhole(_ document: Range<Int>) -> [YAMLToJSON.Document]? {
        guard document.count <= self.maximumYAMLBytes else { return nil }
        let (documents, error) = YAMLToJSON.convert(self.bytes.slice(document), budget: &self.aliasBudget)
        return error == nil ? documents : nil
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) -> Result<JSONDocument, JSONSyntaxError> {
        Result { () throws(JSONSyntaxError) in try JSONDocument(parsing: bytes) }
    }

    private mutating func take(_ document: JSONDocument) {
        ObjectCollector.collect(document.root, origin: self.origin, into: &self.contents)
        self.documentCount += 1
    }

    // MARK: YAML

    private mutating func readYAML(_ range: Range<Int>) {
        guard range.count <= self.maximumYAMLBytes else {
            let limit = self.maximumYAMLBytes >> 20
            self.refuse(
                found: "a YAML document of \(range.count >> 20) MiB at line \(self.line(of: range.lowerBound))",
                expected: "at most \(limit) MiB of YAML; pass JSON instead (kubectl get -o json)")
            self.documentCount += 1
            return
        }
        let (documents, error) = YAMLToJSON.convert(self.bytes.slice(range), budget: &self.aliasBudget)
        documents.forEach { self.take($0, at: range.lowerBound) }
        guard let error else { return }
        self.refuse(error, at: range.lowerBound)
        self.documentCount += 1
    }

    private mutating func take(_ document: YAMLToJSON.Document, at start: Int) {
        for finding in document.findings { self.refuse(finding, at: start) }
        switch document.json.withUnsafeBytes(self.parse) {
        case .success(let json): self.take(json)
        case .failure(let error):
            self.refuse(found: "\(error.found) once aliases are written out", expected: error.expected)
            self.documentCount += 1
        }
    }

    // MARK: Findings

    private mutating func refuse(found: String, expected: String) {
        self.contents.refuse(self.origin, found: found, expected: expected)
    }

    private mutating func refuse(_ error: JSONSyntaxError, at start: Int) {
        guard let offset = error.offset else { return self.refuse(found: error.found, expected: error.expected) }
        let place = "at line \(self.line(of: start + offset)) (byte \(start + offset))"
        self.refuse(found: "\(error.found) \(place)", expected: error.expected)
    }

    private mutating func refuse(_ error: YAMLError, at start: Int) {
        let line = self.line(of: start) + error.line - 1
        self.refuse(found: "\(error.found) at line \(line)", expected: error.expected)
    }

    /// From 1. Counted on from the last place asked for, so that findings in the order of the file cost one pass.
    private mutating func line(of offset: Int) -> Int {
        if offset < self.lastLine.offset { self.lastLine = (0, 1) }
        self.lastLine.line += self.bytes[self.lastLine.offset..<offset].count { $0 == 0x0a }
        self.lastLine.offset = offset
        return self.lastLine.line
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }

    fileprivate func slice(from start: Int) -> UnsafeRawBufferPointer { self.slice(start..<self.count) }
}
