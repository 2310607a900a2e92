import KubernetesAPI
import Testing

/// The object that `text` holds, read as `type`, and what was found on the way. Everything must be about one object.
func read<Object: ObjectReadable>(
    _ text: String, as type: Object.Type, sourceLocation: SourceLocation = #_sourceLocation
) throws -> (object: Object?, findings: [String]) {
    let contents = ManifestReader.read(text, file: "test")
    #expect(contents.findings == [], sourceLocation: sourceLocation)
    let object = try #require(contents.objects.first, sourceLocation: sourceLocation)
    var findings: [Finding] = []
    let value = object.read(type, into: &findings)
    return (value, findings.map { "\($0.field ?? "-"): found \($0.found), expected \($0.expected)" })
}

/// A pod with this spec, in YAML flow style.
func pod(spec: String) -> String { "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: ml}, spec: \(spec)}" }

/// What a file's bytes become: the kinds and names in order, then the findings.
func summary(of contents: ManifestContents) -> [String] {
    contents.objects.map(\.title) + contents.findings.map(\.description)
}

func summary(of text: String) -> [String] { summary(of: ManifestReader.read(text, file: "f")) }
