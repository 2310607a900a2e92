/// One rung of the fabric ladder: a label key whose value names the domain a node is in.
public struct TopologyLevel: Hashable, Sendable {
    /// What people call it in configuration and in plans: `zone`, `block`, `rack`.
    public let name: String
    public let labelKey: String

    public init(name: String, labelKey: String) {
        self.name = name
        self.labelKey = labelKey
    }
}

/// How a cluster's nodes are wired, as far as labels tell.
///
/// Levels run from widest to narrowest. The node itself is always the narrowest and is not listed. The NVLink
/// domain is an axis of its own: a rack-wide clique may cross leaf switches, and two cliques say nothing about
/// how near they are.
public struct Topology: Hashable, Sendable {
    public var levels: [TopologyLevel]
    /// Label keys that name a multi-node NVLink domain, most exact first. Only equal full values are connected.
    public var nvlinkLabelKeys: [String]

    public init(levels: [TopologyLevel] = [], nvlinkLabelKeys: [String] = ["nvidia.com/gpu.clique"]) {
        self.levels = levels
        self.nvlinkLabelKeys = nvlinkLabelKeys
    }

    /// What a user's level name or label key means here; a key outside the ladder is an axis of its own.
    public func axis(named nameOrKey: String) -> TopologyAxis {
        if nameOrKey == "host" || nameOrKey == "kubernetes.io/hostname" { return .host }
        if nameOrKey == "nvlink" || self.nvlinkLabelKeys.contains(nameOrKey) { return .nvlink }
        if let index = self.levels.firstIndex(where: { $0.name == nameOrKey || $0.labelKey == nameOrKey }) {
            return .level(index)
        }
        return .label(nameOrKey)
    }

    /// The name a plan prints for an axis: the level's name, `nvlink`, `host`, or the label key.
    public func name(of axis: TopologyAxis) -> String {
        switch axis {
        case .level(let index): self.levels[index].name
        case .nvlink: "nvlink"
        case .label(let key): key
        case .host: "host"
        }
    }
}

/// A way to divide the nodes into domains.
public enum TopologyAxis: Hashable, Sendable {
    /// A position in `Topology.levels`. A domain is the tuple of its value and all wider levels' values.
    case level(Int)
    case nvlink
    /// A label outside the ladder; a domain is one value of it.
    case label(String)
    case host
}

/// One part of the cluster on one axis.
///
/// A node that lacks a label is alone in its own domain on that axis and on every narrower level.
public struct TopologyDomain: Hashable, Comparable, Sendable {
    public let axis: TopologyAxis
    /// The values from the widest level down to this one; a single value on the other axes. A missing value is the
    /// node's name in parentheses.
    public let path: [String]

    public init(axis: TopologyAxis, path: [String]) {
        self.axis = axis
        self.path = path
    }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.path.lexicographicallyPrecedes(rhs.path) }
}

/// A gang's wish about where its members stand.
public struct TopologyConstraint: Hashable, Sendable {
    public var axis: TopologyAxis
    /// Required: all members in one domain of the axis, or none is placed. Preferred: if that can be had.
    public var isRequired: Bool

    public init(axis: TopologyAxis, isRequired: Bool) {
        self.axis = axis
        self.isRequired = isRequired
    }
}
