import KubernetesAPI
import SchedulingModel

/// `ExtenderArgs` or `ExtenderPreemptionArgs`, as far as they are read, and the answers that repeat parts of them.
struct ExtenderRequest {
    struct Candidate {
        let node: NodeName
        let uids: [String]
        let budgetViolations: Int64
    }

    let pod: JSONValue
    let names: [NodeName]
    /// Sorted by node name.
    let victims: [Candidate]
    /// Whole nodes, where the scheduler sends these in place of names.
    private let nodes: [JSONValue]?

    init(_ body: [UInt8]) throws(SchedulerExtender.Refusal) {
        guard let document = body.withUnsafeBytes({ try? JSONDocument(parsing: $0) }), document.root.isObject else {
            throw .unreadable("body: found \(body.count) bytes that are no JSON object, expected ExtenderArgs")
        }
        let root = document.root
        guard let pod = root["Pod"], pod.isObject, pod["metadata"]?["name"]?.string != nil else {
            throw .unreadable("Pod: expected a pod with a name")
        }
        self.pod = pod
        let names = root["NodeNames"].flatMap { $0.kind == .array ? $0.elements.compactMap(\.string) : nil }
        let nodes = root["Nodes"]?["items"].flatMap { $0.kind == .array ? Array($0.elements) : nil }
        self.nodes = names == nil ? nodes : nil
        self.names = (names ?? nodes?.map { $0["metadata"]?["name"]?.string ?? "" } ?? []).map(NodeName.init)
        let meta = Self.candidates(root["NodeNameToMetaVictims"]) { $0["UID"]?.string }
        let full = Self.candidates(root["NodeNameToVictims"]) { $0["metadata"]?["uid"]?.string }
        self.victims = (meta.isEmpty ? full : meta).sorted { $0.node < $1.node }
    }

    private static func candidates(_ value: JSONValue?, uid: (JSONValue) -> String?) -> [Candidate] {
        value?.members.map { name, victims in
            Candidate(
                node: NodeName(name), uids: victims["Pods"]?.elements.compactMap(uid) ?? [],
                budgetViolations: victims["NumPDBViolations"]?.integer ?? 0)
        } ?? []
    }

    var uid: String { self.pod["metadata"]?["uid"]?.string ?? "" }

    /// Whether a resource or an annotation could mean a device; a cheap look before anything is imported.
    var mayAskForDevices: Bool {
        let spec = self.pod["spec"]
        let containers = ["containers", "initContainers"].flatMap { key in
            spec?[key].map { Array($0.elements) } ?? []
        }
        let asks = containers.contains { container in
            ["limits", "requests"].contains { kind in
                container["resources"]?[kind]?.members.contains { $0.key.utf8.contains(UInt8(ascii: "/")) } ?? false
            }
        }
        return asks || self.pod["metadata"]?["annotations"]?.members.contains { _ in true } ?? false
    }

    // MARK: Answers

    func answer(passing isPassing: (NodeName) -> Bool) -> [UInt8] {
        self.answer(self.names.map { isPassing($0) ? .fits : .busy("") })
    }

    func answer(failing why: String) -> [UInt8] { self.answer(self.names.map { _ in .busy(why) }) }

    /// Every node that was asked about is in exactly one of the lists. Names come back as an array even when none passes: null would
    /// mean something else.
    func answer(_ verdicts: [ExtenderView.Verdict]) -> [UInt8] {
        var writer = JSONWriter()
        let passing = verdicts.indices.filter { verdicts[$0] == .fits }
        if let nodes = self.nodes {
            writer.write(raw: #"{"Nodes":{"metadata":{},"items":["#.utf8)
            writer.writeList(passing) { writer, index in writer.write(raw: nodes[index].text) }
            writer.write(raw: #"]},"NodeNames":null"#.utf8)
        } else {
            writer.write(raw: #"{"Nodes":null,"NodeNames":["#.utf8)
            writer.writeList(passing) { writer, index in writer.write(string: self.names[index].rawValue) }
            writer.write(UInt8(ascii: "]"))
        }
        writer.write(raw: #","FailedNodes":{"#.utf8)
        self.write(to: &writer) { if case .busy(let why) = verdicts[$0] { why } else { nil } }
        writer.write(raw: #"},"FailedAndUnresolvableNodes":{"#.utf8)
        self.write(to: &writer) { if case .never(let why) = verdicts[$0] { why } else { nil } }
        writer.write(raw: #"},"Error":""}"#.utf8)
        return writer.bytes
    }

    /// Members `"node":"why"` for the nodes that have a reason.
    private func write(to writer: inout JSONWriter, reason: (Int) -> String?) {
        let reasons = self.names.indices.compactMap { index in reason(index).map { (self.names[index], $0) } }
        writer.writeList(reasons) { writer, entry in
            writer.write(string: entry.0.rawValue)
            writer.write(UInt8(ascii: ":"))
            writer.write(string: entry.1)
        }
    }

    /// `HostPriorityList`.
    func answer(scores: [Int]) -> [UInt8] {
        var writer = JSONWriter()
        writer.write(UInt8(ascii: "["))
        writer.writeList(Array(zip(self.names, scores))) { writer, entry in
            writer.write(raw: #"{"Host":"#.utf8)
            writer.write(string: entry.0.rawValue)
            writer.write(raw: #","Score":\#(entry.1)}"#.utf8)
        }
        writer.write(UInt8(ascii: "]"))
        return writer.bytes
    }
}

extension JSONWriter {
    /// Elements with commas between them.
    fileprivate mutating func writeList<Element>(
        _ elements: [Element], _ write: (inout JSONWriter, Element) -> Void
    ) {
        for (position, element) in elements.enumerated() {
            if position > 0 { self.write(UInt8(ascii: ",")) }
            write(&self, element)
        }
    }
}
