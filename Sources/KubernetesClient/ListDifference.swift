public import KubernetesAPI

/// One object that a list shows otherwise than whoever kept the collection from its changes.
public struct ListDifference: Sendable, Equatable, CustomStringConvertible {
    public let key: ManifestObject.Key
    /// The version that is kept; nil where the object is not kept.
    public let known: String?
    /// The version in the list; nil where the list does not show the object.
    public let listed: String?

    public var description: String {
        let name = self.key.namespace.isEmpty ? self.key.name : "\(self.key.namespace)/\(self.key.name)"
        return "\(name): known \(self.known ?? "not at all"), listed \(self.listed ?? "not at all")"
    }
}

extension ResourceList {
    /// What differs between this list and the objects that were kept, in the order of their names.
    ///
    /// A kept object that is newer than the list is no difference, listed or not: it came from somewhere fresher.
    public func differences(from known: [ManifestObject.Key: ManifestObject]) -> [ListDifference] {
        var differences: [ListDifference] = []
        var listed: Set<ManifestObject.Key> = []
        listed.reserveCapacity(self.objects.count)
        for object in self.objects {
            let key = object.key
            listed.insert(key)
            let version = known[key]?.resourceVersion
            guard version != object.resourceVersion, !self.isOlder(than: version) else { continue }
            differences.append(ListDifference(key: key, known: version, listed: object.resourceVersion))
        }
        for (key, object) in known where !listed.contains(key) && !self.isOlder(than: object.resourceVersion) {
            differences.append(ListDifference(key: key, known: object.resourceVersion, listed: nil))
        }
        return differences.sorted { $0.key < $1.key }
    }

    private func isOlder(than version: String?) -> Bool {
        version.map { ResourceVersion.isNewer($0, than: self.resourceVersion) } ?? false
    }
}

/// Versions of one collection are decimal numbers of any size, of which the larger is the newer.
public enum ResourceVersion {
    /// Empty is older than everything. Without leading zeros, as servers write them, the longer number is the larger.
    public static func isNewer(_ version: String, than other: String) -> Bool {
        let (count, otherCount) = (version.utf8.count, other.utf8.count)
        return count == otherCount ? version > other : count > otherCount
    }
}
