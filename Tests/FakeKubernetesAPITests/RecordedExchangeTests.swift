import Foundation
import HTTPTransport
import KubernetesAPI
import Synchronization
import Testing

@testable import FakeKubernetesAPI

private enum Recordings {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/fixtures/kube-api").standardizedFileURL
    static let areThere = FileManager.default.fileExists(atPath: Self.folder.path)
}

/// Exchanges recorded from a real API server, replayed against the fake.
@Suite("Recorded exchanges", .enabled(if: Recordings.areThere, "no recordings beside the repository"))
struct RecordedExchangeTests {
    struct Share {
        var alike = 0
        var all = 0
        var differences: [String] = []
    }

    /// How many percent of each file are answered alike now. A floor goes up when the fake learns something, and never down.
    static let floors: [(file: String, percent: Int)] = [
        ("auth", 98), ("binding", 100), ("concurrency", 100), ("crds", 94), ("discovery", 96), ("errors", 100),
        ("events", 100), ("eviction", 100), ("leases", 100), ("lists", 100), ("namespaces", 100), ("negotiation", 100),
        ("nodes", 100), ("patches", 100), ("podgroups-alpha", 100), ("pods-defaulting", 94), ("pods-gates", 100),
        ("pods-validation", 100), ("server-side-apply", 100), ("tables", 100), ("watch", 100),
    ]

    @Test("are answered alike at least as often as before", arguments: Self.floors.map(\.file))
    func alike(file: String) throws {
        let share = try Self.replay(file)
        let percent = share.all == 0 ? 0 : share.alike * 100 / share.all
        let floor = Self.floors.first { $0.file == file }?.percent ?? 0
        if ProcessInfo.processInfo.environment["BERTH_SHOW_EXCHANGES"] != nil {
            print("EXCHANGES \(file): \(share.alike) of \(share.all) (\(percent) %)")
            for difference in share.differences { print("EXCHANGES   \(difference)") }
        }
        #expect(percent >= floor, "\(file): \(share.differences.prefix(5))")
    }

    // MARK: Replaying

    /// The world between the lines of one file.
    struct Session {
        let clock: Clock
        var server: FakeAPIServer
        var variables: [String: String] = [:]
        var share = Share()

        init() {
            let clock = Clock()
            self.clock = clock
            self.server = FakeAPIServer(now: { clock.seconds })
        }
    }

    final class Clock: Sendable {
        private let time = Mutex<Int64>(1_764_000_000)
        var seconds: Int64 { self.time.withLock { $0 } }
        func advance(_ seconds: Int64) { self.time.withLock { $0 += seconds } }
    }

    static func replay(_ file: String) throws -> Share {
        let text = try String(contentsOf: Recordings.folder.appendingPathComponent("\(file).jsonl"), encoding: .utf8)
        var session = Session()
        if file == "podgroups-alpha" { session.server.servePodGroups() }
        for line in text.split(separator: "\n") {
            let entry = try #require(JSONTree(parsing: String(line)))
            if entry["compact"] != nil { session.server.compact() }
            if entry["request"] != nil { Self.exchange(entry, &session) }
        }
        return session.share
    }

    private static func exchange(_ entry: JSONTree, _ session: inout Session) {
        guard let request = entry["request"], let response = entry["response"] else { return }
        session.server.requiresCredentials = request["auth"] == "none"
        let answer = session.server.respond(to: Self.call(Self.filled(request, session.variables)))
        var body = JSONTree.null
        let why: String?
        switch answer.body {
        case .bytes(let bytes):
            // A GET of one object is no watch, whatever it asks for: its one line is the object.
            let text = String(decoding: bytes, as: UTF8.self)
            body = KubernetesProtobuf.decoded(bytes) ?? JSONTree(parsing: text) ?? .string(text)
            let lines = response["stream"]?.elements ?? []
            var expected = response
            if let bytes = Self.binary(response["body"]) {
                expected["body"] = KubernetesProtobuf.decoded(bytes)
                // A reader sees what the writer meant, and the writer writes what the reader saw.
                #expect(expected["body"].flatMap(KubernetesProtobuf.encoded) == bytes)
            }
            if lines.count == 1 { expected["body"] = lines[0] }
            why =
                lines.count > 1
                ? "one answer, no stream"
                : Self.difference((answer.status, body), expected)
                    ?? Self.difference(of: answer.headers, response["headers"] ?? [:])
        case .watch(var watch):
            why = Self.stream(&watch, entry, &session)
        }
        session.share.all += 1
        if let why {
            session.share.differences.append("\(entry["name"]?.string ?? ""): \(why)")
        } else {
            session.share.alike += 1
        }
        for variable in entry["save"]?.members ?? [] {
            let path = variable.value.string?.split(separator: "/").map(String.init) ?? []
            session.variables[variable.key] = body[path: path]?.string ?? ""
        }
        if let tag = answer.headers["ETag"] { session.variables["etag"] = tag.replacing("\"", with: "\\\"") }
    }

