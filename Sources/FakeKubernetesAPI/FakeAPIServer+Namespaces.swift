import KubernetesAPI

/// Namespaces end in two steps: marked by a delete, gone when their last finalizer is off and nothing is left in them.
extension FakeAPIServer {
    mutating func terminate(_ target: RequestTarget, _ name: String) throws(APIFailure) -> JSONTree {
        let namespace = try self.existing(target, name)
        if ["default", "kube-system", "kube-public"].contains(name) {
            throw .forbidden(target.kind, name, "this namespace may not be deleted")
        }
        if target.isDryRun || namespace["metadata"]?["deletionTimestamp"] != nil { return namespace }
        var marked = namespace
        marked[path: ["metadata", "deletionTimestamp"]] = self.timestamp
        marked[path: ["status", "phase"]] = "Terminating"
        let written = self.store.write(marked, at: target.key(name)) ?? .null
        self.emptyNamespace(name)
        if (namespace[path: ["spec", "finalizers"]]?.elements ?? []).allSatisfy({ $0 == "kubernetes" }) {
            self.store.write(nil, at: target.key(name))
        }
        return written
    }

    /// What the namespace controller does: everything in it goes at once.
    private mutating func emptyNamespace(_ name: String) {
        for key in self.store.objects.keys.filter({ $0.namespace == name }).sorted() { self.store.write(nil, at: key) }
    }

    mutating func finalize(
        _ target: RequestTarget, _ name: String, _ sent: JSONTree
    ) throws(APIFailure) -> JSONTree {
        let old = try self.existing(target, name)
        var namespace = old
        for field in ["labels", "annotations"] { namespace[path: ["metadata", field]] = sent["metadata"]?[field] }
        namespace[path: ["metadata", "labels", "kubernetes.io/metadata.name"]] = .string(name)
        let finalizers = sent[path: ["spec", "finalizers"]]?.elements ?? []
        namespace["spec"] = finalizers.isEmpty ? [:] : ["finalizers": .array(finalizers)]
        self.noteOwnership(target, old: old, &namespace)
        if finalizers.isEmpty, namespace["metadata"]?["deletionTimestamp"] != nil {
            self.store.write(nil, at: target.key(name))
            return namespace
        }
        return self.store.write(namespace, at: target.key(name)) ?? .null
    }
}
