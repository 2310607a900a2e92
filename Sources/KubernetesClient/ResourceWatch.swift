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
    /// A line that is no event or longer than the limit; the stream goes on behind it.
    case unreadable(String)
}

/// Cuts the body of a watch into events: JSON objects, each on a line of its own.
///
/// Bytes come in pieces that end anywhere. A line longer than the limit is dropped, whatever it is, and said so.
struct WatchFraming {
    let lineLimit: Int
    private var line: [UInt8] = []
    private var droppedCount = 0

    init(lineLimit: Int) { self.lineLimit = lineLimit }

    /// Bytes of a line whose end has not come yet.
    var isEmpty: Bool { self.line.isEmpty && self.droppedCount == 0 }

    mutating func take(_ chunk: [UInt8]) -> [WatchEvent] {
        var events: [WatchEvent] = []
        var start = 0
        while let end = chunk[start...].firstIndex(of: UInt8(ascii: "\n")) {
            self.append(chunk[start..<end])
            if let event = self.finishLine() { events.append(event) }
            start = end + 1
        }
        self.append(chunk[start...])
        return events
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) {
        if self.droppedCount == 0, self.line.count + bytes.count <= self.lineLimit {
            self.line += bytes
        } else {
            self.droppedCount += self.line.count + bytes.count
            self.line = []
        }
    }

    private mutating func finishLine() -> WatchEvent? {
        defer {
            self.line = []
            self.droppedCount = 0
        }
        if self.droppedCount > 0 {
            return .unreadable("an event of \(self.droppedCount) bytes; the limit is \(self.lineLimit)")
        }
        guard !self.line.allSatisfy({ $0 == 0x20 || $0 == 0x0d }) else { return nil }
        guard let document = self.line.withUnsafeBytes({ try? JSONDocument(parsing: $0) }) else {
            return .unreadable("an event of \(self.line.count) bytes that is no JSON")
        }
        return Self.event(document.root)
    }

    private static func event(_ value: JSONValue) -> WatchEvent {
        guard let type = value["type"]?.string, let object = value["object"], object.isObject else {
            return .unreadable("an event without type or object")
        }
        switch type {
        case "ERROR": return .error(APIStatus(object))
        case "BOOKMARK":
            let metadata = object["metadata"]
            let mark = metadata?["annotations"]?["k8s.io/initial-events-end"]?.string
            return .bookmark(
                resourceVersion: metadata?["resourceVersion"]?.string ?? "", endsInitialEvents: mark == "true")
        default: break
        }
        guard let kind = object["kind"]?.string, let apiVersion = object["apiVersion"]?.string else {
            return .unreadable("an \(type) event whose object has no kind")
        }
        let manifest = ManifestObject(
            apiVersion: apiVersion, kind: kind, value: object, origin: ManifestOrigin(file: "watch")
        ).trimmed()
        switch type {
        case "ADDED": return .added(manifest)
        case "MODIFIED": return .modified(manifest)
        case "DELETED": return .deleted(manifest)
        default: return .unreadable("an event of unknown type \(type)")
        }
    }
}

/// An open watch, read event by event until the server ends it. Letting it go, or cancelling its reader, ends it too.
public struct ResourceWatch {
    private var body: HTTPBody.AsyncIterator
    private var framing: WatchFraming
    private var pending: ArraySlice<WatchEvent> = []

    init(_ body: HTTPBody, lineLimit: Int) {
        self.body = body.makeAsyncIterator()
        self.framing = WatchFraming(lineLimit: lineLimit)
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
    /// Longest event in bytes; etcd itself takes objects of 1.5 MiB by default.
    private static let eventLimit = 16 << 20

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
        return ResourceWatch(response.body, lineLimit: Self.eventLimit)
    }
}
