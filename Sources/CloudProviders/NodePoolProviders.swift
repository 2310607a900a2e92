public import ClusterImport
public import KubernetesClient
public import SchedulingModel

/// What providers need besides the configuration.
public struct ProviderEnvironment: Sendable {
    public var aws: AWSEnvironment
    /// The management cluster of Cluster API, written to by whoever leads (a fenced client); nil where no pool is bought there.
    public var kubernetes: KubernetesClient?
    /// The cloud behind `simulated`; nil outside of demos and tests.
    public var simulated: (any NodePoolProvider)?

    public init(
        aws: AWSEnvironment = .process, kubernetes: KubernetesClient? = nil,
        simulated: (any NodePoolProvider)? = nil
    ) {
        self.aws = aws
        self.kubernetes = kubernetes
        self.simulated = simulated
    }
}

/// The provider of each pool that a configuration names one for: calls go to the pool's own.
///
/// A pool whose provider could not be made does not keep the others from working: its calls throw why.
public struct NodePoolProviders: NodePoolProvider {
    private var byPool: [String: Result<any NodePoolProvider, NodePoolError>] = [:]
    /// Where AWS tells of machines that it takes back; nil where no queue is configured.
    public private(set) var notices: NoticeQueue?
    private var noticeProblem: NodePoolError?

    /// Nothing is asked of any pool; only AWS's region may be.
    public init(_ configuration: BerthConfiguration, in environment: ProviderEnvironment) async {
        var maker = ProviderMaker(configuration: configuration, environment: environment)
        for settings in configuration.pools {
            guard let provider = settings.provider else { continue }
            self.byPool[settings.name] = await maker.provider(provider, of: settings)
        }
        do throws(NodePoolError) { self.notices = try await maker.notices() } catch { self.noticeProblem = error }
    }

    /// Pools that machines can be bought for, and why not for those that name a provider in vain, by name.
    public var pools: [(name: String, problem: NodePoolError?)] {
        self.byPool.sorted { $0.key < $1.key }.map { name, made in
            if case .failure(let error) = made { (name, error) } else { (name, nil) }
        }
    }

    /// All that keeps a part of the configuration from working, for people.
    public var problems: [String] {
        self.pools.compactMap { pool in pool.problem.map { "pool \(pool.name): \($0)" } }
            + (self.noticeProblem.map { ["aws.noticeQueueURL: \($0)"] } ?? [])
    }

    /// The configuration with what the providers say about their pools. A provider that does not answer leaves its pool as it is.
    ///
    /// - Parameter last: What they said before, which holds for a pool whose provider does not answer now.
    /// - Returns: Also, by pool, what could not be learned.
    public func completing(
        _ configuration: BerthConfiguration, last: BerthConfiguration? = nil
    ) async -> (configuration: BerthConfiguration, problems: [String]) {
        var (configuration, problems) = (configuration, [String]())
        for (index, settings) in configuration.pools.enumerated() where self.byPool[settings.name] != nil {
            do throws(NodePoolError) {
                let supply = try await self.supply(of: settings)
                configuration.pools[index] = settings.completed(by: supply)
                problems += supply.problems.map { "pool \(settings.name): \($0)" }
            } catch {
                problems.append("pool \(settings.name): \(error)")
                if let known = last?.pools.first(where: { $0.name == settings.name }) {
                    configuration.pools[index] = known
                }
            }
        }
        return (configuration, problems)
    }

    // MARK: NodePoolProvider

    public func grow(_ request: LaunchRequest) async throws(NodePoolError) -> [LaunchedMachine] {
        try await self.provider(of: request.pool).grow(request)
    }

    public func delete(_ machines: [MachineID], of pool: String) async throws(NodePoolError) {
        try await self.provider(of: pool).delete(machines, of: pool)
    }

    public func machines(of pool: String) async throws(NodePoolError) -> [LaunchedMachine] {
        try await self.provider(of: pool).machines(of: pool)
    }

    public func supply(of pool: PoolSettings) async throws(NodePoolError) -> PoolSupply {
        try await self.provider(of: pool.name).supply(of: pool)
    }

    public func topologyLabels(
        of machines: [MachineID], in pool: String
    ) async throws(NodePoolError) -> [MachineID: [String: String]] {
        try await self.provider(of: pool).topologyLabels(of: machines, in: pool)
    }

    private func provider(of pool: String) throws(NodePoolError) -> any NodePoolProvider {
        guard let made = self.byPool[pool] else { throw NodePoolError(.invalid, "pool \(pool) names no provider") }
        return try made.get()
    }
}

/// Makes providers; who we are at AWS is found once.
private struct ProviderMaker {
    let configuration: BerthConfiguration
    let environment: ProviderEnvironment
    private var account: Result<AWSAccount, NodePoolError>?

    init(configuration: BerthConfiguration, environment: ProviderEnvironment) {
        self.configuration = configuration
        self.environment = environment
    }

    mutating func provider(
        _ setting: ProviderSetting, of pool: PoolSettings
    ) async -> Result<any NodePoolProvider, NodePoolError> {
        do throws(NodePoolError) { return .success(try await self.make(setting, of: pool)) } catch {
            return .failure(error)
        }
    }

    private mutating func make(
        _ setting: ProviderSetting, of pool: PoolSettings
    ) async throws(NodePoolError) -> any NodePoolProvider {
        switch setting {
        case .simulated:
            guard let cloud = self.environment.simulated else {
                throw NodePoolError(.invalid, "there is no simulated cloud here")
            }
            return cloud
        case .ec2Fleet(let launchTemplateID, let subnets):
            let template = EC2FleetProvider.Template(launchTemplateID: launchTemplateID, subnets: subnets)
            let (account, settings) = try await self.aws()
            do throws(AWSError) {
                return try EC2FleetProvider(
                    account: account, cluster: settings.clusterName, templates: [pool.name: template])
            } catch { throw error.poolError }
        case .clusterAPI(let groups):
            guard let client = self.environment.kubernetes else {
                throw NodePoolError(.invalid, "there is no cluster to ask for Cluster API here")
            }
            return try ClusterAPIProvider(groups, pool: pool, client: client, now: self.environment.aws.now)
        case .autoScalingGroups(let groups):
            return try AutoScalingProvider(groups, pool: pool, account: try await self.aws().0)
        case .eksNodegroups(let cluster, let groups):
            return try AutoScalingProvider(groups, eksCluster: cluster, pool: pool, account: try await self.aws().0)
        }
    }

    mutating func notices() async throws(NodePoolError) -> NoticeQueue? {
        guard let url = self.configuration.aws?.noticeQueueURL else { return nil }
        let (account, _) = try await self.aws()
        do throws(AWSError) { return try NoticeQueue(account: account, queueURL: url) } catch { throw error.poolError }
    }

    private mutating func aws() async throws(NodePoolError) -> (AWSAccount, AWSSettings) {
        guard let settings = self.configuration.aws else { throw NodePoolError(.invalid, "there are no aws settings") }
        let account = await self.foundAccount(settings)
        self.account = account
        return (try account.get(), settings)
    }

    private func foundAccount(_ settings: AWSSettings) async -> Result<AWSAccount, NodePoolError> {
        if let account = self.account { return account }
        var environment = self.environment.aws
        if let region = settings.region { environment.variables["AWS_REGION"] = region }
        do throws(AWSError) { return .success(try await AWSAccount.find(in: environment)) } catch {
            return .failure(error.poolError)
        }
    }
}
