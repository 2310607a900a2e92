import KubernetesAPI

/// All objects of the input, each once, in an order that does not depend on that of the input.
struct ObjectInventory {
    struct Key: Hashable, Comparable {
        let group: String
        let kind: String
        let namespace: String
        let name: String

        static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.group, lhs.kind, lhs.namespace, lhs.name) < (rhs.group, rhs.kind, rhs.namespace, rhs.name)
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

    private(set) var objects: [ManifestObject] = []
    private(set) var findings: [Finding] = []

    /// Objects without a name are all kept: reading them says what is wrong.
    ///
    /// - Complexity: O(*n* log *n*), *n* objects.
    init(_ input: [ManifestObject]) {
        var chosen: [Key: ManifestObject] = [:]
        chosen.reserveCapacity(input.count)
        var nameless: [ManifestObject] = []
        for object in input {
            let key = Key(object)
            if key.name.isEmpty {
                nameless.append(object)
            } else if let other = chosen[key] {
                chosen[key] = self.preferred(other, object)
            } else {
                chosen[key] = object
            }
        }
        self.objects = chosen.sorted { $0.key < $1.key }.map(\.value)
        self.objects += nameless.sorted { Self.canonicalText($0) < Self.canonicalText($1) }
    }

    // MARK: Duplicates

    /// The one with the higher resourceVersion, else the one whose canonical JSON is larger: a rule that does not ask
    /// which was read first. Two of equal content are one, and so are a live object and a manifest that says nothing else:
    /// the namespace of a job's file beside the cluster's own.
    private mutating func preferred(_ first: ManifestObject, _ second: ManifestObject) -> ManifestObject {
        let (one, other) = (Self.canonicalText(first), Self.canonicalText(second))
        if one == other { return first.origin < second.origin ? first : second }
        let (oneVersion, otherVersion) = (Self.resourceVersion(first), Self.resourceVersion(second))
        let takesOther = oneVersion != otherVersion ? oneVersion < otherVersion : one < other
        let (kept, left) = takesOther ? (second, first) : (first, second)
        if left.value.isContained(in: kept.value) { return kept }
        let why =
            oneVersion != otherVersion
            ? "its resourceVersion is higher" : "its text is larger in byte order, for want of a better rule"
        self.findings.append(
            Finding(
                .warning, origin: left.origin, object: left.title,
                found: "another object of this name with other content",
                expected: "one; the one in \(kept.origin) is used, \(why)"))
        return kept
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
