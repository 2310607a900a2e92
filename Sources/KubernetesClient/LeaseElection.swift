import KubernetesAPI

/// Who of several replicas acts: a Lease that one of them holds and renews.
///
/// Times are judged by this process' own monotonic clock alone: a lease counts as live for its duration after the moment we
/// saw it change, whatever times are written in it. Whoever loses contact stops before others may take over.
public struct LeaseElection: Sendable {
    public struct Configuration: Sendable {
        public var namespace: String
        public var name: String
        /// Different for every process.
        public var identity: String
        public var leaseDuration = Duration.seconds(15)
        /// Without a successful renewal for so long, we are no leader any more. Shorter than the lease.
        public var renewDeadline = Duration.seconds(10)
        public var retryPeriod = Duration.seconds(2)

        public init(namespace: String, name: String, identity: String) {
            self.namespace = namespace
            self.name = name
            self.identity = identity
        }
    }

    public enum Change: Sendable, Equatable {
        case gained
        /// Nothing may be written any more.
        case lost(String)
        /// The lease can be neither read nor taken. Told once per reason, and again after a try that went well.
        case unavailable(String)
    }

    /// The lease as we saw it last, and when.
    private struct Observed: Sendable {
        var version: String
        var holder: String
        var duration: Duration
        var transitions: Int64
        var seenAt: ContinuousClock.Instant
    }

    private let client: KubernetesClient
    private let configuration: Configuration
    /// `2026-11-26T10:00:00.000000Z`, for people who look at the lease.
    private let timestamp: @Sendable () -> String
    /// Closed whenever the lease may have run out, before `.lost` is told.
    public let fence: LeadershipFence

    public init(
        _ client: KubernetesClient, _ configuration: Configuration, fence: LeadershipFence = LeadershipFence(),
        timestamp: @escaping @Sendable () -> String
    ) {
        self.fence = fence
        self.client = client
        self.configuration = configuration
        self.timestamp = timestamp
    }

    private var path: ResourcePath {
        ResourcePath(
            apiVersion: "coordination.k8s.io/v1", plural: "leases", namespace: self.configuration.namespace,
            name: self.configuration.name)
    }

    /// Runs until the task is cancelled, and then gives the lease back if it is ours. That end is no loss: `.lost` is not told for it.
    ///
    /// - Parameters:
    ///   - handle: Told of changes. Renewals wait for it, so it must not take long.
    ///   - finish: Ends what is under way before the lease is given back.
    public func run(
        _ handle: @Sendable (Change) async -> Void, finish: @Sendable () async -> Void = {}
    ) async {
        var observed: Observed?
        var lastRenewal: ContinuousClock.Instant?
        var lastAttempt = ContinuousClock.now
        var told: String?
        while !Task.isCancelled {
            let began = ContinuousClock.now
            lastAttempt = began
            switch await self.attemptInTime(observed, lastRenewal: lastRenewal) {
            case .success(let look):
                observed = look.seen
                told = nil
                if look.isOurs {
                    self.fence.keepOpen(until: began + self.configuration.renewDeadline)
                    if lastRenewal == nil { await handle(.gained) }
                    lastRenewal = began
                } else if lastRenewal != nil {
                    lastRenewal = nil
                    self.fence.close()
                    await handle(.lost("another replica holds the lease"))
                }
            // Nothing is lost by an end that was asked for: the lease is given back below.
            case .failure where Task.isCancelled: break
            case .failure(let error):
                guard let renewed = lastRenewal else {
                    if told != "\(error)" { await handle(.unavailable("\(error)")) }
                    told = "\(error)"
                    break
                }
                if ContinuousClock.now - renewed >= self.configuration.renewDeadline - self.configuration.retryPeriod {
                    lastRenewal = nil
                    self.fence.close()
                    await handle(.lost("the lease could not be renewed in time: \(error)"))
                }
            }
            let period = self.configuration.retryPeriod
            let jitter = lastRenewal == nil ? period * (0.2 * self.client.pause.random()) : .zero
            try? await self.client.pause.sleep(period + jitter)
        }
        await finish()
        self.fence.close()
        // The last attempt may have taken effect although its answer never came.
        await self.giveBack(before: (lastRenewal ?? lastAttempt) + self.configuration.leaseDuration)
    }

    private struct Look: Sendable {
        var isOurs: Bool
        var seen: Observed
    }

