/// Writes YAML documents as JSON, as kubectl does before anything looks at them.
///
/// Anchors and aliases are written out, merge keys (`<<`) are applied, keys become strings. Nothing here recurses:
/// open collections are a list of frames, so nesting costs no stack.
struct YAMLToJSON {
    struct Document {
        /// One JSON value.
        let json: [UInt8]
        /// What could not be said in JSON and was written as a string instead.
        let findings: [YAMLError]
    }

    /// What aliases may add to the documents of one file, in bytes. A few lines must not fill the memory.
    static let aliasBudget = 128 << 20

    private var writer = JSONWriter()
    private var frames: [YAMLFrame] = []
    private var anchors: [String: YAMLAnchor] = [:]
    private var findings: [YAMLError] = []
    /// How many bytes may still be copied for anchors, aliases and merge keys.
    private var budget: Int

    private init(budget: Int) { self.budget = budget }

    /// - Parameter budget: What is left of `aliasBudget` for this file; what was used is taken off.
    /// - Returns: The documents up to the end or the first error, and that error.
    static func convert(
        _ bytes: UnsafeRawBufferPointer, budget: inout Int
    ) -> (documents: [Document], error: YAMLError?) {
        var documents: [Document] = []
        var document = YAMLToJSON(budget: budget)
        defer { budget = document.budget }
        do throws(YAMLError) {
            var events = try YAMLEvents(bytes)
            while true {
                let event = try events.next()
                switch event.kind {
                case .streamEnd: return (documents, nil)
                case .documentStart: document = YAMLToJSON(budget: document.budget)
                case .documentEnd:
                    documents.append(Document(json: document.writer.bytes, findings: document.findings))
                default: try document.take(event)
                }
            }
        } catch {
            return (documents, error)
        }
    }

    private mutating func take(_ event: YAMLEvent) throws(YAMLError) {
        switch event.kind {
        case .scalar(let text, let isPlain, let tag, let anchor):
            try self.scalar(text, isPlain: isPlain, tag: tag, anchor: anchor, line: event.line)
        case .alias(let name): try self.alias(name, line: event.line)
        case .sequenceStart(let anchor): try self.open(.sequence, anchor: anchor, line: event.line)
        case .mappingStart(let anchor): try self.open(.mapping, anchor: anchor, line: event.line)
        case .sequenceEnd, .mappingEnd: try self.close(line: event.line)
        case .documentStart, .documentEnd, .streamEnd: break
        }
    }

    // MARK: Nodes

    private var expectsKey: Bool { self.frames.last?.expectsKey ?? false }

    private mutating func scalar(
        _ text: String, isPlain: Bool, tag: String?, anchor: String?, line: Int
    ) throws(YAMLError) {
        let isMergeTag = tag == "tag:yaml.org,2002:merge"
        if self.expectsKey, text == "<<", isMergeTag || (isPlain && tag == nil) {
            return self.frames[self.frames.count - 1].startMerge()
        }
        guard let scalar = YAMLScalar(text, isPlain: isPlain, tag: tag) else {
            throw YAMLError(
                line: line, found: "\"\(text.prefix(80))\"", expected: "a value that fits its tag \(tag ?? "")")
        }
        if case .notFinite(let word) = scalar {
            self.findings.append(YAMLError(line: line, found: word, expected: "a finite number"))
        }
        if self.expectsKey { return try self.key(scalar, anchor: anchor, line: line) }
        let start = self.startValue()
        self.writer.write(scalar)
        try self.endValue(from: start, anchor: anchor, scalar: scalar, line: line)
    }

    private mutating func key(_ scalar: YAMLScalar, anchor: String?, line: Int) throws(YAMLError) {
        guard let key = scalar.keyText else {
            throw YAMLError(line: line, found: "null", expected: "a key")
        }
        if let anchor {
            var remembered = JSONWriter()
            remembered.write(scalar)
            try self.remember(YAMLAnchor(json: remembered.bytes, scalar: scalar), as: anchor, line: line)
        }
        let position = self.frames.count - 1
        if self.frames[position].memberCount > 0 { self.writer.write(UInt8(ascii: ",")) }
        self.frames[position].startMember()
        self.writer.write(string: key)
        self.writer.write(UInt8(ascii: ":"))
    }

    private mutating func alias(_ name: String, line: Int) throws(YAMLError) {
        guard let anchor = self.anchors[name] else {
            throw YAMLError(line: line, found: "*\(name)", expected: "an anchor &\(name) before it")
        }
        if self.expectsKey {
            guard let scalar = anchor.scalar else {
                throw YAMLError(line: line, found: "a collection as key", expected: "a plain key")
            }
            return try self.key(scalar, anchor: nil, line: line)
        }
        try self.spend(anchor.json.count, line: line)
        let start = self.startValue()
        self.writer.write(raw: anchor.json)
        try self.endValue(from: start, anchor: nil, scalar: nil, line: line)
    }

