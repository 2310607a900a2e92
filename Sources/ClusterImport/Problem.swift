import KubernetesAPI

/// A finding before it is known in which file it stands.
struct Problem: Hashable, Sendable {
    var severity: Finding.Severity
    /// As the API writes the way to it, for example `metadata.labels[nvidia.com/gpu.memory]`.
    var field: String?
    var found: String
    var expected: String

    static func warning(_ field: String?, found: String, expected: String) -> Problem {
        Problem(severity: .warning, field: field, found: found, expected: expected)
    }

    static func error(_ field: String?, found: String, expected: String) -> Problem {
        Problem(severity: .error, field: field, found: found, expected: expected)
    }

    static func label(_ key: String) -> String { "metadata.labels[\(key)]" }

    static func annotation(_ key: String) -> String { "metadata.annotations[\(key)]" }

    /// - Parameter object: `Pod ml/trainer-0`.
    func finding(origin: ManifestOrigin, object: String) -> Finding {
        Finding(
            self.severity, origin: origin, object: object, field: self.field, found: self.found,
            expected: self.expected)
    }
}

/// Orders findings by place, then by what they say; the severe ones first.
func isOrdered(_ lhs: Finding, before rhs: Finding) -> Bool {
    if lhs.origin != rhs.origin { return lhs.origin < rhs.origin }
    let left = (lhs.object ?? "", lhs.severity == .error ? 0 : 1, lhs.field ?? "", lhs.found, lhs.expected)
    let right = (rhs.object ?? "", rhs.severity == .error ? 0 : 1, rhs.field ?? "", rhs.found, rhs.expected)
    return left < right
}