    /// Reads a watch to its time-out, with what happened meanwhile.
    private static func stream(
        _ watch: inout WatchSubscription, _ entry: JSONTree, _ session: inout Session
    ) -> String? {
        // A stream of one line may stand there as a body.
        let line = entry["response"]?["body"].map { [$0] }
        let binary = Self.binary(entry["response"]?["stream"]).map(Self.frames)
        guard let expected = binary ?? entry["response"]?["stream"]?.elements ?? line else { return "a stream" }
        let target = entry["request"]?["path"]?.string ?? ""
        let timeout = Int64(target.split(separator: "timeoutSeconds=").last?.prefix { $0.isNumber } ?? "") ?? 1
        var events = session.server.events(for: &watch)
        for during in entry["during"]?.elements ?? [] { Self.exchange(during, &session) }
        for _ in 0..<timeout {
            events += session.server.events(for: &watch)
            session.clock.advance(1)
        }
        events += session.server.events(for: &watch)
        guard watch.isEnded else { return "still open after its time-out" }
        if entry["bookmark"] == "required", !events.contains(where: Self.isProgress) { return "no bookmark" }
        let (ours, theirs) = (Self.comparable(events), Self.comparable(expected))
        guard ours != theirs else { return nil }
        guard ours.count == theirs.count else { return "\(ours.count) events, not \(theirs.count)" }
        return Self.differences(.array(ours), .array(theirs), at: "").prefix(4).joined(separator: "; ")
    }

    private static func isProgress(_ event: JSONTree) -> Bool {
        event["type"] == "BOOKMARK" && event["object"]?["metadata"]?["annotations"] == nil
    }

    /// Without progress bookmarks, and initial events in the order of their text.
    private static func comparable(_ events: [JSONTree]) -> [JSONTree] {
        let kept = events.filter { !Self.isProgress($0) }.map(Self.normalised)
        let end = kept.firstIndex { $0["type"] == "BOOKMARK" } ?? kept.prefix { $0["type"] == "ADDED" }.count
        return kept[..<end].sorted { $0.text < $1.text } + kept[end...]
    }

    private static func filled(_ request: JSONTree, _ variables: [String: String]) -> JSONTree {
        var text = request.text
        while let start = text.range(of: "{{repeat:x:"), let end = text[start.upperBound...].range(of: "}}") {
            let count = Int(text[start.upperBound..<end.lowerBound]) ?? 0
            text.replaceSubrange(start.lowerBound..<end.upperBound, with: String(repeating: "x", count: count))
        }
        for (name, value) in variables { text = text.replacing("{{\(name)}}", with: value) }
        return JSONTree(parsing: text) ?? request
    }

    private static func call(_ request: JSONTree) -> HTTPRequest {
        var headers = HTTPHeaders()
        for header in request["headers"]?.members ?? [] { headers.add(header.key, header.value.string ?? "") }
        let text = request["body"]?["text"]?.string.map { Array($0.utf8) }
        let body = Self.binary(request["body"]) ?? text ?? request["body"]?.bytes ?? []
        return HTTPRequest(
            method: request["method"]?.string ?? "", target: request["path"]?.string ?? "", headers: headers, body: body
        )
    }

    private static func binary(_ body: JSONTree?) -> [UInt8]? {
        body?["base64"]?.string.flatMap { Data(base64Encoded: $0) }.map { Array($0) }
    }

