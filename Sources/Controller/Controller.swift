import CapacityPlanner
public import ClusterImport
public import ControlLoop
import KubernetesAPI
public import KubernetesClient
public import PlanReport
import SchedulingCycle
public import SchedulingModel

/// The operator: watches the cluster, has `ControlLoop` decide, and does what it says.
///
/// Every replica watches and plans; the one that holds the lease acts. All decisions are the loop's; this type moves
/// events in and actions out, and keeps no state of the cluster beside the cache.
public actor Controller {
    let client: KubernetesClient
    private let configuration: BerthConfiguration
    let options: ControllerOptions
    public nonisolated let metrics: Metrics
    let journal: Journal
    private let onPlan: @Sendable (PublishedPlan, [PodKey: String]) -> Void

    var loop: ControlLoop
    private(set) var cache = ClusterCache(paths: [])
    let observer: ClusterObserver
    /// As the loop was told last, in the order of their keys.
    private var known: [ObservedPod] = []
    private let began = ContinuousClock.now
    private var wake: Task<Void, Never>?
    private var importDue: Task<Void, Never>?
    private var importPace = ImportPace()
    private var queue: ArraySlice<Action> = []
    var running: [ActionID: Task<Void, Never>] = [:]
    private var takeover: Task<Void, Never>?
    private var paths: [ResourcePath] = []
    private var notices = GroupNotices()
    private var telling: Task<Void, Never>?
    /// The last cycle whose plan pod groups were told of.
    private var toldCycle: UInt64?
    private var untold: [GroupNotice] = []
    /// Client tokens.
    var auditedLaunches: Set<String> = []
    var spending = SpendMeter()
    var isStopping = false
    /// The newest plan that the verifier accepted, and how it is told.
    private var accepted: (plan: PublishedPlan, report: PlanReport)?
    let election: LeaseElection

    /// - Parameter onPlan: Told every new plan that the verifier accepts, with the UIDs of the pods it is about.
    public init(
        _ client: KubernetesClient, configuration: BerthConfiguration = BerthConfiguration(),
        options: ControllerOptions = ControllerOptions(), metrics: Metrics = Metrics(), journal: Journal = .silent,
        onPlan: @escaping @Sendable (PublishedPlan, [PodKey: String]) -> Void = { _, _ in }
    ) {
        self.client = client.metered(by: metrics)
        self.configuration = configuration
        self.options = options
        self.metrics = metrics
        self.journal = journal
        self.onPlan = onPlan
        self.observer = ClusterObserver(
            configuration: configuration, buysNodes: options.capacity != nil && !options.isDryRun)
        self.election = Self.election(self.client, options)
        var loop = ControlLoopConfiguration(configuration)
        loop.seed = options.identity.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        CapacityOptions.apply(options.capacity, to: &loop)
        self.loop = ControlLoop(configuration: loop)
    }

    // MARK: What others may see

    /// Whether every collection has been listed and a plan was made from them that the verifier accepted.
    public var isReady: Bool { self.accepted != nil }

    public var isLeader: Bool { self.loop.isLeader }

    /// The newest plan that the verifier accepted; nil before the first.
    public var published: PublishedPlan? { self.accepted?.plan }

    /// The same, ready to be told.
    public var report: PlanReport? { self.accepted?.report }

    // MARK: Running

    /// Runs until the task is cancelled. Actions under way are finished, as far as the lease's renew deadline allows; then the lease is
    /// given back.
    public func run() async throws(KubernetesError) {
        var paths = try await PlanningResources(servedBy: self.client).paths
        if self.buysNodes { paths.append(LaunchClaimObject.collection(self.options.leaseNamespace)) }
        self.paths = paths
        self.cache = ClusterCache(paths: paths)
        self.journal.log(.info, "watching", [("resources", paths.map(\.plural).joined(separator: ","))])
        await withDiscardingTaskGroup { group in
            for path in paths {
                let reflector = Reflector(self.client, path, checkInterval: self.options.selfCheckInterval)
                group.addTask { await reflector.run { await self.take($0, of: path) } }
            }
            if !self.options.isDryRun {
                self.metrics.set(.leader, to: 0)
                group.addTask {
                    await self.election.run({ await self.take($0) }, finish: { await self.stop() })
                }
            }
        }
        await self.stop()
    }

    /// Starts nothing more, and waits for the calls that are under way; when the fence closes they are cancelled. Nobody renews the lease any
    /// more, so that is at the renew deadline at the latest.
    private func stop() async {
        self.isStopping = true
        self.wake?.cancel()
        self.importDue?.cancel()
        self.takeover?.cancel()
        let running = Array(self.running.values) + [self.telling].compactMap(\.self)
        let deadline = Task { [fence = self.election.fence] in
            await fence.waitUntilClosed()
            for task in running { task.cancel() }
        }
        for task in running { await task.value }
        deadline.cancel()
    }

    private static func election(_ client: KubernetesClient, _ options: ControllerOptions) -> LeaseElection {
        var configuration = LeaseElection.Configuration(
            namespace: options.leaseNamespace, name: options.leaseName, identity: options.identity)
        configuration.leaseDuration = options.leaseDuration
        configuration.renewDeadline = options.leaseDuration * 2 / 3
        configuration.retryPeriod = options.leaseDuration * 2 / 15
        return LeaseElection(
            client, configuration, fence: options.capacity?.fence ?? LeadershipFence(), timestamp: { Timestamp.now() })
    }

    // MARK: Events

    private func take(_ change: ReflectorChange, of path: ResourcePath) {
        switch change {
        case .failed(let error):
            self.metrics.add(.watchFailures, [path.plural])
            self.journal.log(.warning, "watch failed", [("resource", path.plural), ("error", "\(error)")])
            // What we may not see, or is not served any more, is planned without.
            let isNeeded = path == .pods || path == .nodes
            if !isNeeded, let code = error.status?.code, code == 403 || code == 404 { self.cache.giveUp(path) }
        case .unreadable(let what):
            self.journal.log(.warning, "unreadable event", [("resource", path.plural), ("found", what)])
        case .checked(let list): return self.check(list, of: path)
        case .replaced, .upserted, .removed: break
        }
        if self.cache.take(change, of: path) || self.cache.isSynced { self.importSoon() }
    }

    /// A difference is a bug of ours or of the server's; it is put right, and told so that somebody looks for it.
    private func check(_ list: ResourceList, of path: ResourcePath) {
        let differences = self.cache.check(list, of: path)
        self.metrics.add(.selfCheckDifferences, [path.plural], by: Double(differences.count))
        for difference in differences.prefix(Self.loggedDifferences) {
            self.journal.log(
                .error, "what we held differed from a fresh list and was put right",
                [("resource", path.plural), ("object", "\(difference)"), ("of", "\(differences.count)")])
        }
        if !differences.isEmpty { self.importSoon() }
    }

    private static let loggedDifferences = 10

    /// Changes that come close together are imported together, and imports take no more than a part of the time.
    func importSoon() {
        guard self.importDue == nil, self.cache.isSynced, !self.isStopping else { return }
        let wait = self.importPace.wait(at: .now)
        self.importDue = Task {
            try? await Task.sleep(for: wait)
            self.importNow()
        }
    }

    private func importNow() {
        self.importDue = nil
        guard !self.isStopping, let objects = self.cache.takeChanged() else { return }
        self.metrics.set(.synced, to: 1)
        let start = ContinuousClock.now
        let observation = self.observer.observe(objects)
        self.metrics.set(.findings, to: Double(observation.findings.count))
        self.known = observation.cluster.pods
        self.apply(.observed(observation.cluster))
        let end = ContinuousClock.now
        self.importPace.took(end - start, until: end)
        self.metrics.observe(.imports, [], (end - start).inSeconds)
    }

    private func knownPod(_ key: PodKey) -> PodState? {
        var (low, high) = (0, self.known.count)
        while low < high {
            let middle = (low + high) / 2
            if self.known[middle].state.key < key { low = middle + 1 } else { high = middle }
        }
        return low < self.known.count && self.known[low].state.key == key ? self.known[low].state : nil
    }

    private func take(_ change: LeaseElection.Change) {
        switch change {
        case .gained: self.takeover = Task { await self.takeOver() }
        case .lost(let why):
            self.takeover?.cancel()
            self.metrics.set(.leader, to: 0)
            self.journal.log(.warning, "not leading any more", [("why", why)])
            self.queue = []
            self.apply(.leadershipLost)
        case .unavailable(let why):
            self.journal.log(
                .warning, "cannot take the lease",
                [("namespace", self.options.leaseNamespace), ("name", self.options.leaseName), ("why", why)])
        }
    }

    /// What was decided before us may be newer than what our watches have brought: nothing is done before a fresh list.
    private func takeOver() async {
        while !Task.isCancelled {
            do throws(KubernetesError) {
                let list = try await self.client.list(.pods)
                guard !Task.isCancelled, self.election.fence.isOpen else { return }
                _ = self.cache.take(.replaced(list), of: .pods)
                if self.buysNodes {
                    let path = LaunchClaimObject.collection(self.options.leaseNamespace)
                    _ = self.cache.take(.replaced(try await self.client.list(path)), of: path)
                }
                self.importNow()
                self.metrics.set(.leader, to: 1)
                self.journal.log(.info, "leading", [("identity", self.options.identity)])
                return self.apply(.leadershipGained)
            } catch {
                self.journal.log(.warning, "cannot lead yet: pods are not listed", [("error", "\(error)")])
                try? await Task.sleep(for: self.options.leaseDuration / 15)
            }
        }
    }

    var nowMillis: Int64 {
        let elapsed = ContinuousClock.now - self.began
        return elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000
    }

    func apply(_ event: Event) {
        let cycle = self.loop.published?.cycle
        let start = ContinuousClock.now
        let actions = self.loop.apply(event, atMillis: self.nowMillis)
        if let published = self.loop.published, published.cycle != cycle {
            self.metrics.observe(.cycles, [], (ContinuousClock.now - start).inSeconds)
            self.note(published)
        }
        self.auditNotices(actions)
        self.queue += actions
        self.performQueued()
        self.tellGroups()
        self.performPoolActions()
        self.settleSpending()
        self.sleepUntilDeadline()
    }

    private func sleepUntilDeadline() {
        self.wake?.cancel()
        guard let deadline = self.loop.nextDeadlineMillis, !self.isStopping else { return }
        let wait = max(0, deadline - self.nowMillis)
        self.wake = Task {
            do { try await Task.sleep(for: .milliseconds(wait)) } catch { return }
            self.apply(.tick)
        }
    }

    /// Shows a new plan to whoever looks on.
    func note(_ published: PublishedPlan) {
        self.metrics.add(.cycleResults, [published.isAccepted ? "accepted" : "refused"])
        var pending: [[String]: Double] = [:]
        for pod in published.plan.pending { pending[[pod.reason.rawValue], default: 0] += 1 }
        self.metrics.replace(.pending, by: pending)
        let summary = published.plan.summary
        self.metrics.set(.gpus, ["allocatable"], to: Double(summary.acceleratorsAllocatable))
        self.metrics.set(.gpus, ["allocated"], to: Double(summary.acceleratorsAllocatedBefore))
        self.metrics.set(.gpus, ["fragmented"], to: summary.fragmentedAccelerators)
        self.metrics.set(.nodes, to: Double(summary.nodeCount))
        switch published.verdict {
        case .accepted:
            var report = PlanReport(plan: published.plan, snapshot: published.snapshot)
            report.purchases = published.purchases.map {
                PurchaseReport(plan: $0, hoursPerWeek: self.configuration.capacity.hoursPerWeek)
            }
            self.accepted = (published, report)
            self.onPlan(published, Dictionary(self.known.map { ($0.state.key, $0.uid) }) { $1 })
        case .refused(let violations):
            // Nobody is told it, neither: whoever asks gets the last one that holds.
            let found = violations.map { "\($0)" }.joined(separator: "; ")
            self.journal.log(
                .error, "the verifier refused a plan; nothing of it is carried out", [("violations", found)])
        }
        for record in published.decisions { self.journal.audit(record, sentence: self.sentence(record.action)) }
    }

    /// Why the pod of the action waits, for a person.
    private func sentence(_ action: Action) -> String {
        guard case .explain(_, let pending) = action.kind, let report = self.accepted?.report else { return "" }
        return report.sentence(for: pending)
    }

    // MARK: Gangs

    /// One after the other, and what a newer plan says after that.
    private func tellGroups() {
        guard self.loop.isLeader, self.telling == nil, !self.isStopping, let (plan, report) = self.accepted,
            plan.cycle != self.toldCycle
        else { return }
        self.toldCycle = plan.cycle
        for notice in self.untold { self.notices.forget(notice) }
        self.untold = []
        let news = self.notices.news(report, self.cache, self.paths)
        guard !news.isEmpty else { return }
        let teller = GroupTeller(
            client: self.client.fenced(by: self.election.fence), timestamp: { Timestamp.now() },
            instance: self.options.identity)
        self.telling = Task {
            for notice in news { await self.tell(notice, teller) }
            self.telling = nil
            self.tellGroups()
        }
    }

    private func tell(_ notice: GroupNotice, _ teller: GroupTeller) async {
        do throws(KubernetesError) { try await teller.tell(notice) } catch {
            // Told again with the next plan, unless the server will never take it.
            let code = error.status?.code ?? 0
            if code != 403, code != 404, code != 422 { self.untold.append(notice) }
            self.journal.log(
                .warning, "a pod group could not be told", [("group", notice.path.target), ("error", "\(error)")])
        }
    }

    // MARK: Actions

    private func performQueued() {
        while self.running.count < self.options.parallelActions, !self.isStopping, let action = self.queue.popFirst() {
            let known = self.knownPod(action.target.key)
            let sentence = self.sentence(action)
            let performer = ActionPerformer(
                client: self.client.fenced(by: self.election.fence), cache: self.cache,
                configuration: self.configuration,
                timestamp: { Timestamp.now() }, instance: self.options.identity)
            self.running[action.id] = Task {
                let start = ContinuousClock.now
                let result = await performer.perform(action, known: known, sentence: sentence)
                self.finished(action, result, after: ContinuousClock.now - start)
            }
        }
        self.metrics.set(.queue, to: Double(self.queue.count))
        self.metrics.set(.inFlight, to: Double(self.running.count))
    }

    private func finished(_ action: Action, _ result: ActionResult, after time: Duration) {
        self.running[action.id] = nil
        self.metrics.add(.actions, [action.kind.title, result.title])
        self.metrics.observe(.actionTime, [action.kind.title], time.inSeconds)
        if case .rejected(let why) = result {
            let pod = action.target.key
            self.journal.log(.warning, "\(action.kind.title) was rejected", [("pod", "\(pod)"), ("why", why)])
        }
        if case .succeeded = result { self.notePlacement(action) }
        // A fresh read may show more than the loop is told by it, as the devices that are kept for a pod.
        if case .found = result { self.importSoon() }
        self.apply(.finished(action.id, result))
    }

    private func notePlacement(_ action: Action) {
        switch action.kind {
        case .release, .bind:
            guard let created = self.knownPod(action.target.key)?.creationSeconds, created > 0 else { return }
            self.metrics.observe(.placementTime, [action.kind.title], Double(max(0, Timestamp.seconds - created)))
        case .evict, .explain, .nominate, .read: break
        }
    }
}

extension Duration {
    package var inSeconds: Double { Double(self.components.seconds) + Double(self.components.attoseconds) * 1e-18 }
}
