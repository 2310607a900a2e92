/// What a file holds.
public struct ManifestContents: Sendable {
    /// More than these from one file help nobody, and must not fill the memory.
    static let maximumFindings = 10_000

    /// In the order of the file, lists flattened.
    public private(set) var objects: [ManifestObject] = []
    /// What could not be read.
    public private(set) var findings: [Finding] = []
    private var suppressedCount = 0

    public init() {}

    mutating func append(_ object: ManifestObject) { self.objects.append(object) }

    mutating func append(_ finding: Finding) {
        if self.findings.count < Self.maximumFindings {
            self.findings.append(finding)
        } else {
            self.suppressedCount += 1
        }
    }

    mutating func refuse(_ origin: ManifestOrigin, field: String? = nil, found: String, expected: String) {
        self.append(Finding(.error, origin: origin, field: field, found: found, expected: expected))
    }

    /// Says how many findings were left out.
    mutating func finish(file: String) {
        guard self.suppressedCount > 0 else { return }
        let found = "\(self.suppressedCount) more problems in this file"
        self.findings.append(Finding(.error, origin: ManifestOrigin(file: file), found: found, expected: "none"))
        self.suppressedCount = 0
    }
}
