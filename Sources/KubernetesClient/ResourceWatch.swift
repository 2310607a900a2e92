import HTTPTransport
public import KubernetesAPI

/// One thing that a watch says.
public enum WatchEvent: Sendable {
    case added(ManifestObject)
    case modified(ManifestObject)
    /// With the object's last state.
    case deleted(ManifestObject)
    /// Nothing happened up to this version. `endsInitialEvents`: what came before is the whole collection.
    case bookmark(resourceVersion: String, endsInitialEvents: Bool)
    /// The server ends the watch, with the reason.
    case error(APIStatus)
    /// An event beyond the limit, which was let pass; the stream goes on behind it.
    case tooLong(OversizedEvent)
    /// A line that is no event; the stream goes on behind it.
    case unreadable(String)
}

/// An open watch, read event by event until the server ends it. Letting it go, or cancelling its reader, ends it too.
public struct ResourceWatch {
    private var body: HTTPBody.AsyncIterator
    private var framing: WatchFraming
    private var pending: ArraySlice<WatchEvent> = []

    init(_ body: HTTPBody, lineLimit: Int, sharing shared: SharedValues) {
        self.body = body.makeAsyncIterator()
        self.framing = WatchFraming(lineLimit: lineLimit, sharing: shared)
    }

    /// The next event; nil at the end. A half event before the end is dropped: the next watch brings it whole.
    public mutating func next() async throws(KubernetesError) -> WatchEvent? {
        while true {
            if let event = self.pending.popFirst() { return event }
            let chunk: [UInt8]?
            do throws(HTTPTransportError) { chunk = try await self.body.next() } catch { throw .transport(error) }
            guard let chunk else { return nil }
            self.pending = self.framing.take(chunk)[...]
        }
    }
}

extension KubernetesClient {
    /// Opens a watch.
    ///
    /// - Parameters:
    ///   - version: Of a list, or of the last event that was applied.
    ///   - seconds: After which the server ends it.
    public func watch(
        _ path: ResourcePath, _ selection: ListSelection = ListSelection(), from version: String, seconds: Int
    ) async throws(KubernetesError) -> ResourceWatch {
        var query = Query()
        query.add("watch", "true")
        selection.add(to: &query)
        query.add("resourceVersion", version)
        query.add("allowWatchBookmarks", "true")
        return try await self.openWatch(path.target + query.text, seconds: seconds)
    }

    /// Opens a watch that begins with the whole collection and says where that ends (streaming list).
    ///
    /// - Throws: `refused` with 422 where the server does not know how.
    public func watchFromStart(
        _ path: ResourcePath, _ selection: ListSelection = ListSelection(), seconds: Int
    ) async throws(KubernetesError) -> ResourceWatch {
        var query = Query()
        query.add("watch", "true")
        selection.add(to: &query)
        query.add("sendInitialEvents", "true")
        query.add("resourceVersionMatch", "NotOlderThan")
        query.add("resourceVersion", "")
        query.add("allowWatchBookmarks", "true")
        return try await self.openWatch(path.target + query.text, seconds: seconds)
    }

    private func openWatch(_ target: String, seconds: Int) async throws(KubernetesError) -> ResourceWatch {
        // A dead connection shows by silence beyond the time the server itself had set.
        let limits = HTTPTimeLimits(idle: .seconds(seconds + 30))
        let response = try await self.open(HTTPRequest(target: target + "&timeoutSeconds=\(seconds)", limits: limits))
        return ResourceWatch(response.body, lineLimit: self.options.eventLimit, sharing: self.shared)
    }
}
