import Foundation
import HTTPTransport
import KubernetesAPI
import Synchronization
import Testing

@testable import FakeAPIServerCommand
@testable import FakeKubernetesAPI

private enum Recordings {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/fixtures/kube-api").standardizedFileURL
    static let topics = ((try? FileManager.default.contentsOfDirectory(atPath: Self.folder.path)) ?? [])
        .filter { $0.hasSuffix(".jsonl") }.map { String($0.dropLast(6)) }.sorted()
}

/// The recorded exchanges' requests, sent over a socket and in process to servers of one seed and one clock. How alike the answers are
/// to a real server's is `RecordedExchangeTests`' business.
@Suite(
    "Recorded exchanges over a socket", .serialized,
    .enabled(if: !Recordings.topics.isEmpty, "no recordings beside the repository"))
struct RecordedOverASocketTests {
    private static let limits = HTTPTimeLimits(total: .seconds(120))

    final class Clock: Sendable {
        private let time = Mutex<Int64>(1_764_000_000)
        var seconds: Int64 { self.time.withLock { $0 } }
        func advance() { self.time.withLock { $0 += 1 } }
    }

    final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { self.value.withLock { $0 } }
        func set() { self.value.withLock { $0 = true } }
    }

    /// The two servers, and what later requests take from earlier answers.
    private final class Pair {
        let clock: Clock
        var twin: FakeAPIServer
        let served: InProcessTransport
        let client: CurlTransport
        var variables: [String: String] = [:]

        init(_ clock: Clock, _ served: InProcessTransport, _ client: CurlTransport) {
            self.clock = clock
            self.twin = served.withServer { $0 }
            self.served = served
            self.client = client
        }
    }

    @Test("are answered as in process, byte for byte", arguments: Recordings.topics)
    func sameAsInProcess(topic: String) async throws {
        let text = try String(contentsOf: Recordings.folder.appendingPathComponent("\(topic).jsonl"), encoding: .utf8)
        let clock = Clock()
        let served = InProcessTransport(FakeAPIServer(now: { clock.seconds }))
        let faulty = RuledFaultTransport(served)
        try await Serving.run(
            handler: { await FakeAPIServerCommand.answer($0, faulty, asksForCredentials: false) }
        ) { client, _ in
            let pair = Pair(clock, served, client)
            for line in text.split(separator: "\n") {
                let entry = try #require(JSONTree(parsing: String(line)))
                if entry["compact"] != nil {
                    pair.twin.compact()
                    served.withServer { $0.compact() }
                }
                if entry["request"] != nil { try await Self.exchange(entry, pair) }
            }
            served.endWatches()
        }
    }

    private static func exchange(_ entry: JSONTree, _ pair: Pair) async throws {
        let name = entry["name"]?.string ?? ""
        // Another method ends in the HTTP parser, with a bare 400.
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        guard methods.contains(entry["request"]?["method"]?.string ?? "") else { return }
        let isAnonymous = entry["request"]?["auth"] == "none"
        pair.twin.requiresCredentials = isAnonymous
        pair.served.withServer { $0.requiresCredentials = isAnonymous }
        let request = Self.request(entry["request"] ?? [:], pair.variables)
        let expected = pair.twin.respond(to: request)
        switch expected.body {
        case .bytes(let bytes):
            let answer = try await pair.client.send(request)
            #expect(answer.status == expected.status, "\(name)")
            #expect(answer.headers["Content-Type"] == expected.headers["Content-Type"], "\(name)")
            let body = try await answer.body.collect(upTo: 16 << 20)
            #expect(body == bytes, "\(name)")
            let read = JSONTree(parsing: String(decoding: bytes, as: UTF8.self)) ?? .null
            for variable in entry["save"]?.members ?? [] {
                let path = variable.value.string?.split(separator: "/").map(String.init) ?? []
                pair.variables[variable.key] = read[path: path]?.string ?? ""
            }
            if let tag = expected.headers["ETag"] { pair.variables["etag"] = tag.replacing("\"", with: "\\\"") }
        case .watch(var watch):
            try await Self.follow(&watch, request, entry, pair)
        }
    }

    /// Holds a watch open on both, does what was done meanwhile, and lets its time pass.
    private static func follow(
        _ watch: inout WatchSubscription, _ request: HTTPRequest, _ entry: JSONTree, _ pair: Pair
    ) async throws {
        // An earlier watch is closed when its last reader is gone.
        while pair.served.openWatchCount != 0 { try await Task.sleep(for: .milliseconds(2)) }
        let (client, isReceived) = (pair.client, Flag())
        async let received = {
            defer { isReceived.set() }
            return try await client.send(request).body.collect(upTo: 16 << 20)
        }()
        while pair.served.openWatchCount == 0, !isReceived.isSet { try await Task.sleep(for: .milliseconds(2)) }
        var events = pair.twin.events(for: &watch)
        for during in entry["during"]?.elements ?? [] { try await Self.exchange(during, pair) }
        for _ in 0..<120 where !watch.isEnded {
            events += pair.twin.events(for: &watch)
            pair.clock.advance()
            pair.served.clockMoved()
        }
        let bytes = try await received
        guard !watch.isProtobuf else {
            #expect(bytes == events.flatMap(watch.written), "\(entry["name"]?.string ?? "")")
            return
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let ours = lines.compactMap { JSONTree(parsing: String($0)) }
        #expect(ours.count == lines.count)
        #expect(Self.withoutProgress(ours) == Self.withoutProgress(events), "\(entry["name"]?.string ?? "")")
    }

    /// Progress bookmarks hang on when a watch is read.
    private static func withoutProgress(_ events: [JSONTree]) -> [JSONTree] {
        events.filter { $0["type"] != "BOOKMARK" || $0["object"]?["metadata"]?["annotations"] != nil }
    }

    private static func request(_ request: JSONTree, _ variables: [String: String]) -> HTTPRequest {
        var text = request.text
        while let start = text.range(of: "{{repeat:x:"), let end = text[start.upperBound...].range(of: "}}") {
            let count = Int(text[start.upperBound..<end.lowerBound]) ?? 0
            text.replaceSubrange(start.lowerBound..<end.upperBound, with: String(repeating: "x", count: count))
        }
        for (name, value) in variables { text = text.replacing("{{\(name)}}", with: value) }
        let filled = JSONTree(parsing: text) ?? request
        // Over a socket there always is an agent, and it would be the manager of fields.
        var headers: HTTPHeaders = ["User-Agent": "tester/1"]
        for header in filled["headers"]?.members ?? [] { headers.add(header.key, header.value.string ?? "") }
        let body = filled["body"]?["text"]?.string.map { Array($0.utf8) } ?? filled["body"]?.bytes ?? []
        return HTTPRequest(
            method: filled["method"]?.string ?? "", target: filled["path"]?.string ?? "", headers: headers, body: body,
            limits: Self.limits)
    }
}
