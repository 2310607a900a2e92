import ControlLoop
import FoundationEssentials
import KubernetesAPI
import SchedulingModel
import Synchronization

/// Lines of JSON about what happens: the log for people, the audit record of every decision.
public struct Journal: Sendable {
    public enum Level: String, Sendable {
        case info
        case warning
        case error
    }

    private let write: @Sendable (String) -> Void

    /// - Parameter write: Takes one line without its end.
    public init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

    public static let silent = Journal { _ in }

    public func log(_ level: Level, _ message: String, _ fields: [(String, String)] = []) {
        var line: JSONTree = [
            "time": .string(Timestamp.now()), "level": .string(level.rawValue), "message": .string(message),
        ]
        for (key, value) in fields { line[key] = .string(value) }
        self.write(line.text)
    }

    /// Who, what, why, and the state of the cluster that it was decided on.
    func audit(_ record: DecisionRecord, sentence: String) {
        let target = record.action.target
        var line: JSONTree = [
            "time": .string(Timestamp.now()), "level": "audit", "cycle": .integer(Int64(clamping: record.cycle)),
            "snapshot": .string(record.snapshotDigest), "verdict": "accepted",
            "action": .string(record.action.kind.title), "namespace": .string(target.key.namespace),
            "pod": .string(target.key.name), "uid": .string(target.uid),
        ]
        switch record.action.kind {
        case .release(_, let assignment), .bind(_, let assignment):
            line["node"] = .string(assignment.node.rawValue)
            line["devices"] = .array(assignment.devices.map { .integer(Int64($0.index)) })
        case .explain(_, let pending):
            line["reason"] = .string(pending.reason.rawValue)
            line["message"] = .string(sentence)
        case .evict(_, .pinnedToLostNode(let node)): line["lostNode"] = .string(node.rawValue)
        case .evict(_, .pinnedWithoutRoom(let node)): line["fullNode"] = .string(node.rawValue)
        case .evict(_, .gangIncomplete(let group)): line["incompleteGang"] = .string(group.description)
        case .evict(_, .preempted(let preemptor)): line["preemptor"] = .string("\(preemptor)")
        case .evict(_, .interrupted(let node)): line["interruptedNode"] = .string(node.rawValue)
        case .evict(_, .consolidated(let node)): line["emptiedNode"] = .string(node.rawValue)
        case .evict(_, .gangMoves(let gang, let node)):
            line["interruptedNode"] = .string(node.rawValue)
            line["movedGang"] = .string(gang.description)
        case .nominate(_, let node): line["node"] = node.map { .string($0.rawValue) } ?? .null
        case .read: break
        }
        self.write(line.text)
    }
}

extension Journal {
    /// What is done about nodes that are bought or taken. A list of what a provider has is no decision.
    func audit(_ action: PoolAction) {
        if case .list = action.kind { return }
        var line: JSONTree = [
            "time": .string(Timestamp.now()), "level": "audit", "action": .string(action.kind.title),
        ]
        for (key, value) in action.kind.fields { line[key] = .string(value) }
        self.write(line.text)
    }

    func audit(_ record: NoticeRecord) {
        var line: JSONTree = [
            "time": .string(Timestamp.now()), "level": "audit", "action": .string("notice_\(record.kind.title)"),
            "decided": .string(Timestamp.text(record.atMillis)), "node": .string(record.node.rawValue),
            "source": .string(record.source), "gangs": .array(record.gangs.map { .string($0.description) }),
        ]
        if case .noticed(let taken, let evict) = record.kind {
            line["taken"] = .string(Timestamp.text(taken))
            line["evict"] = .string(Timestamp.text(evict))
        }
        if case .answered(let answer) = record.kind { line["answer"] = .string(answer.rawValue) }
        self.write(line.text)
    }
}

extension NoticeRecord.Kind {
    var title: String {
        switch self {
        case .noticed: "noticed"
        case .answered: "answered"
        case .evicting: "evicting"
        case .lifted: "lifted"
        case .gone: "gone"
        }
    }
}

extension Action.Kind {
    var title: String {
        switch self {
        case .release: "release"
        case .bind: "bind"
        case .evict: "evict"
        case .explain: "explain"
        case .nominate: "nominate"
        case .read: "read"
        }
    }
}

extension ActionResult {
    var title: String {
        switch self {
        case .succeeded, .found: "success"
        case .conflict: "conflict"
        case .notFound: "not_found"
        case .rejected: "rejected"
        case .unavailable: "unavailable"
        case .unknown: "unknown"
        }
    }
}

enum Timestamp {
    /// `2026-11-26T10:00:00.000000Z`, as Kubernetes writes times of leases and events.
    static func now() -> String {
        let now = Date().timeIntervalSince1970
        let seconds = now.rounded(.down)
        let micros = String(1_000_000 + Int((now - seconds) * 1_000_000)).dropFirst()
        let text = Date(timeIntervalSince1970: seconds).formatted(.iso8601)
        return text.dropLast() + "." + micros + "Z"
    }

    /// `2026-11-26T10:00:00Z` of a time as `now` writes it, as conditions have it.
    static func wholeSeconds(_ timestamp: String) -> String { String(timestamp.prefix(19)) + "Z" }

    /// `2026-11-26T10:00:00Z` for milliseconds since 1970; what lies beyond the calendar is put at its ends.
    static func text(_ millis: Int64) -> String {
        Date(timeIntervalSince1970: Double(min(max(0, millis), 253_402_300_799_000) / 1000)).formatted(.iso8601)
    }

    static var seconds: Int64 { Int64(Date().timeIntervalSince1970) }
}
