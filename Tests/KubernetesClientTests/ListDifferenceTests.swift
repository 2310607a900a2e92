import KubernetesAPI
import Testing

@testable import KubernetesClient

@Suite("What differs between a list and what was kept")
struct ListDifferenceTests {
    private func pod(_ name: String, _ version: String) throws -> ManifestObject {
        let text = #"{"metadata":{"namespace":"ml","name":"\#(name)","resourceVersion":"\#(version)"}}"#
        return ManifestObject(
            apiVersion: "v1", kind: "Pod", value: try JSONDocument.parse(text).root,
            origin: ManifestOrigin(file: "test"))
    }

    private func differences(
        listed: [(String, String)], at version: String, known: [(String, String)]
    ) throws -> [String] {
        let list = ResourceList(resourceVersion: version, objects: try listed.map { try self.pod($0.0, $0.1) })
        let kept = try known.map { try self.pod($0.0, $0.1) }
        return list.differences(from: Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0) })).map(\.description)
    }

    @Test("an object that is missing, one that is old, and one that is gone are named; equal ones are not")
    func kinds() throws {
        let found = try self.differences(
            listed: [("a", "1"), ("b", "9"), ("c", "3")], at: "9", known: [("a", "1"), ("b", "8"), ("d", "4")])
        #expect(
            found == [
                "ml/b: known 8, listed 9", "ml/c: known not at all, listed 3", "ml/d: known 4, listed not at all",
            ])
    }

    @Test("what is kept of a later time than the list's is no difference")
    func newer() throws {
        #expect(try self.differences(listed: [("a", "9")], at: "9", known: [("a", "10"), ("b", "11")]).isEmpty)
    }

    @Test(
        "versions are numbers, whatever their length",
        arguments: [
            ("10", "9", true), ("9", "10", false), ("9", "9", false), ("1", "", true),
            ("18446744073709551617", "2", true),
        ])
    func versions(version: String, other: String, isNewer: Bool) {
        #expect(ResourceVersion.isNewer(version, than: other) == isNewer)
    }
}
