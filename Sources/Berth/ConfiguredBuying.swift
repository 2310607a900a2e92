import CloudProviders
import ClusterImport
import Controller
import KubernetesClient
import ServiceLifecycle

/// The providers that a configuration names for its pools.
struct ConfiguredBuying {
    let providers: NodePoolProviders
    private(set) var options: CapacityOptions
    /// As the file has it.
    private let written: BerthConfiguration

    /// Nil where no pool names one. The settings are completed by what the providers say about their pools.
    init?(_ settings: inout BerthConfiguration, _ client: KubernetesClient, _ journal: Journal) async {
        guard settings.pools.contains(where: { $0.provider != nil }) else { return nil }
        self.written = settings
        let fence = LeadershipFence()
        self.providers = await NodePoolProviders(
            settings, in: ProviderEnvironment(kubernetes: client.fenced(by: fence)))
        self.options = CapacityOptions(provider: self.providers, fence: fence)
        self.options.idleDelay = .seconds(settings.capacity.emptyDelaySeconds)
        self.options.consolidationDelay = .seconds(settings.capacity.consolidateAfterSeconds)
        let (completed, problems) = await self.providers.completing(settings)
        settings = completed
        for problem in self.providers.problems + problems {
            journal.log(.warning, "capacity", [("problem", problem)])
        }
    }

    func completing(last: BerthConfiguration) async -> (configuration: BerthConfiguration, problems: [String]) {
        await self.providers.completing(self.written, last: last)
    }
}

/// Asks the providers now and then what their pools offer: spot prices change.
struct PriceService: Service {
    let buying: ConfiguredBuying
    /// Of the start.
    let settings: BerthConfiguration
    let controller: Controller
    let journal: Journal

    private static let interval = Duration.seconds(3600)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var known = self.settings
            while (try? await Task.sleep(for: Self.interval)) != nil {
                let (completed, problems) = await self.buying.completing(last: known)
                for problem in problems { self.journal.log(.warning, "capacity", [("problem", problem)]) }
                if completed.pools != known.pools { await self.controller.use(completed.pools) }
                known = completed
            }
        }
    }
}

/// Hands the cloud's notices to the controller while it leads. What was not handed over comes again.
struct NoticeService: Service {
    let queue: NoticeQueue
    let controller: Controller
    let journal: Journal

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                guard await self.controller.isLeader else {
                    try? await Task.sleep(for: .seconds(1))
                    continue
                }
                await self.receive()
            }
        }
    }

    private func receive() async {
        do throws(AWSError) {
            let batch = try await self.queue.receive()
            for notice in batch.notices { await self.controller.take(notice) }
            for problem in batch.problems { self.journal.log(.warning, "unreadable notice", [("problem", problem)]) }
            try await self.queue.acknowledge(batch)
        } catch {
            self.journal.log(.warning, "no notices", [("error", "\(error)")])
            try? await Task.sleep(for: .seconds(10))
        }
    }
}
