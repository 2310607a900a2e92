import KubernetesAPI
import KubernetesClient

/// An event about one object, as `events.k8s.io/v1` has it.
struct ClusterEvent {
    let apiVersion: String
    let kind: String
    let namespace: String
    let name: String
    let uid: String
    let reason: String
    let note: String
    let isWarning: Bool
    /// What we were about.
    var action = "Placing"

    static func path(_ namespace: String) -> ResourcePath {
        ResourcePath(apiVersion: "events.k8s.io/v1", plural: "events", namespace: namespace)
    }

    /// - Parameter instance: Which of our processes says so.
    func tree(at timestamp: String, by instance: String) -> JSONTree {
        [
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": [
                "generateName": .string(String(self.name.prefix(200)) + "."), "namespace": .string(self.namespace),
            ],
            "eventTime": .string(timestamp), "reportingController": "berth.dev/controller",
            "reportingInstance": .string(String(instance.prefix(128))), "action": .string(self.action),
            "reason": .string(self.reason), "type": self.isWarning ? "Warning" : "Normal", "note": .string(self.note),
            "regarding": [
                "apiVersion": .string(self.apiVersion), "kind": .string(self.kind),
                "namespace": .string(self.namespace), "name": .string(self.name), "uid": .string(self.uid),
            ],
        ]
    }
}
