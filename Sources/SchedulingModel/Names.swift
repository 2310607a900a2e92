/// The name of a Kubernetes node (`metadata.name`, which may differ from its hostname label).
public struct NodeName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(_ rawValue: String) { self.rawValue = rawValue }

    public var description: String { self.rawValue }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// What tells objects of one kind apart: a namespace and a name. Ordered by namespace, then name, both by Unicode scalar.
///
/// `Object` only keeps the keys of different kinds from being mixed up.
public struct NamespacedName<Object>: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let namespace: String
    public let name: String

    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    public var description: String { "\(self.namespace)/\(self.name)" }

    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.namespace != rhs.namespace ? lhs.namespace < rhs.namespace : lhs.name < rhs.name
    }
}

public typealias PodKey = NamespacedName<PodState>

/// A subgroup's name is its parent's name, a slash, and its own.
public typealias PodGroupKey = NamespacedName<PodGroup>

/// The name of a resource as nodes and pods spell it: `cpu`, `memory`, `nvidia.com/gpu`.
public struct ResourceName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(_ rawValue: String) { self.rawValue = rawValue }

    public static let cpu = ResourceName("cpu")
    public static let memory = ResourceName("memory")
    public static let ephemeralStorage = ResourceName("ephemeral-storage")
    public static let pods = ResourceName("pods")
    public static let nvidiaGPU = ResourceName("nvidia.com/gpu")

    /// Extended resources carry a domain; hugepages do not and are counted like memory.
    public var isExtended: Bool {
        self.rawValue.utf8.contains(UInt8(ascii: "/")) && !self.rawValue.hasPrefix("kubernetes.io/")
    }

    public var description: String { self.rawValue }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// What a cloud calls one machine: `i-0123…`, or the name of a Machine object.
public struct MachineID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(_ rawValue: String) { self.rawValue = rawValue }

    public var description: String { self.rawValue }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}
