/// One Kubernetes object as it was read, not yet decoded.
public struct ManifestObject: Sendable {
    /// `v1`, `batch/v1`; filled in from the list's for items of a typed list.
    public let apiVersion: String
    public let kind: String
    /// Always an object.
    public let value: JSONValue
    public let origin: ManifestOrigin

    public init(apiVersion: String, kind: String, value: JSONValue, origin: ManifestOrigin) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.value = value
        self.origin = origin
    }

    /// The part of `apiVersion` before the slash; empty for the core group.
    public var group: String {
        guard let slash = self.apiVersion.firstIndex(of: "/") else { return "" }
        return String(self.apiVersion[..<slash])
    }

    /// The part of `apiVersion` behind the slash.
    public var version: String {
        guard let slash = self.apiVersion.firstIndex(of: "/") else { return self.apiVersion }
        return String(self.apiVersion[self.apiVersion.index(after: slash)...])
    }

    /// `Pod ml/trainer-0`, `Node gpu-a1`; from what can be read of the metadata.
    public var title: String {
        let metadata = self.value["metadata"]
        let name = metadata?["name"]?.string ?? metadata?["generateName"]?.string ?? "without a name"
        guard let namespace = metadata?["namespace"]?.string else { return "\(self.kind) \(name)" }
        return "\(self.kind) \(namespace)/\(name)"
    }

    /// Decodes the object as `type`.
    ///
    /// - Parameter findings: Gets one entry for each field that could not be used.
    /// - Returns: Nil where a field is bad without which the object means nothing; that is among the findings.
    public func read<Object: ObjectReadable>(_ type: Object.Type, into findings: inout [Finding]) -> Object? {
        let session = ReadingSession(object: self)
        defer { findings += session.finish() }
        return Object(reading: ObjectReader(value: self.value, session: session))
    }
}
