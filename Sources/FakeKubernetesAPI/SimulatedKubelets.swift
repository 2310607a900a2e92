import HTTPTransport
public import KubernetesAPI

/// All kubelets of a fake cluster: they run bound pods after a delay, refuse devices that are taken, and end pods whose grace is over.
///
/// `step` is called now and then; what happens depends on the server's objects and its clock alone.
public struct SimulatedKubelets: Sendable {
    /// Seconds from a binding to a running pod.
    public var startSeconds: Int64
    /// Seconds a pod takes to end once it is asked to, at most its grace.
    public var stopSeconds: Int64
    private var boundAt: [String: Int64] = [:]

    public init(startSeconds: Int64 = 1, stopSeconds: Int64 = 1) {
        self.startSeconds = startSeconds
        self.stopSeconds = stopSeconds
    }

    public mutating func step(_ server: inout FakeAPIServer) {
        let pods = server.objects(kind: "Pod").filter { $0[path: ["spec", "nodeName"]]?.string ?? "" != "" }
        let now = server.now()
        var holders: [String: Int64] = [:]
        for pod in pods where Self.phase(pod) == "Running" { holders[Self.node(pod), default: 0] += Self.gpus(pod) }
        for pod in pods {
            let uid = pod["metadata"]?["uid"]?.string ?? ""
            if pod["metadata"]?["deletionTimestamp"] != nil {
                let asked = self.boundAt["\(uid)/stop"] ?? now
                self.boundAt["\(uid)/stop"] = asked
                let grace = pod["metadata"]?["deletionGracePeriodSeconds"]?.integer ?? 0
                if now - asked >= min(self.stopSeconds, grace) { Self.delete(pod, &server) }
                continue
            }
            guard Self.phase(pod) == "Pending" else { continue }
            let since = self.boundAt[uid] ?? now
            self.boundAt[uid] = since
            guard now - since >= self.startSeconds else { continue }
            let (node, wanted) = (Self.node(pod), Self.gpus(pod))
            let free = Self.allocatable(node, server) - (holders[node] ?? 0)
            if wanted > free {
                Self.setStatus(pod, ["phase": "Failed", "reason": "UnexpectedAdmissionError"], &server)
            } else {
                holders[node, default: 0] += wanted
                Self.setStatus(
                    pod, ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]], &server)
            }
        }
    }

    private static func phase(_ pod: JSONTree) -> String { pod[path: ["status", "phase"]]?.string ?? "" }

    private static func node(_ pod: JSONTree) -> String { pod[path: ["spec", "nodeName"]]?.string ?? "" }

    private static func gpus(_ pod: JSONTree) -> Int64 {
        let containers = pod[path: ["spec", "containers"]]?.elements ?? []
        return containers.reduce(0) { sum, container in
            let amount = container[path: ["resources", "limits", "nvidia.com/gpu"]]
            return sum + (amount?.integer ?? amount?.string.flatMap(Int64.init) ?? 0)
        }
    }

    private static func allocatable(_ node: String, _ server: FakeAPIServer) -> Int64 {
        let object = server.objects(kind: "Node").first { $0["metadata"]?["name"]?.string == node }
        let amount = object?[path: ["status", "allocatable", "nvidia.com/gpu"]]
        return amount?.integer ?? amount?.string.flatMap(Int64.init) ?? 0
    }

    private static func path(_ pod: JSONTree) -> String {
        let metadata = pod["metadata"]
        return "/api/v1/namespaces/\(metadata?["namespace"]?.string ?? "")/pods/\(metadata?["name"]?.string ?? "")"
    }

    private static func setStatus(_ pod: JSONTree, _ status: JSONTree, _ server: inout FakeAPIServer) {
        let patch: JSONTree = ["status": status]
        _ = server.handle(
            HTTPRequest(
                method: "PATCH", target: Self.path(pod) + "/status",
                headers: ["Content-Type": "application/strategic-merge-patch+json"], body: patch.bytes))
    }

    private static func delete(_ pod: JSONTree, _ server: inout FakeAPIServer) {
        _ = server.handle(HTTPRequest(method: "DELETE", target: Self.path(pod) + "?gracePeriodSeconds=0"))
    }
}

extension FakeAPIServer {
    /// Every object of a kind, in list order.
    public func objects(kind: String) -> [JSONTree] {
        self.kinds.filter { $0.kind == kind }.flatMap { kind in
            self.store.objects(of: kind, namespace: nil, at: self.store.version)?.map(\.object) ?? []
        }
    }
}