    private mutating func open(_ kind: YAMLFrame.Kind, anchor: String?, line: Int) throws(YAMLError) {
        guard !self.expectsKey else {
            throw YAMLError(line: line, found: "a collection as key", expected: "a plain key")
        }
        let start = self.startValue()
        self.writer.write(kind == .mapping ? UInt8(ascii: "{") : UInt8(ascii: "["))
        self.frames.append(YAMLFrame(kind: kind, start: start, anchor: anchor))
    }

    private mutating func close(line: Int) throws(YAMLError) {
        guard var frame = self.frames.popLast() else { return }
        if !frame.merged.isEmpty { try self.writeMerged(&frame, line: line) }
        self.writer.write(frame.kind == .mapping ? UInt8(ascii: "}") : UInt8(ascii: "]"))
        try self.endValue(from: frame.start, anchor: frame.anchor, scalar: nil, line: line)
    }

    // MARK: Values

    /// Writes the comma before a sequence's element.
    /// - Returns: Where the value begins.
    private mutating func startValue() -> Int {
        if let frame = self.frames.last, frame.kind == .sequence, frame.memberCount > 0 {
            self.writer.write(UInt8(ascii: ","))
        }
        return self.writer.bytes.count
    }

    private mutating func endValue(from start: Int, anchor: String?, scalar: YAMLScalar?, line: Int) throws(YAMLError) {
        if let anchor {
            let json = Array(self.writer.bytes[start...])
            try self.remember(YAMLAnchor(json: json, scalar: scalar), as: anchor, line: line)
        }
        guard !self.frames.isEmpty else { return }
        let position = self.frames.count - 1
        if self.frames[position].isMergeValue {
            let json = self.writer.removeSuffix(from: start)
            try self.frames[position].endMerge(json, line: line)
        } else {
            self.frames[position].endValue()
        }
    }

    private mutating func remember(_ anchor: YAMLAnchor, as name: String, line: Int) throws(YAMLError) {
        try self.spend(anchor.json.count, line: line)
        self.anchors[name] = anchor
    }

    private mutating func spend(_ count: Int, line: Int) throws(YAMLError) {
        guard count <= self.budget else {
            let limit = "anchors and aliases that write out to at most \(Self.aliasBudget >> 20) MiB per file"
            throw YAMLError(line: line, found: "more", expected: limit)
        }
        self.budget -= count
    }

    /// Adds the members of merged mappings whose keys the mapping does not have itself. Earlier mappings win.
    private mutating func writeMerged(_ frame: inout YAMLFrame, line: Int) throws(YAMLError) {
        let written = Array(self.writer.bytes[frame.start...]) + [UInt8(ascii: "}")]
        var keys = Set(WrittenJSON.members(of: written).map(\.key))
        for mapping in frame.merged {
            for (key, member) in WrittenJSON.members(of: mapping) where keys.insert(key).inserted {
                try self.spend(member.count, line: line)
                if frame.memberCount > 0 { self.writer.write(UInt8(ascii: ",")) }
                frame.startMember()
                self.writer.write(raw: member)
            }
        }
    }
}

/// What a name stands for.
struct YAMLAnchor {
    let json: [UInt8]
    /// Set where it may also stand as a key.
    let scalar: YAMLScalar?
}

extension JSONWriter {
    mutating func write(_ scalar: YAMLScalar) {
        switch scalar {
        case .null: self.write(raw: "null".utf8)
        case .boolean(let boolean): self.write(raw: (boolean ? "true" : "false").utf8)
        case .integer(let integer): self.write(raw: String(integer).utf8)
        case .unsigned(let integer): self.write(raw: String(integer).utf8)
        case .number(let number): self.write(raw: YAMLScalar.text(of: number).utf8)
        case .string(let text), .notFinite(let text): self.write(string: text)
        }
    }
}

extension YAMLScalar {
    /// As a JSON key; nil for null, which kubectl refuses too.
    var keyText: String? {
        switch self {
        case .null: nil
        case .boolean(let boolean): boolean ? "true" : "false"
        case .integer(let integer): String(integer)
        case .unsigned(let integer): String(integer)
        case .number(let number): Self.text(of: number)
        case .string(let text), .notFinite(let text): text
        }
    }

    /// Without a fraction where there is none, as Go writes it.
    static func text(of number: Double) -> String { Int64(exactly: number).map(String.init) ?? number.description }
}