    /// An attempt that is cut off when the time for a renewal has run out: a request may hang longer than a lease.
    private func attemptInTime(
        _ observed: Observed?, lastRenewal: ContinuousClock.Instant?
    ) async -> Result<Look, KubernetesError> {
        let deadline = (lastRenewal ?? .now) + self.configuration.renewDeadline
        let attempt = Task { () -> Result<Look, KubernetesError> in
            do throws(KubernetesError) { return .success(try await self.attempt(observed)) } catch {
                return .failure(error)
            }
        }
        let timer = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            attempt.cancel()
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await attempt.value
        } onCancel: {
            attempt.cancel()
        }
    }

    /// One look at the lease, and where it is ours or free, one write.
    private func attempt(_ before: Observed?) async throws(KubernetesError) -> Look {
        let lease: JSONTree
        do throws(KubernetesError) {
            lease = JSONTree(try await self.client.get(self.path).root)
        } catch {
            guard error.status?.code == 404 else { throw error }
            return try await self.create()
        }
        let now = ContinuousClock.now
        let seen = Self.observation(lease, at: now)
        let observed = before?.version == seen.version ? before ?? seen : seen
        let isOurs = seen.holder == self.configuration.identity
        let isFree = seen.holder.isEmpty
        let isStale = now - observed.seenAt > observed.duration
        guard isOurs || isFree || isStale else { return Look(isOurs: false, seen: observed) }
        return try await self.write(over: lease, seen)
    }

    private static func observation(_ lease: JSONTree, at now: ContinuousClock.Instant) -> Observed {
        Observed(
            version: lease["metadata"]?["resourceVersion"]?.string ?? "",
            holder: lease["spec"]?["holderIdentity"]?.string ?? "",
            duration: .seconds(lease["spec"]?["leaseDurationSeconds"]?.integer ?? 15),
            transitions: lease["spec"]?["leaseTransitions"]?.integer ?? 0, seenAt: now)
    }

    private func create() async throws(KubernetesError) -> Look {
        let stamp = JSONTree.string(self.timestamp())
        let lease: JSONTree = [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": [
                "name": .string(self.configuration.name), "namespace": .string(self.configuration.namespace),
            ],
            "spec": [
                "holderIdentity": .string(self.configuration.identity), "leaseDurationSeconds": self.seconds,
                "acquireTime": stamp, "renewTime": stamp, "leaseTransitions": 0,
            ],
        ]
        var collection = self.path
        collection.name = nil
        return try await self.written { () async throws(KubernetesError) in
            try await self.client.create(lease, in: collection)
        }
    }

    /// With the version that was read: whoever wrote in between makes this a 409, and us a loser.
    private func write(over lease: JSONTree, _ seen: Observed) async throws(KubernetesError) -> Look {
        var lease = lease
        let stamp = JSONTree.string(self.timestamp())
        if seen.holder != self.configuration.identity {
            lease[path: ["spec", "holderIdentity"]] = .string(self.configuration.identity)
            lease[path: ["spec", "acquireTime"]] = stamp
            lease[path: ["spec", "leaseTransitions"]] = .integer(seen.transitions + 1)
        }
        lease[path: ["spec", "renewTime"]] = stamp
        lease[path: ["spec", "leaseDurationSeconds"]] = self.seconds
        let written = lease
        return try await self.written { () async throws(KubernetesError) in
            try await self.client.replace(self.path, by: written)
        }
    }

    /// Whole seconds, at least one: less is refused.
    private var seconds: JSONTree { .integer(max(1, self.configuration.leaseDuration.components.seconds)) }

    /// A refusal for the version means that somebody wrote in between. Who, is read at once: where the lease is still ours, the next try renews it.
    private func written(
        _ write: () async throws(KubernetesError) -> JSONDocument
    ) async throws(KubernetesError) -> Look {
        do throws(KubernetesError) {
            return Look(isOurs: true, seen: Self.observation(JSONTree(try await write().root), at: .now))
        } catch {
            guard error.status?.code == 409 else { throw error }
            let seen = Self.observation(JSONTree(try await self.client.get(self.path).root), at: .now)
            guard seen.holder != self.configuration.identity else { throw error }
            return Look(isOurs: false, seen: seen)
        }
    }

    /// So that nobody has to wait for the lease to run out. Runs apart from the cancelled task, and not longer than the lease does.
    private func giveBack(before deadline: ContinuousClock.Instant) async {
        let call = Task.detached {
            guard let document = try? await self.client.get(self.path) else { return }
            var lease = JSONTree(document.root)
            guard lease["spec"]?["holderIdentity"]?.string == self.configuration.identity else { return }
            lease[path: ["spec", "holderIdentity"]] = ""
            lease[path: ["spec", "leaseDurationSeconds"]] = 1
            _ = try? await self.client.replace(self.path, by: lease)
        }
        let timer = Task.detached {
            try await Task.sleep(until: deadline, clock: .continuous)
            call.cancel()
        }
        await call.value
        timer.cancel()
    }
}
