import KubernetesAPI

/// The fields of a protobuf message, with their names in JSON. What Go does not point at is always written, empty or not.
struct ProtobufMessage: Sendable {
    enum Form: Sendable {
        case text, number, time
        case optionalNumber, optionalTime, optionalFlag
        case texts, textMap, byteMap
        /// Bytes, base64 in JSON.
        case raw
        /// `FieldsV1`: JSON in bytes.
        case json
        case message(ProtobufMessage)
        case optionalMessage(ProtobufMessage)
        case messages(ProtobufMessage)
    }

    struct Field: Sendable {
        let number: UInt64
        let name: String
        let form: Form
    }

    let fields: [Field]

    init(_ fields: [(number: UInt64, name: String, form: Form)]) {
        self.fields = fields.map { Field(number: $0.number, name: $0.name, form: $0.form) }
    }

    // MARK: Writing

    func encoded(_ tree: JSONTree) -> [UInt8] {
        var writer = ProtobufWriter()
        for field in self.fields { Self.write(tree[field.name], field, to: &writer) }
        return writer.bytes
    }

    private static func write(_ value: JSONTree?, _ field: Field, to writer: inout ProtobufWriter) {
        let number = field.number
        switch field.form {
        case .text: writer.write(number, Array((value?.string ?? "").utf8))
        case .number: writer.write(number, varint: value?.integer ?? 0)
        case .time: writer.write(number, Self.time(value))
        case .optionalNumber: if let integer = value?.integer { writer.write(number, varint: integer) }
        case .optionalTime: if value?.string != nil { writer.write(number, Self.time(value)) }
        case .optionalFlag: if case .boolean(let flag)? = value { writer.write(number, varint: flag ? 1 : 0) }
        case .texts: for text in value?.elements ?? [] { writer.write(number, Array((text.string ?? "").utf8)) }
        case .textMap, .byteMap:
            for member in (value?.members ?? []).sorted(by: { $0.key < $1.key }) {
                let text = member.value.string ?? ""
                var entry = ProtobufWriter()
                entry.write(1, Array(member.key.utf8))
                if case .byteMap = field.form {
                    entry.write(2, Base64.bytes(text))
                } else {
                    entry.write(2, Array(text.utf8))
                }
                writer.write(number, entry.bytes)
            }
        case .raw: writer.write(number, Base64.bytes(value?.string ?? ""))
        case .json:
            guard let value else { return }
            var inner = ProtobufWriter()
            inner.write(1, value.bytes)
            writer.write(number, inner.bytes)
        case .message(let message): writer.write(number, message.encoded(value ?? [:]))
        case .optionalMessage(let message): if let value { writer.write(number, message.encoded(value)) }
        case .messages(let message):
            for element in value?.elements ?? [] { writer.write(number, message.encoded(element)) }
        }
    }

    private static func time(_ value: JSONTree?) -> [UInt8] {
        guard let seconds = value?.string.flatMap(MicroTime.seconds) else { return [] }
        var writer = ProtobufWriter()
        writer.write(1, varint: seconds)
        writer.write(2, varint: 0)
        return writer.bytes
    }

    // MARK: Reading

    /// What is empty is left out. Nil for bytes that are no such message.
    func decoded(_ bytes: ArraySlice<UInt8>) -> JSONTree? {
        var tree: JSONTree = [:]
        var reader = ProtobufReader(bytes)
        while !reader.isAtEnd {
            guard let (number, value) = reader.next() else { return nil }
            guard let field = self.fields.first(where: { $0.number == number }) else { continue }
            guard Self.read(value, field, into: &tree) else { return nil }
        }
        return tree
    }

    private static func read(_ value: ProtobufReader.Value, _ field: Field, into tree: inout JSONTree) -> Bool {
        switch (field.form, value) {
        case (.number, .varint(let integer)), (.optionalNumber, .varint(let integer)):
            if integer != 0 { tree[field.name] = .integer(integer) }
        case (.optionalFlag, .varint(let integer)): tree[field.name] = .boolean(integer != 0)
        case (.text, .bytes(let bytes)):
            if !bytes.isEmpty { tree[field.name] = .string(String(decoding: bytes, as: UTF8.self)) }
        case (.raw, .bytes(let bytes)): tree[field.name] = .string(Base64.text(Array(bytes)))
        case (.texts, .bytes(let bytes)):
            let text = JSONTree.string(String(decoding: bytes, as: UTF8.self))
            tree[field.name] = .array((tree[field.name]?.elements ?? []) + [text])
        case (.time, .bytes(let bytes)), (.optionalTime, .bytes(let bytes)):
            var reader = ProtobufReader(bytes)
            if case (1, .varint(let seconds))? = reader.next() {
                tree[field.name] = .string(FakeAPIServer.timestamp(seconds))
            }
        case (.textMap, .bytes(let bytes)), (.byteMap, .bytes(let bytes)):
            var isText = true
            if case .byteMap = field.form { isText = false }
            let entry = ProtobufMessage([(1, "key", .text), (2, "value", isText ? .text : .raw)])
            guard let member = entry.decoded(bytes) else { return false }
            tree[path: [field.name, member["key"]?.string ?? ""]] = member["value"] ?? ""
        case (.json, .bytes(let bytes)):
            var reader = ProtobufReader(bytes)
            guard case (1, .bytes(let raw))? = reader.next() else { return false }
            tree[field.name] = JSONTree(parsing: String(decoding: raw, as: UTF8.self))
        case (.message(let message), .bytes(let bytes)), (.optionalMessage(let message), .bytes(let bytes)):
            guard let inner = message.decoded(bytes) else { return false }
            tree[field.name] = inner
        case (.messages(let message), .bytes(let bytes)):
            guard let inner = message.decoded(bytes) else { return false }
            tree[field.name] = .array((tree[field.name]?.elements ?? []) + [inner])
        default: return false
        }
        return true
    }
}

struct ProtobufWriter: Sendable {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ number: UInt64, varint value: Int64) {
        self.append(number << 3)
        self.append(UInt64(bitPattern: value))
    }

    mutating func write(_ number: UInt64, _ value: [UInt8]) {
        self.append(number << 3 | 2)
        self.append(UInt64(value.count))
        self.bytes += value
    }

    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(rest))
    }
}

struct ProtobufReader: Sendable {
    enum Value: Sendable {
        case varint(Int64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.rest = bytes }

    var isAtEnd: Bool { self.rest.isEmpty }

    /// Nil at the end, and for wire types that no Kubernetes type has.
    mutating func next() -> (number: UInt64, value: Value)? {
        guard let key = self.varint() else { return nil }
        switch key & 7 {
        case 0: return self.varint().map { (key >> 3, .varint(Int64(bitPattern: $0))) }
        case 2:
            guard let count = self.varint(), count <= UInt64(self.rest.count) else { return nil }
            let bytes = self.rest.prefix(Int(count))
            self.rest = self.rest.dropFirst(Int(count))
            return (key >> 3, .bytes(bytes))
        default: return nil
        }
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
            guard let byte = self.rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
