public import KubernetesAPI
public import KubernetesClient

/// Reads a whole cluster once, without changing anything.
public struct ClusterReader: Sendable {
    public let client: KubernetesClient

    public init(_ client: KubernetesClient) { self.client = client }

    /// Everything that planning looks at.
    ///
    /// A collection that we may not read, or that is gone, is a finding; without nodes or pods there is nothing to plan.
    public func read(
        progress: @Sendable (String) -> Void
    ) async throws(KubernetesError) -> (objects: [ManifestObject], findings: [Finding]) {
        var objects: [ManifestObject] = []
        var findings: [Finding] = []
        for path in try await PlanningResources(servedBy: self.client).paths {
            progress("reading \(path.plural)")
            do throws(KubernetesError) {
                objects += try await self.client.list(path) { progress("reading \(path.plural): \($0)") }.objects
            } catch {
                let isNeeded = path == .pods || path == .nodes
                guard !isNeeded, let code = error.status?.code, code == 403 || code == 404 else { throw error }
                findings.append(
                    Finding(
                        .warning, origin: ManifestOrigin(file: path.target), found: "\(error)",
                        expected: "leave to list \(path.plural); planned without them"))
            }
        }
        return (objects, findings)
    }
}
