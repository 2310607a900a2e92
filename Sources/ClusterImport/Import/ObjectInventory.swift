import KubernetesAPI

/// All objects of the input, each once, in an order that does not depend on that of the input.
struct ObjectInventory {
    struct Key: Hashable, Comparable {
        let group: String
        let kind: String
        let namespace: String
        let name: String

        static func < (lhs: Self, rhs: Self) -> Bool {
            // Most differ in their names alone: of those nothing is compared twice.
            if lhs.group != rhs.group { return lhs.group < rhs.group }
            if lhs.kind != rhs.kind { return lhs.kind < rhs.kind }
            if lhs.namespace != rhs.namespace { return lhs.namespace < rhs.namespace }
            return lhs.name < rhs.name
        }

        init(_ object: ManifestObject) {
            let metadata = object.value["metadata"]
            let namespace = metadata?["namespace"]?.string ?? ""
            self.group = object.group
            self.kind = object.kind
            self.namespace = Self.isClusterWide(object) ? "" : namespace.isEmpty ? "default" : namespace
            self.name = metadata?["name"]?.string ?? ""
        }

        /// Kinds without a namespace that planning reads; for others the difference does not matter here.
        private static func isClusterWide(_ object: ManifestObject) -> Bool {
            ["Node", "Namespace", "PriorityClass", "PersistentVolume", "StorageClass"].contains(object.kind)
        }
    }

    private(set) var entries: [ObjectEntry] = []
    private(set) var findings: [Finding] = []

    /// Objects without a name are all kept: reading them says what is wrong.
    ///
    /// - Complexity: O(*n* log *n*), *n* objects; O(*n*) where the memo has seen most of them.
    init(_ input: [ManifestObject], memo: ImportMemo) {
        let sorted = memo.entries(for: input)
        self.entries.reserveCapacity(sorted.count)
        var nameless: [ObjectEntry] = []
        var start = sorted.startIndex
        while start < sorted.endIndex {
            let key = sorted[start].key
            let end = sorted[start...].firstIndex { $0.key != key } ?? sorted.endIndex
            if key.name.isEmpty {
                nameless += sorted[start..<end]
            } else {
                self.entries.append(end - start == 1 ? sorted[start] : self.chosen(sorted[start..<end]))
            }
            start = end
        }
        guard !nameless.isEmpty else { return }
        self.entries += nameless.sorted { Self.canonicalText($0.object) < Self.canonicalText($1.object) }
    }

    // MARK: Duplicates

    /// The one with the highest resourceVersion, else the one whose canonical JSON is largest: a rule that does not ask
    /// which was read first. Two of equal content are one, and so are a live object and a manifest that says nothing else:
    /// the namespace of a job's file beside the cluster's own.
    private mutating func chosen(_ entries: ArraySlice<ObjectEntry>) -> ObjectEntry {
        let candidates = entries.map { Candidate(entry: $0, text: Self.canonicalText($0.object)) }
        guard let kept = candidates.max(by: <) else { preconditionFailure("nothing to choose from") }
        for left in candidates where left.text != kept.text {
            if left.entry.object.value.isContained(in: kept.entry.object.value) { continue }
            let why =
                left.version != kept.version
                ? "its resourceVersion is higher" : "its text is larger in byte order, for want of a better rule"
            self.findings.append(
                Finding(
                    .warning, origin: left.entry.object.origin, object: left.entry.object.title,
                    found: "another object of this name with other content",
                    expected: "one; the one in \(kept.entry.object.origin) is used, \(why)"))
        }
        return kept.entry
    }

    private struct Candidate: Comparable {
        let entry: ObjectEntry
        let text: String
        let version: UInt64

        init(entry: ObjectEntry, text: String) {
            self.entry = entry
            self.text = text
            self.version = ObjectInventory.resourceVersion(entry.object)
        }

        static func == (lhs: Self, rhs: Self) -> Bool { lhs.entry === rhs.entry }

        /// Of equals the one that stands first in the input's files is preferred.
        static func < (lhs: Self, rhs: Self) -> Bool {
            if lhs.text == rhs.text { return lhs.entry.object.origin > rhs.entry.object.origin }
            return lhs.version != rhs.version ? lhs.version < rhs.version : lhs.text < rhs.text
        }
    }

    private static func resourceVersion(_ object: ManifestObject) -> UInt64 {
        object.value["metadata"]?["resourceVersion"]?.string.flatMap { UInt64($0) } ?? 0
    }

    private static func canonicalText(_ object: ManifestObject) -> String {
        var text = "\(object.apiVersion) "
        object.value.appendCanonicalText(to: &text)
        return text
    }
}

extension JSONValue {
    /// Whether the other value says all that this one says, and perhaps more: objects may have further members,
    /// everything else must be equal.
    func isContained(in other: JSONValue) -> Bool {
        guard self.isObject, other.isObject else { return self.canonicalText == other.canonicalText }
        return self.members.allSatisfy { key, value in
            value.isNull || (other[key].map { value.isContained(in: $0) } ?? false)
        }
    }

    private var canonicalText: String {
        var text = ""
        self.appendCanonicalText(to: &text)
        return text
    }

    /// JSON with the keys in order and no white space; equal for values that mean the same.
    ///
    /// Not for output: control characters in strings stay as they are.
    func appendCanonicalText(to text: inout String) {
        switch self.kind {
        case .null: text += "null"
        case .boolean: text += self.boolean == true ? "true" : "false"
        case .integer: text += self.integer.map(String.init) ?? self.number.map { "\($0)" } ?? "number"
        case .number: text += self.integer.map(String.init) ?? self.number.map { "\($0)" } ?? "number"
        case .string: text += "\"\(self.string ?? "")\""
        case .array:
            text += "["
            for element in self.elements {
                element.appendCanonicalText(to: &text)
                text += ","
            }
            text += "]"
        case .object:
            text += "{"
            // The last of equal keys counts, as everywhere.
            let members = Dictionary(self.members.map { ($0.key, $0.value) }) { _, last in last }
            for (key, value) in members.sorted(by: { $0.key < $1.key }) where !value.isNull {
                text += "\"\(key)\":"
                value.appendCanonicalText(to: &text)
                text += ","
            }
            text += "}"
        }
    }
}
