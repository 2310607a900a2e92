import CYaml

/// One step through a YAML text.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case documentEnd
        case streamEnd
        case alias(String)
        case scalar(String, isPlain: Bool, tag: String?, anchor: String?)
        case sequenceStart(anchor: String?)
        case sequenceEnd
        case mappingStart(anchor: String?)
        case mappingEnd
    }

    let kind: Kind
    /// From 1, within the text.
    let line: Int
}

/// Why a text is not YAML, or not YAML that JSON can say.
struct YAMLError: Error, Hashable {
    /// From 1, within the text.
    let line: Int
    let found: String
    let expected: String
}

/// libyaml's parser, which keeps its state on the heap: nesting costs no stack, and deeper than 1,000 is an error.
///
/// Protocol of use: 1. make it on bytes that outlive it; 2. call `next` until `streamEnd` or an error; 3. drop it.
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    init(_ bytes: UnsafeRawBufferPointer) throws(YAMLError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError(line: 1, found: "no memory left", expected: "enough to read YAML")
        }
        self.parser = parser
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    deinit {
        yaml_parser_delete(self.parser)
        self.parser.deallocate()
    }

    mutating func next() throws(YAMLError) -> YAMLEvent {
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(self.parser, &event) == 1 else { throw self.problem() }
            defer { yaml_event_delete(&event) }
            guard let kind = Self.kind(of: event) else { continue }
            return YAMLEvent(kind: kind, line: Int(event.start_mark.line) + 1)
        }
    }

    private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind? {
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return .streamEnd
        case YAML_ALIAS_EVENT: return .alias(self.text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                tag: self.text(scalar.tag), anchor: self.text(scalar.anchor))
        case YAML_SEQUENCE_START_EVENT: return .sequenceStart(anchor: self.text(event.data.sequence_start.anchor))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: self.text(event.data.mapping_start.anchor))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return nil
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func problem() -> YAMLError {
        let parser = self.parser.pointee
        let problem = parser.problem.map { String(cString: $0) } ?? "no memory left"
        if parser.error == YAML_READER_ERROR {
            let place = "at byte \(parser.problem_offset)"
            let code = parser.problem_value >= 0 ? " (0x\(String(parser.problem_value, radix: 16)))" : ""
            return YAMLError(
                line: Int(parser.mark.line) + 1, found: "\(problem)\(code) \(place)", expected: "UTF-8 text")
        }
        let line = Int(parser.problem_mark.line) + 1
        if problem.hasPrefix("Maximum nesting level") {
            return YAMLError(line: line, found: "one level more", expected: "at most 1000 levels of nesting")
        }
        let context = parser.context.map { "\(String(cString: $0)): " } ?? ""
        return YAMLError(line: line, found: context + problem, expected: "YAML or JSON")
    }
}
