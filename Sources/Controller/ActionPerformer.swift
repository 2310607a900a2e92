import ClusterImport
import ControlLoop
import KubernetesAPI
import KubernetesClient
import SchedulingModel

/// Performs the loop's actions on the API server. Each is one call, or two where an event goes with it.
struct ActionPerformer: Sendable {
    /// Fenced, so that nothing is written once another replica may lead.
    let client: KubernetesClient
    let cache: ClusterCache
    let configuration: BerthConfiguration
    /// `2026-11-26T10:00:00.000000Z`.
    let timestamp: @Sendable () -> String
    /// The name of this process in events.
    let instance: String

    /// - Parameters:
    ///   - known: The pod as it was imported last.
    ///   - sentence: Why it waits, for a person.
    func perform(_ action: Action, known: PodState?, sentence: String) async -> ActionResult {
        let target = action.target
        switch action.kind {
        case .release(_, let assignment):
            return await Self.result { () async throws(KubernetesError) in try await self.release(target, assignment) }
        case .bind(_, let assignment):
            return await Self.result { () async throws(KubernetesError) in try await self.bind(target, assignment) }
        case .evict:
            return await Self.result { () async throws(KubernetesError) in
                try await self.client.evict(target.key.namespace, target.key.name, uid: target.uid)
                return .succeeded
            }
        case .explain(_, let pending):
            return await Self.result { () async throws(KubernetesError) in
                try await self.explain(target, pending, sentence)
            }
        case .nominate(_, let node):
            return await Self.result { () async throws(KubernetesError) in try await self.nominate(target, node) }
        case .read:
            return await Self.result { () async throws(KubernetesError) in try await self.read(target, known) }
        }
    }

    // MARK: Calls

    private func path(_ target: PodTarget) -> ResourcePath { .pod(target.key.namespace, target.key.name) }

    private func release(_ target: PodTarget, _ assignment: Assignment) async throws(KubernetesError) -> ActionResult {
        let key = ManifestObject.Key(namespace: target.key.namespace, name: target.key.name)
        guard let pod = self.cache.object(.pods, key), pod.uid == target.uid,
            let patch = ReleasePatch(
                pod: pod.value, gate: self.configuration.placementGate, assignment: assignment)
        else { return .conflict }
        try await self.client.patch(self.path(target), .json, patch.operations)
        return .succeeded
    }

    private func bind(_ target: PodTarget, _ assignment: Assignment) async throws(KubernetesError) -> ActionResult {
        let annotations = DeviceAnnotation(assignment.devices).map { [(DeviceAnnotation.key, $0.text)] } ?? []
        try await self.client.bind(
            target.key.namespace, target.key.name, uid: target.uid, to: assignment.node.rawValue,
            annotations: annotations)
        return .succeeded
    }

    /// Where a restart, and any other scheduler, finds that the room is kept.
    private func nominate(_ target: PodTarget, _ node: NodeName?) async throws(KubernetesError) -> ActionResult {
        let name: JSONTree = node.map { .string($0.rawValue) } ?? .null
        let patch: JSONTree = ["metadata": ["uid": .string(target.uid)], "status": ["nominatedNodeName": name]]
        try await self.client.patch(self.path(target).subresource("status"), .strategic, patch)
        return .succeeded
    }

    /// A pod that we bind says `PodScheduled=False/Unschedulable`, as it would by any scheduler, so that autoscalers see its demand. A
    /// gated one keeps the server's own condition and gets ours beside it.
    private func explain(
        _ target: PodTarget, _ pending: PendingPod, _ sentence: String
    ) async throws(KubernetesError) -> ActionResult {
        let key = ManifestObject.Key(namespace: target.key.namespace, name: target.key.name)
        guard let pod = self.cache.object(.pods, key), pod.uid == target.uid else { return .conflict }
        let isOurs = pod.value["spec"]?["schedulerName"]?.string == PodDoor.schedulerName
        let isGated = !PodDoor.gates(of: pod.value).isEmpty
        let text = String(sentence.prefix(1000))
        var conditions: [JSONTree] = [
            self.condition(.string(GroupTeller.conditionType), reason: pending.reason.rawValue, text)
        ]
        if isOurs, !isGated { conditions.append(self.condition("PodScheduled", reason: "Unschedulable", text)) }
        let patch: JSONTree = [
            "metadata": ["uid": .string(target.uid)], "status": ["conditions": .array(conditions)],
        ]
        try await self.client.patch(self.path(target).subresource("status"), .strategic, patch)
        // An event that is lost costs nothing; the condition stays.
        _ = try? await self.client.create(
            self.event(target, pending.reason.rawValue, text), in: ClusterEvent.path(target.key.namespace))
        return .succeeded
    }

    private func condition(_ type: JSONTree, reason: String, _ text: String) -> JSONTree {
        [
            "type": type, "status": "False", "reason": .string(reason), "message": .string(text),
            "lastTransitionTime": .string(Timestamp.wholeSeconds(self.timestamp())),
        ]
    }

    private func event(_ target: PodTarget, _ reason: String, _ note: String) -> JSONTree {
        ClusterEvent(
            apiVersion: "v1", kind: "Pod", namespace: target.key.namespace, name: target.key.name, uid: target.uid,
            reason: reason, note: note, isWarning: true
        ).tree(at: self.timestamp(), by: self.instance)
    }

    private func read(_ target: PodTarget, _ known: PodState?) async throws(KubernetesError) -> ActionResult {
        let document = try await self.client.get(self.path(target))
        let object = ManifestObject(
            apiVersion: "v1", kind: "Pod", value: document.root, origin: ManifestOrigin(file: self.path(target).target)
        ).trimmed()
        guard let known else { return .notFound }
        _ = self.cache.take(.upserted(object), of: .pods)
        return .found(PodDoor(configuration: self.configuration).refreshed(known, by: object))
    }

    // MARK: Answers

    private static func result(_ call: () async throws(KubernetesError) -> ActionResult) async -> ActionResult {
        do throws(KubernetesError) { return try await call() } catch { return Self.result(of: error) }
    }

    static func result(of error: KubernetesError) -> ActionResult {
        switch error {
        case .transport: return error.isCertainlyUndone ? .unavailable : .unknown
        case .unreadable: return .unknown
        case .credentials, .fenced: return .unavailable
        case .refused(let status):
            switch status.code {
            case 404: return .notFound
            case 409: return .conflict
            // A test of the patch did not hold.
            case 422 where status.causes.isEmpty: return .conflict
            case 429 where status.causes.contains { $0.reason == "DisruptionBudget" }: return .rejected(status.message)
            case 401, 429: return .unavailable
            case 500...: return .unknown
            default: return .rejected("\(status)")
            }
        }
    }
}
