/// A collection that is being written.
struct YAMLFrame {
    enum Kind { case sequence, mapping }

    /// What comes next in a mapping. A sequence only ever has values.
    private enum Place { case key, value, mergeValue }

    let kind: Kind
    /// Where its bracket stands in the output.
    let start: Int
    let anchor: String?
    private(set) var memberCount = 0
    /// The mappings behind `<<`, first one first, as JSON.
    private(set) var merged: [[UInt8]] = []
    private var place: Place

    init(kind: Kind, start: Int, anchor: String?) {
        self.kind = kind
        self.start = start
        self.anchor = anchor
        self.place = kind == .mapping ? .key : .value
    }

    var expectsKey: Bool { self.place == .key }
    var isMergeValue: Bool { self.place == .mergeValue }

    mutating func startMember() {
        self.memberCount += 1
        self.place = .value
    }

    mutating func startMerge() { self.place = .mergeValue }

    mutating func endValue() {
        switch self.kind {
        case .mapping: self.place = .key
        case .sequence: self.memberCount += 1
        }
    }

    /// - Parameter json: A mapping, or a sequence of mappings.
    mutating func endMerge(_ json: [UInt8], line: Int) throws(YAMLError) {
        let mappings = json.first == UInt8(ascii: "[") ? WrittenJSON.elements(of: json).map(Array.init) : [json]
        guard mappings.allSatisfy({ $0.first == UInt8(ascii: "{") }) else {
            throw YAMLError(line: line, found: "something else", expected: "a mapping, or a list of them, behind <<")
        }
        self.merged += mappings
        self.place = .key
    }
}
