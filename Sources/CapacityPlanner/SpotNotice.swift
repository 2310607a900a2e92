public import SchedulingModel

/// What is done about one node that its cloud will take back, from the first signal to the end.
///
/// Events come in, actions go out; whoever performs them reports back with the next event. The order never changes:
/// cordon, tell the gang, buy the replacement, evict. A signal that comes twice, or late, changes nothing. Times are in
/// seconds of any clock that only goes forward.
///
/// Protocol of use: 1. `noticed`; 2. perform the actions in order; 3. `replacementOrdered` or `replacementFailed` for each
/// `.buyReplacement`; 4. `tick` at least once a second while `nextDeadline` is not nil; 5. `nodeGone`.
public struct SpotNotice: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        case cordon(NodeName)
        /// Annotation and event on every member, so that a trainer's sidecar writes a checkpoint.
        case markGang(PodGroupKey, untilSeconds: Int64)
        case buyReplacement(for: NodeName, group: PodGroupKey?)
        case evict(NodeName)
    }

    /// What a cloud said.
    public enum Signal: Hashable, Sendable {
        /// The node is taken at a known time: a spot interruption, a termination taint, a scheduled event.
        case interruption(atSeconds: Int64)
        /// More likely than others to be taken; no time is given.
        case rebalance
    }

    private enum State: Hashable {
        case watched
        /// Cordoned and told; the pods run until `evictAt`, where that is known.
        case draining(evictAt: Int64?, purchase: Purchase)
        case evicted(purchase: Purchase)
        case gone
    }

    private enum Purchase: Hashable {
        case asked
        case ordered
        case failed(retryAt: Int64)
    }

    public let node: NodeName
    public let groups: [PodGroupKey]
    /// From the eviction until the node is taken: time for the pods to end.
    public var evictionLeadSeconds: Int64 = 30
    public var purchaseRetrySeconds: Int64 = 10
    private var state = State.watched

    /// - Parameter groups: The gangs with members on the node, sorted.
    public init(node: NodeName, groups: [PodGroupKey]) {
        self.node = node
        self.groups = groups
    }

    // MARK: Events

    public mutating func noticed(_ signal: Signal, atSeconds now: Int64) -> [Action] {
        let takenAt: Int64? = if case .interruption(let time) = signal { time } else { nil }
        let evictAt = takenAt.map { max(now, $0 - self.evictionLeadSeconds) }
        switch self.state {
        case .watched:
            self.state = .draining(evictAt: evictAt, purchase: .asked)
            let marks = self.groups.map { Action.markGang($0, untilSeconds: evictAt ?? .max) }
            let purchases = self.groups.isEmpty ? [nil] : self.groups.map(Optional.some)
            return [.cordon(self.node)] + marks + purchases.map { .buyReplacement(for: self.node, group: $0) }
        case .draining(let known, let purchase):
            // An interruption after a rebalance sets the time; of two times the earlier counts.
            guard let evictAt, evictAt < known ?? .max else { return [] }
            self.state = .draining(evictAt: evictAt, purchase: purchase)
            return self.groups.map { .markGang($0, untilSeconds: evictAt) }
        case .evicted, .gone:
            return []
        }
    }

    public mutating func replacementOrdered() {
        switch self.state {
        case .draining(let evictAt, _): self.state = .draining(evictAt: evictAt, purchase: .ordered)
        case .evicted: self.state = .evicted(purchase: .ordered)
        case .watched, .gone: break
        }
    }

    /// The purchase found no capacity anywhere; it is tried again while the notice lasts and after it.
    public mutating func replacementFailed(atSeconds now: Int64) {
        let failed = Purchase.failed(retryAt: now + self.purchaseRetrySeconds)
        switch self.state {
        case .draining(let evictAt, _): self.state = .draining(evictAt: evictAt, purchase: failed)
        case .evicted: self.state = .evicted(purchase: failed)
        case .watched, .gone: break
        }
    }

    public mutating func tick(atSeconds now: Int64) -> [Action] {
        switch self.state {
        case .watched, .gone: return []
        case .draining(let evictAt, let purchase):
            let (next, retries) = self.retried(purchase, now)
            guard let evictAt, evictAt <= now else {
                self.state = .draining(evictAt: evictAt, purchase: next)
                return retries
            }
            self.state = .evicted(purchase: next)
            return retries + [.evict(self.node)]
        case .evicted(let purchase):
            let (next, retries) = self.retried(purchase, now)
            self.state = .evicted(purchase: next)
            return retries
        }
    }

    /// The node has left the cluster; nothing is left to do here, work that still waits is ordinary demand.
    public mutating func nodeGone() { self.state = .gone }

    private func retried(_ purchase: Purchase, _ now: Int64) -> (Purchase, [Action]) {
        guard case .failed(let retryAt) = purchase, retryAt <= now else { return (purchase, []) }
        let purchases = self.groups.isEmpty ? [nil] : self.groups.map(Optional.some)
        return (.asked, purchases.map { .buyReplacement(for: self.node, group: $0) })
    }

    /// Whether whoever is still on the node has to go now.
    public var isEvicting: Bool {
        switch self.state {
        case .evicted: true
        case .watched, .draining, .gone: false
        }
    }

    /// When `tick` has something to do; nil while nothing is due.
    public var nextDeadline: Int64? {
        switch self.state {
        case .watched, .gone: nil
        case .draining(let evictAt, .failed(let retryAt)): min(evictAt ?? .max, retryAt)
        case .draining(let evictAt, .asked), .draining(let evictAt, .ordered): evictAt
        case .evicted(.failed(let retryAt)): retryAt
        case .evicted(.asked), .evicted(.ordered): nil
        }
    }
}
