public import PlacementVerifier
public import SchedulingModel

/// What one cycle decided, as everybody sees it: the extender, the dashboard, the dry run, the audit log. Immutable.
public struct PublishedPlan: Sendable {
    public enum Verdict: Sendable {
        case accepted
        /// Nothing of the plan is carried out: a bug of ours, with the evidence.
        case refused([Violation])
    }

    /// 1 for the first cycle of a loop.
    public var cycle: UInt64
    public var atMillis: Int64
    /// The cluster with every decision that is under way counted as a fact.
    public var snapshot: ClusterSnapshot
    public var plan: Plan
    public var verdict: Verdict
    /// Equal snapshots have equal digests, on every machine.
    public var snapshotDigest: String
    /// One per action that this cycle asked for.
    public var decisions: [DecisionRecord]

    public var isAccepted: Bool { if case .accepted = self.verdict { true } else { false } }
}

/// One line of the audit log: who, what, and the cycle that says why.
public struct DecisionRecord: Hashable, Sendable {
    public var atMillis: Int64
    public var cycle: UInt64
    public var snapshotDigest: String
    public var action: Action
}

/// FNV-1a over what a plan depends on most: who is there, how large, and where everything stands.
struct SnapshotDigest {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    static func text(of snapshot: ClusterSnapshot) -> String {
        var digest = SnapshotDigest()
        for node in snapshot.nodes {
            digest.mix(node.name.rawValue)
            for entry in node.allocatable.entries {
                digest.mix(entry.name.rawValue)
                digest.mix(UInt64(bitPattern: entry.amount))
            }
            for taint in node.taints { digest.mix(taint.key) }
        }
        for pod in snapshot.pods {
            digest.mix(pod.key.namespace)
            digest.mix(pod.key.name)
            digest.mix(UInt64(bitPattern: Int64(pod.priority)))
            digest.mix(pod.node?.rawValue ?? (pod.standing == .pending ? "?" : "-"))
        }
        for group in snapshot.groups {
            digest.mix(group.key.name)
            digest.mix(UInt64(bitPattern: Int64(group.minMember)))
        }
        let hexadecimal = String(digest.state, radix: 16)
        return String(repeating: "0", count: 16 - hexadecimal.count) + hexadecimal
    }

    private mutating func mix(_ text: String) {
        for byte in text.utf8 { self.mix(byte: byte) }
        self.mix(byte: 0xFF)
    }

    private mutating func mix(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            self.mix(byte: UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    private mutating func mix(byte: UInt8) {
        self.state = (self.state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
}
