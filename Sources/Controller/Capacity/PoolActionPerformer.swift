import CloudProviders
import ControlLoop
import FoundationEssentials
import KubernetesAPI
import KubernetesClient
import SchedulingModel

/// Performs the loop's pool actions: claims, taints and marks on the API server, the rest at the provider.
struct PoolActionPerformer: Sendable {
    /// Fenced, so that nothing is written once another replica may lead.
    let client: KubernetesClient
    let fence: LeadershipFence
    /// Nil: nothing is bought here, and pods are only told what becomes of their nodes.
    let provider: (any NodePoolProvider)?
    /// Where claims are.
    let namespace: String
    let timestamp: @Sendable () -> String
    /// The name of this process in events.
    let instance: String

    /// `2026-11-26T10:00:00Z`, or `unknown` where no time is known: when the pod's node is taken from it.
    static let checkpointAnnotation = "berth.dev/checkpoint-by"

    func perform(_ action: PoolAction) async -> PoolResult {
        switch action.kind {
        case .record, .forget, .taint, .mark:
            do throws(KubernetesError) { return try await self.write(action.kind) } catch {
                return Self.result(of: error)
            }
        case .launch, .delete, .list:
            guard self.fence.isOpen, let provider = self.provider else { return .unavailable }
            do throws(NodePoolError) { return try await Self.ask(provider, action.kind) } catch {
                return Self.result(of: error)
            }
        }
    }

    private func write(_ kind: PoolAction.Kind) async throws(KubernetesError) -> PoolResult {
        switch kind {
        case .record(let claim): try await self.record(claim)
        case .forget(let claim): try await self.forget(claim)
        case .taint(let node, let taint, let isPresent): try await self.taint(node, taint, isPresent: isPresent)
        case .mark(let target, let mark): try await self.mark(target, mark)
        case .launch, .delete, .list: .unavailable
        }
    }

    private static func ask(
        _ provider: any NodePoolProvider, _ kind: PoolAction.Kind
    ) async throws(NodePoolError) -> PoolResult {
        switch kind {
        case .launch(let claim):
            let request = LaunchRequest(
                pool: claim.pool, offering: claim.offering, count: claim.count, clientToken: claim.token)
            return .launched(try await provider.grow(request).map(\.id).sorted())
        case .delete(let pool, let machines):
            try await provider.delete(machines, of: pool)
            return .succeeded
        case .list(let pool):
            let machines = try await provider.machines(of: pool)
            return .machines(
                machines.map { ListedMachine(id: $0.id, offering: $0.offering, token: $0.clientToken) })
        case .record, .forget, .taint, .mark: return .unavailable
        }
    }

    // MARK: API server

    private func path(_ claim: LaunchClaim) -> ResourcePath {
        var path = LaunchClaimObject.collection(self.namespace)
        path.name = claim.token
        return path
    }

    private func record(_ claim: LaunchClaim) async throws(KubernetesError) -> PoolResult {
        let object = LaunchClaimObject.json(claim, namespace: self.namespace)
        let written =
            claim.version == 0
            ? try await self.client.create(object, in: LaunchClaimObject.collection(self.namespace))
            : try await self.client.replace(self.path(claim), by: object)
        guard let version = written.root["metadata"]?["resourceVersion"]?.string.flatMap({ UInt64($0) }) else {
            return .unknown
        }
        return .recorded(version: version)
    }

    private func forget(_ claim: LaunchClaim) async throws(KubernetesError) -> PoolResult {
        try await self.client.delete(
            self.path(claim), preconditions: ["resourceVersion": .string(String(claim.version))])
        return .succeeded
    }

    /// A list of taints has no merge: the whole of it is written, and only over the version that was read.
    private func taint(_ name: NodeName, _ taint: Taint, isPresent: Bool) async throws(KubernetesError) -> PoolResult {
        let path = ResourcePath.node(name.rawValue)
        let node = JSONTree(try await self.client.get(path).root)
        let known = node[path: ["spec", "taints"]]?.elements ?? []
        var taints = known.filter { $0["key"]?.string != taint.key }
        if isPresent {
            var entry: JSONTree = ["key": .string(taint.key), "effect": .string(taint.effect.rawValue)]
            if !taint.value.isEmpty { entry["value"] = .string(taint.value) }
            taints.append(entry)
        } else if taints.count == known.count {
            return .succeeded
        }
        let version = node[path: ["metadata", "resourceVersion"]] ?? .null
        try await self.client.patch(
            path, .merge, ["metadata": ["resourceVersion": version], "spec": ["taints": .array(taints)]])
        return .succeeded
    }

    private func mark(_ target: PodTarget, _ mark: CheckpointMark) async throws(KubernetesError) -> PoolResult {
        let time = mark.byMillis.map(Timestamp.text) ?? "unknown"
        try await self.client.patch(
            .pod(target.key.namespace, target.key.name), .merge,
            [
                "metadata": [
                    "uid": .string(target.uid),
                    "annotations": .object([.init(Self.checkpointAnnotation, .string(time))]),
                ]
            ])
        // An event that is lost costs nothing; the annotation stays.
        let event = ClusterEvent(
            apiVersion: "v1", kind: "Pod", namespace: target.key.namespace, name: target.key.name, uid: target.uid,
            reason: "NodeInterrupted", note: "node \(mark.node) is taken back by its cloud; checkpoint by \(time)",
            isWarning: true, action: "Interrupting")
        _ = try? await self.client.create(
            event.tree(at: self.timestamp(), by: self.instance), in: ClusterEvent.path(event.namespace))
        return .succeeded
    }

    // MARK: Answers

    private static func result(of error: KubernetesError) -> PoolResult {
        switch ActionPerformer.result(of: error) {
        case .succeeded, .found: .succeeded
        case .conflict: .conflict
        case .notFound: .notFound
        case .rejected(let why): .rejected(why)
        case .unavailable: .unavailable
        case .unknown: .unknown
        }
    }

    private static func result(of error: NodePoolError) -> PoolResult {
        switch error.code {
        case .noCapacity: .refused(.noCapacity)
        case .quota: .refused(.quota)
        case .denied: .refused(.denied)
        case .invalid: .refused(.invalid)
        case .throttled, .transient: .unknown
        case .inProgress: .underWay
        }
    }
}
