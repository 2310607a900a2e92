import ClusterImport
import KubernetesAPI
import KubernetesClient

/// Calls of the management cluster. The version of Cluster API is what the server prefers: the fields used here are the same in v1beta1
/// and v1beta2.
struct ClusterAPIObjects: Sendable {
    private static let apiGroup = "cluster.x-k8s.io"

    let client: KubernetesClient
    let namespace: String
    let kind: ProviderSetting.ClusterAPIGroups.Kind

    private var plural: String {
        switch self.kind {
        case .machineDeployment: "machinedeployments"
        case .machinePool: "machinepools"
        }
    }

    /// On Machines: names the group that they belong to.
    private var groupLabel: String {
        switch self.kind {
        case .machineDeployment: "\(Self.apiGroup)/deployment-name"
        case .machinePool: "\(Self.apiGroup)/pool-name"
        }
    }

    private func path(_ plural: String, _ name: String? = nil) async throws(KubernetesError) -> ResourcePath {
        let group = try await self.client.send("GET", "/apis/\(Self.apiGroup)").root
        guard let version = group["preferredVersion"]?["groupVersion"]?.string else {
            throw .unreadable("no preferred version of \(Self.apiGroup)")
        }
        return ResourcePath(apiVersion: version, plural: plural, namespace: self.namespace, name: name)
    }

    // MARK: Groups

    func group(_ name: String) async throws(NodePoolConflict) -> ScalableGroup {
        do throws(KubernetesError) {
            let object = try await self.client.get(try await self.path(self.plural, name)).root
            guard let group = ScalableGroup(object) else { throw .unreadable("\(self.kind.rawValue) \(name)") }
            return group
        } catch { throw .failure(NodePoolError(error)) }
    }

    func record(_ name: String) async throws(NodePoolError) -> ScalingRecord {
        do throws(NodePoolConflict) { return try await self.group(name).record ?? ScalingRecord() } catch {
            guard case .failure(let failure) = error else { throw NodePoolError(.transient) }
            throw failure
        }
    }

    func write(_ patch: JSONTree, to name: String) async throws(NodePoolConflict) {
        do throws(KubernetesError) {
            try await self.client.patch(try await self.path(self.plural, name), .merge, patch)
        } catch {
            if error.status?.code == 409 { throw .written }
            throw .failure(NodePoolError(error))
        }
    }

    // MARK: Machines

    func machines(of group: String) async throws(NodePoolError) -> [ClusterMachine] {
        do throws(KubernetesError) {
            let selector = "\(self.groupLabel)=\(group)"
            let list = try await self.client.list(
                try await self.path("machines"), ListSelection(labelSelector: selector))
            return list.objects.compactMap { ClusterMachine($0.value, groupLabel: self.groupLabel) }
        } catch { throw NodePoolError(error) }
    }

    /// Whoever lowers the size takes this machine first. One that is gone needs no mark.
    func mark(_ name: String) async throws(NodePoolError) {
        let annotations = JSONTree.object([.init(ClusterMachine.deleteAnnotation, "yes")])
        do throws(KubernetesError) {
            try await self.client.patch(
                try await self.path("machines", name), .merge, ["metadata": ["annotations": annotations]])
        } catch {
            if error.status?.code != 404 { throw NodePoolError(error) }
        }
    }
}

extension NodePoolError {
    /// What the API server's refusal means to whoever wanted machines.
    init(_ error: KubernetesError) {
        let code: Code =
            switch error {
            case .transport, .unreadable, .fenced: .transient
            case .credentials: .denied
            case .refused(let status):
                switch status.code {
                case 401, 403: .denied
                case 429: .throttled
                case 409, 500...: .transient
                default: .invalid
                }
            }
        self.init(code, error.description)
    }
}
