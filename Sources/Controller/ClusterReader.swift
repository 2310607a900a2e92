public import KubernetesAPI
public import KubernetesClient

/// Reads a whole cluster once, without changing anything.
public struct ClusterReader: Sendable {
    public let client: KubernetesClient

    public init(_ client: KubernetesClient) { self.client = client }

    /// Everything that planning looks at.
    ///
    /// A collection that we may not read, or that is gone, is a finding; without nodes or pods there is nothing to plan.
    ///
    /// - Parameter readsClaims: Whether launches of the controller are read too, wherever they are written down.
    public func read(
        readsClaims: Bool = false, progress: @Sendable (String) -> Void
    ) async throws(KubernetesError) -> (objects: [ManifestObject], findings: [Finding]) {
        var objects: [ManifestObject] = []
        var findings: [Finding] = []
        var paths = try await PlanningResources(servedBy: self.client).paths
        if readsClaims { paths.append(LaunchClaimObject.collection(nil)) }
        for path in paths {
            progress("reading \(path.plural)")
            let isClaims = readsClaims && path == LaunchClaimObject.collection(nil)
            let selection = ListSelection(labelSelector: isClaims ? "\(LaunchClaimObject.label)=true" : nil)
            do throws(KubernetesError) {
                objects += try await self.client.list(path, selection) { progress("reading \(path.plural): \($0)") }
                    .objects
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
