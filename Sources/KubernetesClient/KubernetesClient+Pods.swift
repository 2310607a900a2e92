import KubernetesAPI

extension KubernetesClient {
    /// Binds a pod to a node.
    ///
    /// - Parameter annotations: Merged into the pod's.
    /// - Throws: `refused` with 409 where the pod is another one, bound already, gated or being deleted.
    public func bind(
        _ namespace: String, _ name: String, uid: String, to node: String, annotations: [(String, String)] = []
    ) async throws(KubernetesError) {
        var binding: JSONTree = [
            "apiVersion": "v1", "kind": "Binding",
            "metadata": ["name": .string(name), "namespace": .string(namespace), "uid": .string(uid)],
            "target": ["apiVersion": "v1", "kind": "Node", "name": .string(node)],
        ]
        for (key, value) in annotations { binding[path: ["metadata", "annotations", key]] = .string(value) }
        try await self.create(binding, in: ResourcePath.pod(namespace, name).subresource("binding"))
    }

    /// Asks for a pod to be evicted; budgets hold.
    ///
    /// - Throws: `refused` with 429 and the cause `DisruptionBudget` where a budget forbids it now; that is not waited for.
    public func evict(
        _ namespace: String, _ name: String, uid: String, graceSeconds: Int64? = nil
    ) async throws(KubernetesError) {
        var options: JSONTree = ["preconditions": ["uid": .string(uid)]]
        options["gracePeriodSeconds"] = graceSeconds.map(JSONTree.integer)
        let eviction: JSONTree = [
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": ["name": .string(name), "namespace": .string(namespace)], "deleteOptions": options,
        ]
        let target = ResourcePath.pod(namespace, name).subresource("eviction").target
        _ = try await self.send("POST", target, body: eviction)
    }

    /// Sets `spec.replicas` through the scale subresource.
    public func scale(_ path: ResourcePath, to replicas: Int) async throws(KubernetesError) {
        try await self.patch(
            path.subresource("scale"), .merge, ["spec": ["replicas": .integer(Int64(replicas))]])
    }
}
