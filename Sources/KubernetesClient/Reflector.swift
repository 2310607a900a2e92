public import KubernetesAPI

/// A change of a collection, in the order it is to be applied.
public enum ReflectorChange: Sendable {
    /// The whole collection as a list saw it. Everything else is gone.
    case replaced([ManifestObject])
    /// New, or newer than what is known.
    case upserted(ManifestObject)
    /// With the last state that was seen.
    case removed(ManifestObject)
    /// Something went wrong; the reflector goes on by itself. For logs and counters.
    case failed(KubernetesError)
    /// An event that could not be read.
    case unreadable(String)
}

/// Keeps telling what is in a collection: a list, then watches from its version, and a fresh list whenever the server has
/// forgotten where we were.
///
/// A streaming list is tried first; a server that refuses it is asked page by page from then on. Between failures it
/// waits, ever longer, up to 30 seconds, with jitter.
public struct Reflector: Sendable {
    public let client: KubernetesClient
    public let path: ResourcePath
    public let selection: ListSelection

    public init(_ client: KubernetesClient, _ path: ResourcePath, _ selection: ListSelection = ListSelection()) {
        self.client = client
        self.path = path
        self.selection = selection
    }

    /// A watch that ends sooner than this without an event has failed.
    private static let shortestWatch = Duration.seconds(1)

    private struct Position {
        var version = ""
        var streamsLists = true
        var backoff = Backoff()
    }

    /// What is to be done when a watch has ended.
    private enum Next { case watch, list }

    /// Runs until the task is cancelled. `handle` is called for one change after the other.
    public func run(_ handle: @Sendable (ReflectorChange) async -> Void) async {
        var position = Position()
        while !Task.isCancelled {
            do throws(KubernetesError) {
                var open = try await self.begin(&position, handle)
                while !Task.isCancelled {
                    let next = try await self.follow(open, &position, handle)
                    guard case .watch = next else { break }
                    open = try await self.reopen(&position, handle)
                }
            } catch {
                await self.fail(error, &position, handle)
            }
        }
    }

    private func fail(
        _ error: KubernetesError, _ position: inout Position, _ handle: @Sendable (ReflectorChange) async -> Void
    ) async {
        if Task.isCancelled { return }
        await handle(.failed(error))
        let asked = error.status?.retryAfter.map { Duration.seconds($0) } ?? .zero
        let delay = max(min(asked, .seconds(60)), position.backoff.delay(self.client.pause.random()))
        try? await self.client.pause.sleep(delay)
    }

    // MARK: Lists

    /// The whole collection, and a watch that goes on from there.
    private func begin(
        _ position: inout Position, _ handle: @Sendable (ReflectorChange) async -> Void
    ) async throws(KubernetesError) -> ResourceWatch {
        if position.streamsLists {
            do throws(KubernetesError) {
                return try await self.streamList(&position, handle)
            } catch {
                guard let code = error.status?.code, code == 422 || code == 400 else { throw error }
                position.streamsLists = false
            }
        }
        let list = try await self.client.list(self.path, self.selection)
        position.version = list.resourceVersion
        await handle(.replaced(list.objects))
        return try await self.open(position)
    }

    private func streamList(
        _ position: inout Position, _ handle: @Sendable (ReflectorChange) async -> Void
    ) async throws(KubernetesError) -> ResourceWatch {
        var watch = try await self.client.watchFromStart(self.path, self.selection, seconds: self.watchSeconds())
        var objects: [ManifestObject] = []
        while let event = try await watch.next() {
            switch event {
            case .added(let object), .modified(let object): objects.append(object)
            case .deleted(let object): objects.removeAll { $0.key == object.key }
            case .bookmark(let version, let endsInitialEvents):
                guard endsInitialEvents else { continue }
                position.version = version
                await handle(.replaced(objects))
                return watch
            case .error(let status): throw .refused(status)
            case .unreadable(let what): await handle(.unreadable(what))
            }
        }
        throw .unreadable("\(self.path): the initial events ended without a mark")
    }

    // MARK: Watches

    /// 5 to 10 minutes, so that the watches of many clients do not end together.
    private func watchSeconds() -> Int { 300 + Int(300 * self.client.pause.random()) }

    private func open(_ position: Position) async throws(KubernetesError) -> ResourceWatch {
        try await self.client.watch(self.path, self.selection, from: position.version, seconds: self.watchSeconds())
    }

    /// A watch from where we are. A server that cannot be reached or is overloaded is asked again; the place is kept.
    private func reopen(
        _ position: inout Position, _ handle: @Sendable (ReflectorChange) async -> Void
    ) async throws(KubernetesError) -> ResourceWatch {
        while true {
            do throws(KubernetesError) {
                return try await self.open(position)
            } catch {
                guard error.isTemporary, !Task.isCancelled else { throw error }
                await self.fail(error, &position, handle)
            }
        }
    }

    private func follow(
        _ open: ResourceWatch, _ position: inout Position, _ handle: @Sendable (ReflectorChange) async -> Void
    ) async throws(KubernetesError) -> Next {
        var watch = open
        let began = ContinuousClock.now
        var hasEvents = false
        do throws(KubernetesError) {
            while let event = try await watch.next() {
                switch event {
                case .added(let object), .modified(let object):
                    position.version = object.resourceVersion
                    await handle(.upserted(object))
                case .deleted(let object):
                    position.version = object.resourceVersion
                    await handle(.removed(object))
                case .bookmark(let version, _): position.version = version
                case .error(let status):
                    guard !status.isExpired else { return .list }
                    throw .refused(status)
                case .unreadable(let what):
                    // What it changed is unknown.
                    await handle(.unreadable(what))
                    return .list
                }
                hasEvents = true
                position.backoff.reset()
            }
        } catch {
            guard case .transport = error, !Task.isCancelled else { throw error }
            await self.fail(error, &position, handle)
            return .watch
        }
        if !hasEvents, ContinuousClock.now - began < Self.shortestWatch {
            await self.fail(.unreadable("\(self.path): the watch ended at once"), &position, handle)
        }
        return .watch
    }
}
