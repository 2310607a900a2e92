/// Where an object was read: a file, a document in it and, for a list, an item of that document.
public struct ManifestOrigin: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The file's name as the user gave it, `-` for standard input.
    public let file: String
    /// Counted from 0 over the documents of the file, empty ones left out.
    public let documentIndex: Int
    /// Counted from 0 over the items of a list; nil for an object that stands alone.
    public let itemIndex: Int?

    public init(file: String, documentIndex: Int = 0, itemIndex: Int? = nil) {
        self.file = file
        self.documentIndex = documentIndex
        self.itemIndex = itemIndex
    }

    /// `cluster.json, document 2, item 14`, counted from 1; the document is left out where it is the first.
    public var description: String {
        var parts = [self.file]
        if self.documentIndex > 0 { parts.append("document \(self.documentIndex + 1)") }
        if let itemIndex { parts.append("item \(itemIndex + 1)") }
        return parts.joined(separator: ", ")
    }

    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.file, lhs.documentIndex, lhs.itemIndex ?? -1) < (rhs.file, rhs.documentIndex, rhs.itemIndex ?? -1)
    }
}

/// Something in the input that could not be used as it stands, told so that a person can mend it.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
    public enum Severity: String, Hashable, Sendable {
        /// What was read means what the user most likely wanted.
        case warning
        /// Something the user wrote is not taken into account.
        case error
    }

    public let severity: Severity
    public let origin: ManifestOrigin
    /// `Pod ml/trainer-0`, or nil where there is no telling.
    public let object: String?
    /// `spec.containers[0].resources.limits.nvidia.com/gpu`, or nil where the whole object or file is meant.
    public let field: String?
    public let found: String
    public let expected: String

    public init(
        _ severity: Severity, origin: ManifestOrigin, object: String? = nil, field: String? = nil, found: String,
        expected: String
    ) {
        self.severity = severity
        self.origin = origin
        self.object = object
        self.field = field
        self.found = found
        self.expected = expected
    }

    /// `cluster.json, item 3: Pod ml/trainer-0: spec.nodeName: found 5, expected a string`
    public var description: String {
        let place = [self.origin.description, self.object, self.field].compactMap(\.self).joined(separator: ": ")
        return "\(place): found \(self.found), expected \(self.expected)".withControlCharactersEscaped
    }
}

extension String {
    /// With line feeds, escape sequences and the like written out, so that no input can shape a terminal.
    fileprivate var withControlCharactersEscaped: String {
        guard self.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return self }
        return self.unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }.joined()
    }
}
