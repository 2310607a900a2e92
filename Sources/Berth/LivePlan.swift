import ClusterImport
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
            let access = try ClusterAccess.find(kubeconfig: self.kubeconfig, context: self.context)
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
        let buys = configuration.map { !BerthConfiguration.read($0.bytes, file: $0.name).configuration.pools.isEmpty }
        let (objects, findings) = try await ClusterReader(client)
            .read(readsClaims: buys ?? false, progress: self.run.progress)
        return self.run.respond(to: objects, findings, configuration: configuration)
    }
}
