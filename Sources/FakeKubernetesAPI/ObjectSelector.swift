import KubernetesAPI

/// Which objects a list or watch asks for: a label and a field selector, both already checked.
struct ObjectSelector: Sendable {
    private enum Labels: Sendable {
        case isIn(String, [String])
        case isNotIn(String, [String])
        case exists(String)
        case isAbsent(String)
    }

    private var labels: [Labels] = []
    private var fields: [(path: [String], value: String, isEqual: Bool)] = []

    var isEverything: Bool { self.labels.isEmpty && self.fields.isEmpty }

    init(kind: ResourceKind, labels: String, fields: String) throws(APIFailure) {
        for part in Self.split(labels) { self.labels.append(try Self.label(part)) }
        for part in fields.split(separator: ",").map(String.init) {
            self.fields.append(try Self.field(part, kind: kind))
        }
    }

    func matches(_ object: JSONTree) -> Bool {
        let labels = object["metadata"]?["labels"]
        return self.labels.allSatisfy { requirement in
            switch requirement {
            case .isIn(let key, let values): labels?[key]?.string.map(values.contains) ?? false
            case .isNotIn(let key, let values): !(labels?[key]?.string.map(values.contains) ?? false)
            case .exists(let key): labels?[key] != nil
            case .isAbsent(let key): labels?[key] == nil
            }
        }
            && self.fields.allSatisfy { field in
                (Self.text(object[path: field.path]) == field.value) == field.isEqual
            }
    }

    /// A field that is not there counts as empty; `unschedulable` and `hostNetwork` as false, which the caller writes out.
    private static func text(_ value: JSONTree?) -> String {
        switch value {
        case .string(let string): string
        case .boolean(let flag): flag ? "true" : "false"
        case .integer(let integer): String(integer)
        case .null, .number, .array, .object, nil: ""
        }
    }

    // MARK: Reading

    /// Splits at commas outside parentheses.
    private static func split(_ text: String) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return text.isEmpty ? [] : parts.map(Self.trimmed)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private static func label(_ part: String) throws(APIFailure) -> Labels {
        let words = part.split(separator: " ", maxSplits: 1).map(String.init)
        if words.count == 2, let set = Self.set(words[1], after: "in") { return .isIn(words[0], set) }
        if words.count == 2, let set = Self.set(words[1], after: "notin") { return .isNotIn(words[0], set) }
        if part.hasPrefix("!") { return .isAbsent(Self.trimmed(part.dropFirst())) }
        if let (key, value, isEqual) = Self.equation(part) {
            guard Validation.isQualifiedName(key), Validation.isLabelValue(value) else {
                throw .badRequest("unable to parse requirement: \"\(part)\" is no label selector")
            }
            return isEqual ? .isIn(key, [value]) : .isNotIn(key, [value])
        }
        guard !part.isEmpty, !part.contains(where: { " ()".contains($0) }) else {
            throw .badRequest("unable to parse requirement: found \"\(part)\", expected a label selector")
        }
        return .exists(part)
    }

    private static func set(_ text: String, after word: String) -> [String]? {
        guard text.hasPrefix(word) else { return nil }
        let list = Self.trimmed(text.dropFirst(word.count))
        guard list.hasPrefix("("), list.hasSuffix(")") else { return nil }
        return list.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false).map(Self.trimmed)
    }

    private static func equation(_ part: String) -> (key: String, value: String, isEqual: Bool)? {
        guard let sign = part.firstIndex(where: { $0 == "=" || $0 == "!" }) else { return nil }
        let rest = part[sign...]
        for (spelling, isEqual) in [("!=", false), ("==", true), ("=", true)] where rest.hasPrefix(spelling) {
            return (Self.trimmed(part[..<sign]), Self.trimmed(rest.dropFirst(spelling.count)), isEqual)
        }
        return nil
    }

    private static func field(
        _ part: String, kind: ResourceKind
    ) throws(APIFailure) -> (path: [String], value: String, isEqual: Bool) {
        guard let (key, value, isEqual) = Self.equation(part) else {
            throw .badRequest("invalid selector: '\(part)'; can't understand '\(part)'")
        }
        var known = ["metadata.name"] + (kind.isNamespaced ? ["metadata.namespace"] : [])
        switch kind.kind {
        case "Pod":
            known += [
                "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase",
                "status.podIP", "status.nominatedNodeName", "spec.hostNetwork",
            ]
        case "Node": known.append("spec.unschedulable")
        case "Namespace": known.append("status.phase")
        case "Job": known.append("status.successful")
        case "Event":
            known += [
                "reason", "type", "reportingController", "regarding.kind", "regarding.namespace", "regarding.name",
                "regarding.uid", "deprecatedSource.component",
            ]
        default: break
        }
        guard known.contains(key) else { throw .badRequest("field label not supported: \(key)") }
        let isFlag = key == "spec.unschedulable" || key == "spec.hostNetwork"
        let path = key.split(separator: ".").map(String.init)
        if isFlag, value == "false" { return (path, "true", !isEqual) }
        return (path, value, isEqual)
    }
}
