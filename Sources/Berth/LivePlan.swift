import Controller
import FoundationEssentials
import HTTPTransport
import KubernetesAPI
import KubernetesClient

/// `berth plan` of the cluster that a kubeconfig names, or that we run in. Nothing is written there.
struct LivePlan {
    let run: PlanRun
    var kubeconfig: String?
    var context: String?

    func respond(configurationFile: String?) async -> CommandResponse {
        do throws(KubernetesError) {
            let access = try self.access()
            self.run.progress("connecting to \(access.title) (\(access.server.server))")
            return try await self.respond(from: try access.client(), configurationFile: configurationFile)
        } catch {
            return .failed(.unavailable, ["error: the cluster cannot be read: \(error)"])
        }
    }

    func respond(
        from client: KubernetesClient, configurationFile: String? = nil
    ) async throws(KubernetesError) -> CommandResponse {
        var configuration: InputFile?
        do throws(InputError) {
            if let configurationFile { configuration = try InputFile(readingFrom: configurationFile) }
        } catch {
            return .failed(.badInput, ["error: \(error)"])
        }
        let (objects, findings) = try await ClusterReader(client).read(progress: self.run.progress)
        return self.run.respond(to: objects, findings, configuration: configuration)
    }

    /// A kubeconfig that is named or there; else the pod's own service account.
    private func access() throws(KubernetesError) -> ClusterAccess {
        let environment = ProcessInfo.processInfo.environment
        if self.kubeconfig == nil, self.context == nil, environment["KUBECONFIG"] == nil,
            let own = try ClusterAccess.inCluster(environment: environment)
        {
            return own
        }
        let paths = self.kubeconfig.map { [$0] } ?? Kubeconfig.defaultPaths(environment: environment)
        return try ClusterAccess(try Kubeconfig(readingFrom: paths), context: self.context, environment: environment)
    }
}
