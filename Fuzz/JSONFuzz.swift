// Built by Scripts/fuzz.sh with the modules it imports, all of them instrumented.
@testable import KubernetesAPI

/// One run: bytes as JSON. What can be parsed is walked, copied, written and parsed again, and says the same each time.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let document: JSONDocument
    do { document = try JSONDocument(parsing: bytes) } catch {
        blackHole("\(error)")
        return 0
    }
    let text = document.root.text
    let copy = JSONDocument(copying: document.root, keeping: .everything)
    precondition(copy.root.text == text, "a copy differs")
    guard let again = text.withUnsafeBytes({ try? JSONDocument(parsing: $0) }) else {
        preconditionFailure("what was written is no JSON: \(String(decoding: text, as: UTF8.self))")
    }
    precondition(again.root.text == text, "what was written reads otherwise")
    let tree = JSONTree(document.root)
    blackHole(tree.text)
    // As it is kept of a pod, a node and anything else.
    for (apiVersion, kind) in [("v1", "Pod"), ("v1", "Node"), ("batch/v1", "Job")] where document.root.isObject {
        let object = ManifestObject(
            apiVersion: apiVersion, kind: kind, value: document.root, origin: ManifestOrigin(file: "fuzz"))
        let trimmed = object.trimmed(sharing: SharedValues())
        precondition(trimmed.key == object.key && trimmed.uid == object.uid, "a trimmed object has another name")
        precondition(trimmed.trimmed().value.text == trimmed.value.text, "trimming twice is not trimming once")
        compare(object, trimmed)
    }
    return 0
}

/// A pod and a node read the same before and after, whatever is wrong with them.
private func compare(_ object: ManifestObject, _ trimmed: ManifestObject) {
    var findings: [Finding] = []
    precondition(
        object.read(Pod.self, into: &findings) == trimmed.read(Pod.self, into: &findings) || object.kind != "Pod",
        "a trimmed pod reads otherwise")
    precondition(
        object.read(Node.self, into: &findings) == trimmed.read(Node.self, into: &findings) || object.kind != "Node",
        "a trimmed node reads otherwise")
}

/// Keeps the optimiser from dropping what nobody reads.
@inline(never)
private func blackHole<Value>(_: Value) {}
