import SchedulingModel

extension ScenarioWorld {
    /// `group ns/name min=n [desired=n] [parent=ns/name] [required=axis] [preferred=axis] [exclusive=axis] [problem=]`
    mutating func addGroup(_ line: inout ScenarioLine) throws(ScenarioError) {
        let (namespace, name) = try line.namespacedName()
        guard let minMember = try line.integer("min") else { throw line.error("expected min=") }
        try self.append(
            self.group(&line, key: PodGroupKey(namespace: namespace, name: name), minMember: minMember), line)
    }

    /// `gang ns/name members=n [min=n]` with the words of `group` and of `pod`: the group and its pods name-0, name-1
    /// and so on.
    ///
    /// A member's rank is its number, counted from `firstRank=`, unless `unranked`. `bound=0@node,2@node` says which
    /// members run, `gated=1,3` which wait for somebody else's gate.
    mutating func addGang(_ line: inout ScenarioLine) throws(ScenarioError) {
        let (namespace, name) = try line.namespacedName()
        guard let count = try line.integer("members") else { throw line.error("expected members=") }
        let minMember = try line.integer("min") ?? count
        let key = PodGroupKey(namespace: namespace, name: name)
        try self.append(self.group(&line, key: key, minMember: minMember), line)
        let isRanked = !line.flag("unranked")
        let firstRank = try line.integer("firstRank") ?? 0
        let bound = try line.parsed("bound", Self.boundMembers) ?? [:]
        let gated =
            try line.parsed("gated") { text in
                ScenarioExpression.all(text.split(separator: ","), { Int($0) })
            } ?? []
        let template = try self.pod(&line, namespace: namespace)
        for number in 0..<count {
            var pod = template
            pod.key = PodKey(namespace: namespace, name: "\(Self.podName(of: name))-\(number)")
            pod.group = key
            pod.rank = isRanked ? firstRank + number : nil
            if let node = bound[number] { pod.standing = .bound(node) }
            if gated.contains(number) { pod.standing = .gatedElsewhere(gate: "example.com/hold") }
            try self.append(pod, line)
        }
    }

    private mutating func append(_ group: PodGroup, _ line: ScenarioLine) throws(ScenarioError) {
        guard !self.groups.contains(where: { $0.key == group.key }) else {
            throw line.error("\(group.key) stands twice")
        }
        self.groups.append(group)
    }

    private func group(
        _ line: inout ScenarioLine, key: PodGroupKey, minMember: Int
    ) throws(ScenarioError) -> PodGroup {
        var group = PodGroup(key: key, minMember: minMember, desiredMembers: try line.integer("desired"))
        if let parent = try line.value("parent") {
            let parts = try line.splitName(parent)
            group.parent = PodGroupKey(namespace: parts.namespace, name: parts.name)
        }
        let topology = self.topology
        group.topology += line.values("required").map {
            TopologyConstraint(axis: topology.axis(named: $0), isRequired: true)
        }
        group.topology += line.values("preferred").map {
            TopologyConstraint(axis: topology.axis(named: $0), isRequired: false)
        }
        group.exclusiveAxis = try line.value("exclusive").map(topology.axis(named:))
        group.problem = try line.value("problem")
        return group
    }

    private static func boundMembers(_ text: String) -> [Int: NodeName]? {
        var bound: [Int: NodeName] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "@")
            guard pair.count == 2, let number = Int(pair[0]) else { return nil }
            bound[number] = NodeName(String(pair[1]))
        }
        return bound
    }

    /// A pod's name holds no slash: subgroup `job/workers` has the pods job-workers-0, ….
    private static func podName(of group: String) -> String {
        String(group.map { $0 == "/" ? "-" : $0 })
    }
}
