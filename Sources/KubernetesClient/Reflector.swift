public import KubernetesAPI

/// A change of a collection, in the order it is to be applied.
public enum ReflectorChange: Sendable {
    /// The whole collection as a list saw it. Everything else is gone.
    case replaced(ResourceList)
    /// The whole collection, read anew as it was after the last change that was told. Whoever keeps the changes holds just this, or something
    /// went wrong: `ResourceList.differences(from:)` tells what.
    case checked(ResourceList)
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
/// waits, ever longer, up to 30 seconds, with jitter. Now and then, between two watches, the collection is read anew (`.checked`).
public struct Reflector: Sendable {
    public let client: KubernetesClient
    public let path: ResourcePath
    public let selection: ListSelection
    /// After so long without a list, the end of a watch leads to a check. A watch lasts up to ten minutes.
    public let checkInterval: Duration

    public init(
        _ client: KubernetesClient, _ path: ResourcePath, _ selection: ListSelection = ListSelection(),
        checkInterval: Duration = .seconds(1800)
    ) {
        self.client = client
        self.path = path
        self.selection = selection
        self.checkInterval = checkInterval
    }

    /// A watch that ends sooner than this without an event has failed.
    private static let shortestWatch = Duration.seconds(1)

    private struct Position {
        var version = ""
        var listedAt = ContinuousClock.now
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
                    await self.checkIfDue(&position, handle)
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
        await self.replace(list, &position, handle)
        return try await self.reopen(&position, handle)
    }

    private func replace(
        _ list: ResourceList, _ position: inout Position, _ handle: @Sendable (ReflectorChange) async -> Void
    ) async {
        position.version = list.resourceVersion
        position.listedAt = .now
        await handle(.replaced(list))
    }

    /// The list at the very version we are at: no change of the meantime can be taken for a difference.
    private func checkIfDue(
        _ position: inout Position, _ handle: @Sendable (ReflectorChange) async -> Void
    ) async {
        guard ContinuousClock.now - position.listedAt >= self.checkInterval, !Task.isCancelled else { return }
        do throws(KubernetesError) {
            let list = try await self.client.list(self.path, self.selection, at: position.version)
            position.listedAt = .now
            await handle(.checked(list))
        } catch {
            // Of a version that is forgotten nothing can be said; the next watch's end is another chance, as after any failure.
            if error.status?.isExpired ?? false || Task.isCancelled { return }
            await handle(.failed(error))
        }
    }

    private func streamList(
        _ position: inout Position, _ handle: @Sendable (ReflectorChange) async -> Void
    ) async throws(KubernetesError) -> ResourceWatch {
        var watch = try await self.client.watchFromStart(self.path, self.selection, seconds: self.watchSeconds())
        var objects: [ManifestObject.Key: ManifestObject] = [:]
        while let event = try await watch.next() {
            switch event {
            case .added(let object), .modified(let object): objects[object.key] = object
            case .deleted(let object): objects[object.key] = nil
            case .bookmark(let version, let endsInitialEvents):
                guard endsInitialEvents else { continue }
                let list = ResourceList(resourceVersion: version, objects: Array(objects.values))
                await self.replace(list, &position, handle)
                return watch
            case .error(let status): throw .refused(status)
            case .tooLong(let event):
                await handle(.unreadable("\(event)"))
                // Pages have no limit for one object.
                guard let answer = try await self.whatIsNow(after: event) else {
                    position.streamsLists = false
                    throw .unreadable("\(self.path): \(event)")
                }
                if case .there(let object) = answer { objects[object.key] = object }
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
                case .tooLong(let event):
                    await handle(.unreadable("\(event)"))
                    guard !event.resourceVersion.isEmpty, let answer = try await self.whatIsNow(after: event) else {
                        return .list
                    }
                    position.version = event.resourceVersion
                    switch answer {
                    case .there(let object): await handle(.upserted(object))
                    case .gone(let object): await handle(.removed(object))
                    case .unknown: break
                    }
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

    // MARK: Events beyond the limit

    private enum Answer {
        case there(ManifestObject)
        case gone(ManifestObject)
        /// It is not there any more, and the watch will say so.
        case unknown
    }

    /// What has become of an object whose event was too long to be taken: it is read by itself, and may be newer than the event.
    ///
    /// - Returns: Nil where the event does not tell whose it is, or the object cannot be read alone.
    private func whatIsNow(after event: OversizedEvent) async throws(KubernetesError) -> Answer? {
        guard let key = event.key, let type = event.type else { return nil }
        var path = self.path
        if !key.namespace.isEmpty { path.namespace = key.namespace }
        path.name = key.name
        if type == "DELETED" { return event.lastState.map(Answer.gone) }
        do throws(KubernetesError) {
            let document = try await self.client.get(path)
            guard let kind = document.root["kind"]?.string, document.root.isObject else { return nil }
            let object = ManifestObject(
                apiVersion: path.apiVersion, kind: kind, value: document.root,
                origin: ManifestOrigin(file: path.target))
            return .there(object.trimmed(sharing: self.client.shared))
        } catch {
            switch error {
            case .refused(let status) where status.code == 404: return .unknown
            case .refused, .unreadable: return nil
            case .transport, .credentials, .fenced: throw error
            }
        }
    }
}
