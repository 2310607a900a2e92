import FakeKubernetesAPI
import Foundation
import HTTPTransport
import KubernetesAPI
import Testing

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
        ("binding", 100), ("concurrency", 100), ("events", 100), ("leases", 100), ("namespaces", 100), ("nodes", 100),
        ("pods-gates", 100), ("pods-validation", 100), ("server-side-apply", 100), ("eviction", 98), ("errors", 97),
        ("auth", 96), ("crds", 96), ("lists", 96), ("patches", 96), ("tables", 95), ("pods-defaulting", 92),
        ("negotiation", 72),
        ("watch", 50), ("discovery", 36), ("podgroups-alpha", 15),
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

    static func replay(_ file: String) throws -> Share {
        let text = try String(contentsOf: Recordings.folder.appendingPathComponent("\(file).jsonl"), encoding: .utf8)
        var server = FakeAPIServer(now: { 1_764_000_000 })
        var variables: [String: String] = [:]
        var share = Share()
        for line in text.split(separator: "\n") {
            let entry = try #require(JSONTree(parsing: String(line)))
            if entry["compact"] != nil { server.compact() }
            guard let request = entry["request"], let response = entry["response"], response["stream"] == nil else {
                continue
            }
            server.requiresCredentials = request["auth"] == "none"
            let answer = Self.answer(Self.filled(request, variables), &server)
            share.all += 1
            if let why = Self.difference(answer, response) {
                share.differences.append("\(entry["name"]?.string ?? ""): \(why)")
            } else {
                share.alike += 1
            }
            for variable in entry["save"]?.members ?? [] {
                let path = variable.value.string?.split(separator: "/").map(String.init) ?? []
                variables[variable.key] = answer.body[path: path]?.string ?? ""
            }
        }
        return share
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

    private static func answer(_ request: JSONTree, _ server: inout FakeAPIServer) -> (status: Int, body: JSONTree) {
        var headers = HTTPHeaders()
        for header in request["headers"]?.members ?? [] { headers.add(header.key, header.value.string ?? "") }
        let body = request["body"]?["text"]?.string.map { Array($0.utf8) } ?? request["body"]?.bytes ?? []
        let call = HTTPRequest(
            method: request["method"]?.string ?? "", target: request["path"]?.string ?? "", headers: headers, body: body
        )
        guard case .answer(let status, let body) = server.handle(call) else { return (200, .null) }
        return (status, body)
    }

    // MARK: Comparing

    /// What the tester of the recordings normalises: times, uids, versions, tokens, ownership, and the wording of messages.
    private static let ignored: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "lastTransitionTime", "managedFields",
        "message",
        "authentication.kubernetes.io/credential-id", "token", "expirationTimestamp", "continue", "disruptedPods",
        "storageVersionHash", "serverAddressByClientCIDRs",
    ]

    private static func normalised(_ tree: JSONTree) -> JSONTree {
        switch tree {
        case .object(let members):
            // A generated name ends as chance has it.
            .object(
                members.filter { !Self.ignored.contains($0.key) && ($0.key != "name" || tree["generateName"] == nil) }
                    .map { .init($0.key, Self.normalised($0.value)) }.sorted { $0.key < $1.key })
        case .array(let elements): .array(elements.map(Self.normalised))
        // Ages in tables.
        case .string(let text) where text.wholeMatch(of: /(\d+ \()?\d+[smhd](\d+[smhd])?( ago\))?/) != nil: "AGE"
        default: tree
        }
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
