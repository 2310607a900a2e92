import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI

/// A small kube-scheduler: takes pods of `default-scheduler` one by one, honours the pin on `metadata.name`, asks the extender for
/// the rest, and binds.
struct FakeScheduler: Sendable {
    let transport: InProcessTransport
    /// Nil: only pinned pods are bound.
    let extender: (any HTTPTransport)?

    func step() async {
        let (pods, nodes) = self.transport.withServer { ($0.objects(kind: "Pod"), $0.objects(kind: "Node")) }
        let names = nodes.compactMap { $0["metadata"]?["name"]?.string }
        for pod in pods where Self.isWaiting(pod) {
            if let pinned = Self.pinned(pod) {
                self.bind(pod, to: pinned)
            } else if let chosen = await self.chosen(pod, names) {
                self.bind(pod, to: chosen)
            }
        }
    }

    private static func isWaiting(_ pod: JSONTree) -> Bool {
        let spec = pod["spec"] ?? [:]
        return spec["nodeName"]?.string ?? "" == "" && (spec["schedulingGates"]?.elements ?? []).isEmpty
            && spec["schedulerName"]?.string ?? "default-scheduler" == "default-scheduler"
            && pod["metadata"]?["deletionTimestamp"] == nil
    }

    private static func pinned(_ pod: JSONTree) -> String? {
        let path = [
            "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms",
        ]
        let fields = pod["spec"]?[path: path]?.elements.first?["matchFields"]?.elements ?? []
        return fields.first { $0["key"] == "metadata.name" }?["values"]?.elements.first?.string
    }

    private func chosen(_ pod: JSONTree, _ names: [String]) async -> String? {
        guard let extender = self.extender else { return nil }
        let all = JSONTree.array(names.map { .string($0) })
        guard let filtered = await Self.ask(extender, "/filter", ["Pod": pod, "Nodes": .null, "NodeNames": all]),
            let passing = filtered["NodeNames"], let first = passing.elements.first?.string
        else { return nil }
        let scores = await Self.ask(extender, "/prioritize", ["Pod": pod, "Nodes": .null, "NodeNames": passing])
        let best = scores?.elements.max { ($0["Score"]?.integer ?? 0) < ($1["Score"]?.integer ?? 0) }
        return best?["Host"]?.string ?? first
    }

    private static func ask(_ extender: any HTTPTransport, _ path: String, _ body: JSONTree) async -> JSONTree? {
        let request = HTTPRequest(
            method: "POST", target: path, headers: ["Content-Type": "application/json"], body: body.bytes,
            limits: HTTPTimeLimits(total: .seconds(5)))
        guard let response = try? await extender.send(request), response.status == 200,
            let bytes = try? await response.body.collect(upTo: 16 << 20)
        else { return nil }
        return JSONTree(parsing: String(decoding: bytes, as: UTF8.self))
    }

    private func bind(_ pod: JSONTree, to node: String) {
        let metadata = pod["metadata"] ?? [:]
        let (namespace, name) = (metadata["namespace"]?.string ?? "", metadata["name"]?.string ?? "")
        var binding: JSONTree = [
            "metadata": ["name": .string(name)], "target": ["kind": "Node", "name": .string(node)],
        ]
        binding[path: ["metadata", "uid"]] = metadata["uid"]
        let request = HTTPRequest(
            method: "POST", target: "/api/v1/namespaces/\(namespace)/pods/\(name)/binding", body: binding.bytes)
        self.transport.withServer { _ = $0.handle(request) }
    }
}
