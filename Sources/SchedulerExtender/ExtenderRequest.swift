import ExtenderDecisions
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
    /// Of the nodes that are asked about, in the request's order.
    let names: JSONStrings
    /// Sorted by node name.
    let victims: [Candidate]
    /// Whole nodes, as many as names, where the scheduler sends these in place of names.
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
        if let names = root["NodeNames"].flatMap({ JSONStrings(elementsOf: $0) }) {
            self.names = names
            self.nodes = nil
        } else {
            let named = root["Nodes"]?["items"]?.elements.compactMap { node in
                node["metadata"]?["name"].map { (node: node, name: $0) }
            }
            let nodes = named?.filter { $0.name.kind == .string } ?? []
            self.names = JSONStrings(nodes.map(\.name), of: document)
            self.nodes = root["Nodes"]?["items"]?.kind == .array ? nodes.map(\.node) : nil
        }
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

    /// Positions of the nodes that are asked about; nil for those that the plan does not hold.
    func positions(in view: ExtenderView) -> [Int?] {
        var positions: [Int?] = []
        positions.reserveCapacity(self.names.count)
        self.names.forEachBytes { positions.append(view.position(ofNodeNamed: $0)) }
        return positions
    }

    // MARK: Answers

    /// The same for every node.
    func answer(_ verdict: ExtenderView.Verdict) -> [UInt8] {
        self.answer([ExtenderView.Verdict](repeating: verdict, count: self.names.count))
    }

    /// Every node that was asked about is in exactly one of the lists. Names come back as an array even when none passes: null would
    /// mean something else.
    func answer(_ verdicts: [ExtenderView.Verdict]) -> [UInt8] {
        var writer = JSONWriter(capacity: 256 + 64 * verdicts.count)
        let passing = verdicts.indices.lazy.filter { verdicts[$0] == .fits }
        if let nodes = self.nodes {
            writer.write(literal: #"{"Nodes":{"metadata":{},"items":["#)
            writer.writeList(passing) { writer, index in writer.write(raw: nodes[index].text) }
            writer.write(literal: #"]},"NodeNames":null"#)
        } else {
            writer.write(literal: #"{"Nodes":null,"NodeNames":["#)
            writer.writeList(passing) { writer, index in self.names.write(index, to: &writer) }
            writer.write(UInt8(ascii: "]"))
        }
        writer.write(literal: #","FailedNodes":{"#)
        self.write(to: &writer, verdicts.lazy.map(\.causeOfNow))
        writer.write(literal: #"},"FailedAndUnresolvableNodes":{"#)
        self.write(to: &writer, verdicts.lazy.map(\.causeForGood))
        writer.write(literal: #"},"Error":""}"#)
        return writer.bytes
    }

    /// Members `"node":"cause"` for the nodes that have one.
    private func write(to writer: inout JSONWriter, _ causes: some Sequence<ExtenderView.Cause?>) {
        let entries = causes.enumerated().lazy.compactMap { index, cause in cause.map { (index, $0) } }
        writer.writeList(entries) { writer, entry in
            self.names.write(entry.0, to: &writer)
            writer.write(UInt8(ascii: ":"))
            writer.write(string: entry.1.text)
        }
    }

    /// `HostPriorityList`.
    func answer(scores: [Int]) -> [UInt8] {
        var writer = JSONWriter(capacity: 16 + 64 * scores.count)
        writer.write(UInt8(ascii: "["))
        writer.writeList(scores.indices) { writer, index in
            writer.write(literal: #"{"Host":"#)
            self.names.write(index, to: &writer)
            writer.write(literal: #","Score":"#)
            writer.write(raw: String(scores[index]).utf8)
            writer.write(UInt8(ascii: "}"))
        }
        writer.write(UInt8(ascii: "]"))
        return writer.bytes
    }
}

extension JSONWriter {
    /// Elements with commas between them.
    fileprivate mutating func writeList<Elements: Sequence>(
        _ elements: Elements, _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        var isFirst = true
        for element in elements {
            if !isFirst { self.write(UInt8(ascii: ",")) }
            isFirst = false
            write(&self, element)
        }
    }
}

extension ExtenderView.Verdict {
    fileprivate var causeOfNow: ExtenderView.Cause? { if case .busy(let cause) = self { cause } else { nil } }

    fileprivate var causeForGood: ExtenderView.Cause? { if case .never(let cause) = self { cause } else { nil } }
}
