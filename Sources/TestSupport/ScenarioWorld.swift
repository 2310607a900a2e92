public import SchedulingModel

extension Scenario {
    /// The world as a snapshot.
    ///
    /// - Throws: `ScenarioError` naming file and line for an unknown word, an unreadable value, or a name that stands
    ///   twice.
    public func snapshot() throws(ScenarioError) -> ClusterSnapshot {
        var world = ScenarioWorld(lines: self.world)
        for line in self.world { try world.add(line) }
        return ClusterSnapshot(nodes: world.nodes, pods: world.pods, groups: world.groups, topology: world.topology)
    }

    /// What the command asks to be shown beside placements, groups and pending pods: `summary`, `allReduce`,
    /// `notes`.
    public func rendererOptions() throws(ScenarioError) -> ScenarioRenderer.Options {
        var command = self.command
        let options = ScenarioRenderer.Options(
            showsSummary: command.flag("summary"), showsAllReduce: command.flag("allReduce"),
            showsNotes: command.flag("notes"))
        try command.finish()
        return options
    }
}

/// A world while its lines are read.
struct ScenarioWorld {
    var nodes: [NodeState] = []
    var pods: [PodState] = []
    var groups: [PodGroup] = []
    var topology: Topology

    /// Without a `topology` line the ladder is zone, block, rack, as far as any node names them; a level's label key
    /// is its name.
    init(lines: [ScenarioLine]) {
        let levels = ["zone", "block", "rack"].filter { name in
            lines.contains { line in
                var line = line
                return line.verb == "node" && !line.values(name).isEmpty
            }
        }
        self.topology = Topology(levels: levels.map { TopologyLevel(name: $0, labelKey: $0) })
    }

    mutating func add(_ line: ScenarioLine) throws(ScenarioError) {
        var line = line
        switch line.verb {
        case "topology": try self.addTopology(&line)
        case "node": try self.addNodes(&line)
        case "pod": try self.addPods(&line)
        case "group": try self.addGroup(&line)
        case "gang": try self.addGang(&line)
        default: throw line.error("unknown verb; known are topology, node, pod, group and gang")
        }
        try line.finish()
    }

    /// `topology levels=zone,rack nvlink=key,key2`; a level may be spelt `name:labelKey`.
    private mutating func addTopology(_ line: inout ScenarioLine) throws(ScenarioError) {
        guard self.nodes.isEmpty else { throw line.error("must stand before the nodes") }
        if let levels = try line.value("levels") {
            self.topology.levels = levels.split(separator: ",").map { level in
                let parts = level.split(separator: ":", maxSplits: 1).map(String.init)
                return TopologyLevel(name: parts[0], labelKey: parts[parts.count - 1])
            }
        }
        if let keys = try line.value("nvlink") {
            self.topology.nvlinkLabelKeys = keys.split(separator: ",").map(String.init)
        }
    }
}

extension ScenarioLine {
    /// The value of a key, read by `parse`.
    mutating func parsed<Value>(_ key: String, _ parse: (String) -> Value?) throws(ScenarioError) -> Value? {
        guard let text = try self.value(key) else { return nil }
        guard let value = parse(text) else { throw self.error("\(key)=\(text): cannot be read") }
        return value
    }

    /// All values of a key that may stand more than once, each read by `parse`.
    mutating func allParsed<Value>(_ key: String, _ parse: (String) -> Value?) throws(ScenarioError) -> [Value] {
        var values: [Value] = []
        for text in self.values(key) {
            guard let value = parse(text) else { throw self.error("\(key)=\(text): cannot be read") }
            values.append(value)
        }
        return values
    }
}
