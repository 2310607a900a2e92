/// A mark on a node that keeps pods away unless they tolerate it.
public struct Taint: Hashable, Sendable {
    public enum Effect: String, Hashable, Sendable {
        case noSchedule = "NoSchedule"
        case preferNoSchedule = "PreferNoSchedule"
        case noExecute = "NoExecute"
    }

    public let key: String
    public let value: String
    public let effect: Effect

    public init(key: String, value: String = "", effect: Effect) {
        self.key = key
        self.value = value
        self.effect = effect
    }

    /// Kubernetes' own taint on a cordoned node. Import adds it where only `spec.unschedulable` is set.
    public static let unschedulable = Taint(key: "node.kubernetes.io/unschedulable", effect: .noSchedule)
    /// Import adds it to a node whose Ready condition is not True.
    public static let notReady = Taint(key: "node.kubernetes.io/not-ready", effect: .noSchedule)
    /// Of a node that its control plane has not heard of for a while.
    public static let unreachableKey = "node.kubernetes.io/unreachable"

    /// Whether an untolerated taint of this effect keeps a pod off the node.
    public var isHard: Bool {
        switch self.effect {
        case .noSchedule, .noExecute: true
        case .preferNoSchedule: false
        }
    }
}

/// A pod's consent to a taint.
public struct Toleration: Hashable, Sendable {
    public enum Match: Hashable, Sendable {
        /// Any value.
        case exists
        case equal(String)
        case isGreater(than: Int64)
        case isLess(than: Int64)
    }

    /// Nil tolerates every key (only legal with `exists`).
    public let key: String?
    public let match: Match
    /// Nil tolerates every effect.
    public let effect: Taint.Effect?

    public init(key: String?, match: Match = .exists, effect: Taint.Effect? = nil) {
        self.key = key
        self.match = match
        self.effect = effect
    }

    public func tolerates(_ taint: Taint) -> Bool {
        guard self.effect == nil || self.effect == taint.effect else { return false }
        guard self.key == nil || self.key == taint.key else { return false }
        return switch self.match {
        case .exists: true
        case .equal(let value): value == taint.value
        case .isGreater(let bound): Int64(taint.value).map { $0 > bound } ?? false
        case .isLess(let bound): Int64(taint.value).map { $0 < bound } ?? false
        }
    }
}
