import KubernetesAPI

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Cuts the body of a watch into events: JSON objects, each on a line of its own.
///
/// Bytes come in pieces that end anywhere. Of a line longer than the limit only the beginning is kept, which says whose event it is.
struct WatchFraming {
    let lineLimit: Int
    private let shared: SharedValues
    private var parser = JSONParser()
    /// Of a line whose end has not come yet; of one beyond the limit the beginning.
    private var line: [UInt8] = []
    /// Bytes that were let pass.
    private var droppedCount = 0

    init(lineLimit: Int, sharing shared: SharedValues = SharedValues()) {
        self.lineLimit = lineLimit
        self.shared = shared
    }

    /// Whether no line is open.
    var isEmpty: Bool { self.line.isEmpty && self.droppedCount == 0 }

    mutating func take(_ chunk: [UInt8]) -> [WatchEvent] {
        chunk.withUnsafeBytes { bytes in
            var events: [WatchEvent] = []
            var rest = bytes[...]
            while let end = Self.endOfLine(rest) {
                if let event = self.finishLine(rest[..<end]) { events.append(event) }
                rest = rest[(end + 1)...]
            }
            self.append(rest)
            return events
        }
    }

    /// The index of the next line feed.
    private static func endOfLine(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard let start = UnsafeRawBufferPointer(rebasing: bytes).baseAddress,
            let end = memchr(start, 0x0a, bytes.count)
        else { return nil }
        return bytes.startIndex + (UnsafeRawPointer(end) - start)
    }

    private mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>) {
        if self.droppedCount == 0, self.line.count + bytes.count <= self.lineLimit {
            self.line.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes))
            return
        }
        let room = max(0, OversizedEvent.keptLength - self.line.count)
        self.line.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes.prefix(room)))
        self.droppedCount += max(0, bytes.count - room)
        if self.line.count > OversizedEvent.keptLength {
            self.droppedCount += self.line.count - OversizedEvent.keptLength
            self.line = Array(self.line[..<OversizedEvent.keptLength])
        }
    }

    /// - Parameter end: What of the line has not been appended yet; a line that stands in one piece is not copied.
    private mutating func finishLine(_ end: Slice<UnsafeRawBufferPointer>) -> WatchEvent? {
        if self.isEmpty, end.count <= self.lineLimit { return self.event(UnsafeRawBufferPointer(rebasing: end)) }
        self.append(end)
        let (line, count) = (self.line, self.line.count + self.droppedCount)
        self.line = []
        self.droppedCount = 0
        if count > self.lineLimit { return .tooLong(OversizedEvent(beginning: line, byteCount: count)) }
        return line.withUnsafeBytes { self.event($0) }
    }

    private mutating func event(_ line: UnsafeRawBufferPointer) -> WatchEvent? {
        guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x0d }) else { return nil }
        guard let document = try? self.parser.parse(line) else {
            return .unreadable("an event of \(line.count) bytes that is no JSON")
        }
        return self.event(document.root)
    }

    private func event(_ value: JSONValue) -> WatchEvent {
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
        ).trimmed(sharing: self.shared)
        switch type {
        case "ADDED": return .added(manifest)
        case "MODIFIED": return .modified(manifest)
        case "DELETED": return .deleted(manifest)
        default: return .unreadable("an event of unknown type \(type)")
        }
    }
}
