import KubernetesAPI

/// What Berth asked of a scalable group, written on the group itself in the same patch as its size: so a crash between two calls
/// neither grows nor shrinks it twice.
struct ScalingRecord: Equatable {
    static let annotation = "berth.dev/scaling"
    /// Launches that are kept after they came to an end; a token older than these is taken for a new one.
    static let closedLimit = 32

    /// A launch whose machines are not all there yet.
    struct Launch: Equatable {
        var token: String
        var count: Int
        /// When it was asked; seconds since 1970.
        var sinceSeconds: Int64
        /// Machines that were there before.
        var before: Set<String>
    }

    /// A launch that came to an end: with these machines, or with none since it was undone.
    struct ClosedLaunch: Equatable {
        var token: String
        var count: Int
        var machines: [String]
        /// Why it was undone; nil for one that was not.
        var refusal: String?
    }

    var launch: Launch?
    /// Oldest first.
    var closed: [ClosedLaunch] = []
    /// Machines that the size does not count any more although their objects are still there.
    var removing: Set<String> = []

    init() {}

    mutating func close(_ launch: Launch, machines: [String] = [], refusal: String? = nil) {
        self.launch = nil
        self.closed.append(
            ClosedLaunch(token: launch.token, count: launch.count, machines: machines, refusal: refusal))
        self.closed.removeFirst(max(0, self.closed.count - Self.closedLimit))
    }

    /// The token that a machine was bought with; what came since a launch began is taken for its own while it is under way.
    func token(of machine: String) -> String? {
        if let closed = self.closed.last(where: { $0.machines.contains(machine) }) { return closed.token }
        return self.launch.flatMap { $0.before.contains(machine) ? nil : $0.token }
    }
}

extension ScalingRecord {
    /// Nil where `text` is no record.
    init?(parsing text: String) {
        guard let tree = JSONTree(parsing: text), case .object = tree else { return nil }
        self.init()
        if let launch = tree["launch"] {
            guard let token = launch["token"]?.string, let count = launch["count"]?.integer,
                let since = launch["since"]?.integer
            else { return nil }
            self.launch = Launch(
                token: token, count: Int(clamping: count), sinceSeconds: since, before: Self.names(launch["before"]))
        }
        for entry in tree["closed"]?.elements ?? [] {
            guard let token = entry["token"]?.string, let count = entry["count"]?.integer else { return nil }
            self.closed.append(
                ClosedLaunch(
                    token: token, count: Int(clamping: count), machines: Self.names(entry["machines"]).sorted(),
                    refusal: entry["refusal"]?.string))
        }
        self.removing = Self.names(tree["removing"])
    }

    var text: String {
        var tree: JSONTree = [:]
        if let launch = self.launch {
            tree["launch"] = [
                "token": .string(launch.token), "count": .integer(Int64(launch.count)),
                "since": .integer(launch.sinceSeconds), "before": Self.array(launch.before.sorted()),
            ]
        }
        tree["closed"] = .array(
            self.closed.map { closed in
                var entry: JSONTree = ["token": .string(closed.token), "count": .integer(Int64(closed.count))]
                entry["machines"] = Self.array(closed.machines)
                entry["refusal"] = closed.refusal.map(JSONTree.string)
                return entry
            })
        tree["removing"] = Self.array(self.removing.sorted())
        return tree.text
    }

    private static func names(_ tree: JSONTree?) -> Set<String> { Set(tree?.elements.compactMap(\.string) ?? []) }

    private static func array(_ names: [String]) -> JSONTree { .array(names.map(JSONTree.string)) }
}
