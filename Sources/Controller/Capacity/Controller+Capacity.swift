public import CloudProviders
public import ClusterImport
import ControlLoop
import KubernetesClient

/// Nodes that are bought, and machines that a cloud takes back.
extension Controller {
    nonisolated var buysNodes: Bool { self.options.capacity != nil && !self.options.isDryRun }

    /// Prices and limits of the pools as their providers say them now.
    public func use(_ pools: [PoolSettings]) {
        self.observer.use(pools)
        self.cache.requestImport()
        self.importSoon()
    }

    /// A cloud takes a machine back, or says that it may.
    public func take(_ notice: CloudNotice) {
        guard notice.kind != .ended else { return }
        self.apply(
            .noticed(TakenNotice(machine: notice.machine, atMillis: notice.takenAtSeconds.map { $0 * 1000 })))
    }

    /// What was decided between cycles: notices, and who has to go because of them.
    func auditNotices(_ actions: [Action]) {
        for record in self.loop.takeNoticeRecords() { self.journal.audit(record) }
        guard let published = self.loop.published else { return }
        for action in actions {
            guard case .evict(_, let reason) = action.kind, reason.isInterruption else { continue }
            self.journal.audit(
                DecisionRecord(
                    atMillis: self.nowMillis, cycle: published.cycle, snapshotDigest: published.snapshotDigest,
                    action: action), sentence: "")
        }
    }

    /// A launch that is asked for again is the same decision.
    private func audit(_ action: PoolAction) {
        if case .launch(let claim) = action.kind, !self.auditedLaunches.insert(claim.token).inserted { return }
        self.journal.audit(action)
    }

    /// Few, each on a claim, pool, node or pod of its own: all side by side.
    func performPoolActions() {
        guard !self.isStopping else { return }
        let performer = PoolActionPerformer(
            client: self.client.fenced(by: self.election.fence), fence: self.election.fence,
            provider: self.options.capacity?.provider,
            namespace: self.options.leaseNamespace, timestamp: { Timestamp.now() }, instance: self.options.identity)
        for action in self.loop.takePoolActions() {
            self.audit(action)
            self.running[action.id] = Task {
                let start = ContinuousClock.now
                let result = await performer.perform(action)
                self.finished(action, result, after: ContinuousClock.now - start)
            }
        }
    }

    private func finished(_ action: PoolAction, _ result: PoolResult, after time: Duration) {
        self.running[action.id] = nil
        self.metrics.add(.actions, [action.kind.title, result.title])
        self.metrics.observe(.actionTime, [action.kind.title], time.inSeconds)
        if result != .underWay {
            self.journal.log(.info, action.kind.title, action.kind.fields + [("result", result.title)])
        }
        self.apply(.poolFinished(action.id, result))
    }
}
