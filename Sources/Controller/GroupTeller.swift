import KubernetesAPI
import KubernetesClient

/// Writes what there is to tell about a gang on the object that declares it: an event, and a condition where the kind
/// has room for one that is ours.
///
/// Kubernetes' own pod groups keep conditions by type, so ours is applied beside the others'. The status of
/// scheduler-plugins' groups has no conditions, and those of Volcano and KAI are lists that their own controllers write
/// whole: there the event is all.
struct GroupTeller: Sendable {
    static let kubernetes = "scheduling.k8s.io"
    static let conditionType = "berth.dev/Placed"

    /// Fenced.
    let client: KubernetesClient
    let timestamp: @Sendable () -> String
    let instance: String

    static func condition(of object: ManifestObject) -> JSONValue? {
        object.value["status"]?["conditions"]?.elements.first { $0["type"]?.string == Self.conditionType }
    }

    func tell(_ notice: GroupNotice) async throws(KubernetesError) {
        let text = String(notice.text.prefix(1000))
        if notice.path.apiVersion.hasPrefix(Self.kubernetes + "/") {
            try await self.client.patch(
                notice.path.subresource("status"), .apply, self.status(notice, text), isForced: true)
        }
        let event = ClusterEvent(
            apiVersion: notice.object.apiVersion, kind: notice.object.kind, namespace: notice.path.namespace ?? "",
            name: notice.path.name ?? "", uid: notice.object.uid, reason: notice.reason, note: text,
            isWarning: !notice.isPlaced)
        try await self.client.create(
            event.tree(at: self.timestamp(), by: self.instance), in: ClusterEvent.path(event.namespace))
    }

    private func status(_ notice: GroupNotice, _ text: String) -> JSONTree {
        let status = notice.isPlaced ? "True" : "False"
        let old = Self.condition(of: notice.object)
        let isSame = old?["status"]?.string == status
        let since = isSame ? old?["lastTransitionTime"]?.string : nil
        return [
            "apiVersion": .string(notice.object.apiVersion), "kind": .string(notice.object.kind),
            "metadata": [
                "name": .string(notice.path.name ?? ""), "namespace": .string(notice.path.namespace ?? ""),
                "uid": .string(notice.object.uid),
            ],
            "status": [
                "conditions": [
                    [
                        "type": .string(Self.conditionType), "status": .string(status),
                        "reason": .string(notice.reason), "message": .string(text),
                        "lastTransitionTime": .string(since ?? Timestamp.wholeSeconds(self.timestamp())),
                    ]
                ]
            ],
        ]
    }
}
