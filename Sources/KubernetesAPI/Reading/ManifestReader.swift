/// What a file holds.
public struct ManifestContents: Sendable {
    public var objects: [ManifestObject] = []
    public var findings: [Finding] = []

    public init() {}
}

/// Turns the bytes of a file into Kubernetes objects: JSON, JSON documents in a row, YAML, or a mix of documents.
public enum ManifestReader {
    /// - Parameter file: The name that findings will carry.
    /// - Returns: Every object that could be read, in the order of the file, lists flattened, and what could not be.
    public static func read(_ bytes: UnsafeRawBufferPointer, file: String) -> ManifestContents {
        var contents = ManifestContents()
        do {
            let document = try JSONDocument(parsing: bytes)
            ObjectCollector.collect(document.root, origin: ManifestOrigin(file: file), into: &contents)
        } catch {
            contents.findings.append(
                Finding(.error, origin: ManifestOrigin(file: file), found: error.found, expected: error.expected))
        }
        return contents
    }

    public static func read(_ bytes: [UInt8], file: String) -> ManifestContents {
        bytes.withUnsafeBytes { self.read($0, file: file) }
    }

    public static func read(_ text: String, file: String) -> ManifestContents {
        var text = text
        return text.withUTF8 { self.read(UnsafeRawBufferPointer($0), file: file) }
    }
}
