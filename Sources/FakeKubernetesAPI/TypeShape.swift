import KubernetesAPI

/// Which fields a built-in type has, of which types they are, and what of them is written when it is empty.
///
/// The real server reads every object into a Go struct and writes it from there: unknown fields are lost, a value of the wrong type is a 400,
/// and what is empty is left out unless the field is written always. The table is in `TypeShape+BuiltIn.swift`.
indirect enum TypeShape: Sendable, Equatable {
    /// Taken as it comes.
    case any
    /// Known, so that nobody is told of it, and never kept: behind a gate that is closed.
    case gated
    case string, boolean, integer32, integer64, quantity, time, integerOrString
    /// In base64.
    case bytes
    case list(TypeShape)
    case map(TypeShape)
    /// A type of the table.
    case structure(String)

    struct Field: Sendable, Equatable {
        let shape: TypeShape
        /// Whether an empty string, false and zero tell something: the Go type is a pointer.
        let keepsZero: Bool
        /// Whether it is written even if it is empty or null.
        let isAlwaysWritten: Bool
    }

    /// What a value of the wrong type is answered with.
    struct Mismatch: Error, Equatable {
        let path: String
        let expected: String

        var message: String { "json: cannot unmarshal into Go struct field \(self.path) of type \(self.expected)" }
    }

    /// Nil for kinds whose type is not in the table.
    static func of(_ kind: ResourceKind) -> TypeShape? {
        self.structures[kind.builtInKind] != nil ? .structure(kind.kind) : nil
    }

    // MARK: Judging what was sent

    /// Paths of fields that the type does not have, in the order of the object.
    func unknownFields(_ value: JSONTree, at path: String = "") -> [String] {
        switch (self, value) {
        case (.structure(let name), .object(let members)):
            let fields = Self.structures[name] ?? [:]
            return members.flatMap { member -> [String] in
                let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
                guard let field = fields[member.key] else { return [inner] }
                return field.shape.unknownFields(member.value, at: inner)
            }
        case (.list(let element), .array(let elements)):
            return elements.enumerated().flatMap { element.unknownFields($1, at: "\(path)[\($0)]") }
        case (.map(let element), .object(let members)):
            return members.flatMap { element.unknownFields($0.value, at: "\(path).\($0.key)") }
        default: return []
        }
    }

    /// The first value that cannot be read into its field. Null can be read into every field.
    func mismatch(_ value: JSONTree, at path: String = "") -> Mismatch? {
        if value == .null { return nil }
        switch (self, value) {
        case (.any, _), (.gated, _), (.string, .string), (.boolean, .boolean), (.integer64, .integer), (.time, .string),
            (.integerOrString, .string), (.integerOrString, .integer):
            return nil
        case (.integer32, .integer(let number)): return Int32(exactly: number) == nil ? self.mismatch(path) : nil
        case (.quantity, _): return CanonicalQuantity.text(value) == nil ? self.mismatch(path) : nil
        case (.bytes, .string(let text)): return Self.isBase64(text) ? nil : self.mismatch(path)
        case (.list(let element), .array(let elements)):
            return elements.lazy.enumerated().compactMap { element.mismatch($1, at: "\(path)[\($0)]") }.first
        case (.map(let element), .object(let members)):
            return members.lazy.compactMap { element.mismatch($0.value, at: "\(path).\($0.key)") }.first
        case (.structure(let name), .object(let members)):
            let fields = Self.structures[name] ?? [:]
            return members.lazy.compactMap { fields[$0.key]?.shape.mismatch($0.value, at: "\(path).\($0.key)") }.first
        default: return self.mismatch(path)
        }
    }

    private static func isBase64(_ text: String) -> Bool {
        let digits = text.utf8.filter { $0 != 10 && $0 != 13 }
        let content = digits.prefix { $0 != UInt8(ascii: "=") }
        let isPlain = content.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "+")
                || byte == UInt8(ascii: "/")
        }
        let padding = digits.count - content.count
        return isPlain && digits.count % 4 == 0 && padding <= 2
            && digits.suffix(padding).allSatisfy { $0 == UInt8(ascii: "=") }
    }

    private func mismatch(_ path: String) -> Mismatch { Mismatch(path: path, expected: self.typeName) }

    private var typeName: String {
        switch self {
        case .any, .gated: "interface {}"
        case .string: "string"
        case .boolean: "bool"
        case .integer32: "int32"
        case .integer64: "int64"
        case .quantity: "resource.Quantity"
        case .time: "time.Time"
        case .bytes: "[]uint8"
        case .integerOrString: "intstr.IntOrString"
        case .list(let element): "[]\(element.typeName)"
        case .map(let element): "map[string]\(element.typeName)"
        case .structure(let name): name
        }
    }

    // MARK: Writing it as the server does

    /// Without fields that the type does not have and without what is empty; quantities in their canonical form.
    func written(_ value: JSONTree) -> JSONTree {
        switch (self, value) {
        case (.structure(let name), .object(let members)):
            let fields = Self.structures[name] ?? [:]
            return .object(
                members.compactMap { member in
                    guard let field = fields[member.key], field.shape != .gated else { return nil }
                    let value = field.shape.written(member.value)
                    return field.isWritten(value) ? .init(member.key, value) : nil
                })
        case (.list(let element), .array(let elements)): return .array(elements.map(element.written))
        case (.map(let element), .object(let members)):
            return .object(members.map { .init($0.key, element.written($0.value)) })
        case (.quantity, _): return CanonicalQuantity.text(value).map(JSONTree.string) ?? value
        default: return value
        }
    }
}

extension TypeShape.Field {
    fileprivate func isWritten(_ value: JSONTree) -> Bool {
        if self.isAlwaysWritten { return true }
        if value == .null { return false }
        if self.shape == .any { return true }
        switch value {
        case .array([]): return false
        case .object([]): if case .map = self.shape { return false } else { return true }
        case .string(""), .boolean(false), .integer(0): return self.keepsZero
        default: return true
        }
    }
}