    /// The events of a watch in protobuf.
    private static func frames(_ bytes: [UInt8]) -> [JSONTree] {
        var (rest, events) = (bytes[...], [JSONTree]())
        while rest.count >= 4 {
            let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let frame = Array(rest.dropFirst(4).prefix(count))
            rest = rest.dropFirst(4 + count)
            let message = ProtobufMessage([
                (1, "type", .text), (2, "object", .message(ProtobufMessage([(1, "raw", .raw)]))),
            ])
            guard var event = message.decoded(frame[...]) else { return events }
            event["object"] = Self.binary(["base64": event[path: ["object", "raw"]] ?? ""])
                .flatMap(KubernetesProtobuf.decoded)
            events.append(event)
        }
        return events
    }

    // MARK: Comparing

    /// What the tester of the recordings normalises: times, uids, versions, tokens, ownership, and the wording of messages.
    private static let ignored: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "lastTransitionTime", "message",
        "authentication.kubernetes.io/credential-id", "token", "expirationTimestamp", "continue", "disruptedPods",
        "storageVersionHash", "serverAddressByClientCIDRs",
    ]

    private static func normalised(_ tree: JSONTree) -> JSONTree {
        switch tree {
        case .object(let members):
            // A generated name ends as chance has it.
            .object(
                members.filter { !Self.ignored.contains($0.key) && ($0.key != "name" || tree["generateName"] == nil) }
                    .map {
                        .init($0.key, $0.key == "managedFields" ? Self.owners($0.value) : Self.normalised($0.value))
                    }
                    .sorted { $0.key < $1.key })
        case .array(let elements): .array(elements.map(Self.normalised))
        // Ages in tables.
        case .string(let text) where text.wholeMatch(of: /(\d+ \()?\d+[smhd](\d+[smhd])?( ago\))?/) != nil: "AGE"
        case .string(let text) where text.wholeMatch(of: /kube-api-access-[a-z0-9]{5}/) != nil: "kube-api-access"
        default: tree
        }
    }

    private static func sorted(_ tree: JSONTree) -> JSONTree {
        guard case .object = tree else { return tree }
        return .object(tree.members.map { .init($0.key, Self.sorted($0.value)) }.sorted { $0.key < $1.key })
    }

    /// Ownership without its times, on which the order hangs.
    private static func owners(_ entries: JSONTree) -> JSONTree {
        .array(
            entries.elements.map { entry in
                var entry = entry
                entry["time"] = nil
                return Self.sorted(entry)
            }.sorted { $0.text < $1.text })
    }

    /// Of the headers that every answer has.
    private static func difference(of ours: HTTPHeaders, _ theirs: JSONTree) -> String? {
        for name in ["content-type", "retry-after"] where ours[name] != theirs[name]?.string {
            return "header \(name): ours \(ours[name] ?? "none"), theirs \(theirs[name]?.text ?? "none")"
        }
        return nil
    }

    private static func difference(_ answer: (status: Int, body: JSONTree), _ response: JSONTree) -> String? {
        let status = Int(response["status"]?.integer ?? 0)
        guard answer.status == status else { return "status \(answer.status), not \(status)" }
        guard let body = response["body"], case .object = body else { return nil }
        let (ours, theirs) = (Self.normalised(answer.body), Self.normalised(body))
        guard ours != theirs else { return nil }
        return Self.differences(ours, theirs, at: "").prefix(4).joined(separator: "; ")
    }

    /// The places where two trees differ, with what stands there.
    private static func differences(_ ours: JSONTree, _ theirs: JSONTree, at path: String) -> [String] {
        switch (ours, theirs) {
        case (.object, .object):
            let keys = Set(ours.members.map(\.key)).union(theirs.members.map(\.key)).sorted()
            return keys.filter { ours[$0] != theirs[$0] }.flatMap { key in
                Self.differences(ours[key] ?? .null, theirs[key] ?? .null, at: "\(path)/\(key)")
            }
        case (.array(let left), .array(let right)) where left.count == right.count:
            return left.indices.flatMap { Self.differences(left[$0], right[$0], at: "\(path)/\($0)") }
        default:
            if ours == theirs { return [] }
            return ["\(path): ours \(ours.text.prefix(120)), theirs \(theirs.text.prefix(160))"]
        }
    }
}
