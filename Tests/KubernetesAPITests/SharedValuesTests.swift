import Foundation
import Testing

@testable import KubernetesAPI

@Suite("Parts that many objects have in common")
struct SharedValuesTests {
    private func pod(_ name: String, cpu: String = "1", label: String = "x") throws -> ManifestObject {
        let text = """
            {apiVersion: v1, kind: Pod, metadata: {name: \(name), labels: {app: \(label), team: someone-with-a-long-name, \
            tier: backend, part-of: something-larger, managed-by: a-controller}}, \
            spec: {containers: [{name: main, resources: {requests: {cpu: \(cpu), memory: 1Gi}, limits: {memory: 1Gi}}}], \
            tolerations: [{key: a, operator: Exists}, {key: b, operator: Exists}, {key: c, operator: Exists}]}}
            """
        return try #require(ManifestReader.read(text, file: "test").objects.first)
    }

    private func read(_ object: ManifestObject) -> (pod: Pod?, findings: [String]) {
        var findings: [Finding] = []
        let pod = object.read(Pod.self, into: &findings)
        return (pod, findings.map(\.description))
    }

    private func document(_ object: ManifestObject, _ path: String...) -> JSONDocument? {
        path.reduce(object.value as JSONValue?) { $0?[$1] }?.document
    }

    @Test("equal parts of two objects are one document, unequal ones and other fields are not")
    func sharing() throws {
        let shared = SharedValues()
        let one = try self.pod("a").trimmed(sharing: shared)
        let two = try self.pod("b").trimmed(sharing: shared)
        let other = try self.pod("c", cpu: "2").trimmed(sharing: shared)
        #expect(one.key.name == "a" && two.key.name == "b")
        for path in [["spec", "containers"], ["spec", "tolerations"], ["metadata", "labels"]] {
            let documents = [one, two, other].map { object in
                path.reduce(object.value as JSONValue?) { $0?[$1] }?.document
            }
            #expect(documents[0] === documents[1])
            #expect(documents[0] !== one.value.document)
            #expect((documents[0] === documents[2]) == (path[1] != "containers"))
        }
        #expect(self.read(one).pod?.spec == self.read(two).pod?.spec)
        #expect(self.read(one).pod?.spec != self.read(other).pod?.spec)
        #expect(self.read(other).pod == self.read(try self.pod("c", cpu: "2")).pod)
    }

    @Test("what was shared is let go with the last object and the table")
    func lifetime() throws {
        weak var containers: JSONDocument?
        do {
            let object: ManifestObject
            do {
                let shared = SharedValues()
                object = try self.pod("a").trimmed(sharing: shared)
                // Copied once more, with the same rule and with none.
                _ = object.trimmed(sharing: shared)
                _ = JSONDocument(copying: object.value, keeping: .everything)
            }
            containers = self.document(object, "spec", "containers")
            #expect(containers != nil)
            #expect(self.read(object).pod != nil)
        }
        #expect(containers == nil)
    }

    @Test("what is wrong with a shared part is told of every object, at its place")
    func findings() throws {
        let shared = SharedValues()
        for name in ["a", "b", "c"] {
            let object = try self.pod(name, cpu: "nonsense")
            let trimmed = object.trimmed(sharing: shared)
            #expect(self.read(object).findings.count == 1)
            #expect(self.read(trimmed).findings == self.read(object).findings)
            #expect(self.read(trimmed).pod?.hasErrors == true)
        }
    }

    @Test("objects of a real cluster read the same, copied again or not, and say the same as text")
    func realCluster() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("examples/eks-p4d.json"))
        let shared = SharedValues()
        for object in data.withUnsafeBytes({ ManifestReader.read($0, file: "dump") }).objects {
            let plain = object.trimmed()
            let trimmed = object.trimmed(sharing: shared)
            #expect(trimmed.value.text == plain.value.text)
            #expect(trimmed.trimmed(sharing: shared).value.text == plain.value.text)
            #expect(trimmed.trimmed().value.text == plain.value.text)
            #expect(JSONDocument(copying: trimmed.value, keeping: .everything).root.text == plain.value.text)
            if object.kind == "Pod" { #expect(self.read(trimmed).pod == self.read(object).pod) }
        }
    }

    @Test("a parser uses its memory again only when nobody reads what stands there")
    func parser() throws {
        var parser = JSONParser()
        var kept: [JSONDocument] = []
        for round in 0..<200 {
            let text = #"{"round":\#(round),"text":"\#(String(repeating: "y", count: round * 7))"}"#
            let document = try Array(text.utf8).withUnsafeBytes { try parser.parse($0) }
            #expect(document.root.text == Array(text.utf8))
            if round % 3 == 0 { kept.append(document) }
        }
        for (index, document) in kept.enumerated() { #expect(document.root["round"]?.integer == Int64(index * 3)) }
        #expect(throws: JSONSyntaxError.self) { try Array("{".utf8).withUnsafeBytes { try parser.parse($0) } }
        #expect(try Array("[1]".utf8).withUnsafeBytes { try parser.parse($0) }.root.elements.map(\.integer) == [1])
    }
}
