/// What was found while one object is decoded. Shared by all readers of that object.
final class ReadingSession {
    /// More than these from one object help nobody, and must not fill the memory.
    static let maximumFindings = 100

    let object: ManifestObject
    private(set) var findings: [Finding] = []
    private(set) var errorCount = 0
    private var suppressedCount = 0

    init(object: ManifestObject) { self.object = object }

    /// Everything that was reported so far.
    var reportCount: Int { self.findings.count + self.suppressedCount }

    /// All findings, ending in a count of those that are left out.
    func finish() -> [Finding] {
        guard self.suppressedCount > 0 else { return self.findings }
        let rest = Finding(
            .error, origin: self.object.origin, object: self.object.title,
            found: "\(self.suppressedCount) more problems in this object", expected: "none")
        return self.findings + [rest]
    }

    /// Reports `value`, or its member `key`, saying what stands there.
    func report(_ value: JSONValue, key: String?, severity: Finding.Severity, expected: String) {
        guard let key else {
            return self.report(value, severity: severity, found: value.summary, expected: expected)
        }
        if let member = value[key] {
            return self.report(member, severity: severity, found: member.summary, expected: expected)
        }
        let path = { [self.path(to: value), key].compactMap(\.self).joined(separator: ".") }
        self.append(severity, field: path(), found: "nothing", expected: expected)
    }

    func report(_ value: JSONValue, severity: Finding.Severity, found: String, expected: String) {
        self.append(severity, field: self.path(to: value), found: found, expected: expected)
    }

    private func append(
        _ severity: Finding.Severity, field: @autoclosure () -> String?, found: String, expected: String
    ) {
        if severity == .error { self.errorCount += 1 }
        guard self.findings.count < Self.maximumFindings else {
            self.suppressedCount += 1
            return
        }
        self.findings.append(
            Finding(
                severity, origin: self.object.origin, object: self.object.title, field: field(), found: found,
                expected: expected))
    }

    private func path(to value: JSONValue) -> String? { self.object.value.path(to: value) }
}

extension JSONValue {
    /// How the API would write the way from this value to one inside it: `spec.containers[0].name`. Nil for itself and
    /// for values that are not inside it.
    ///
    /// - Complexity: O(depth · members per level). Nothing is kept for it while reading.
    func path(to target: JSONValue) -> String? {
        var text = ""
        var current = self
        while current.identity != target.identity {
            if let member = current.members.first(where: { $0.value.contains(target) }) {
                text += text.isEmpty ? member.key : ".\(member.key)"
                current = member.value
            } else if let element = current.elements.enumerated().first(where: { $0.element.contains(target) }) {
                text += "[\(element.offset)]"
                current = element.element
            } else {
                return nil
            }
        }
        return text.isEmpty ? nil : text
    }

    /// What stands here, in a few words for a message; long strings are cut.
    var summary: String {
        switch self.kind {
        case .null: "null"
        case .boolean: self.boolean == true ? "true" : "false"
        case .integer: self.integer.map(String.init) ?? "a number above \(Int64.max)"
        case .number: self.number.map { "\($0)" } ?? "a number"
        case .string: Self.quoted(self.string ?? "")
        case .array: "an array"
        case .object: "an object"
        }
    }

    private static func quoted(_ text: String) -> String {
        let limit = 80
        return text.count <= limit ? "\"\(text)\"" : "\"\(text.prefix(limit))…\""
    }
}
