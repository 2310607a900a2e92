import SchedulingModel

extension ScenarioWorld {
    /// `pod ns/name [on=node] [devices] [amounts] [who it is] [constraints]`
    ///
    /// `count=n` makes n equal pods name-0, name-1, …. Without `on=` and the like a pod is demand.
    mutating func addPods(_ line: inout ScenarioLine) throws(ScenarioError) {
        let (namespace, name) = try line.namespacedName()
        let count = try line.integer("count")
        var template = try self.pod(&line, namespace: namespace)
        template.group = try line.value("group").map { text throws(ScenarioError) in
            let key = try line.splitName(text)
            return PodGroupKey(namespace: key.namespace, name: key.name)
        }
        template.rank = try line.integer("rank")
        if let node = try line.value("on") { template.standing = .bound(NodeName(node)) }
        for number in 0..<(count ?? 1) {
            template.key = PodKey(namespace: namespace, name: count == nil ? name : "\(name)-\(number)")
            try self.append(template, line)
        }
    }

    mutating func append(_ pod: PodState, _ line: ScenarioLine) throws(ScenarioError) {
        guard !self.pods.contains(where: { $0.key == pod.key }) else { throw line.error("\(pod.key) stands twice") }
        if let node = pod.node, !self.nodes.contains(where: { $0.name == node }) {
            throw line.error("\(pod.key) is on \(node), which no line above it names")
        }
        self.pods.append(pod)
    }

    /// Everything but key, node, group and rank.
    func pod(_ line: inout ScenarioLine, namespace: String) throws(ScenarioError) -> PodState {
        var pod = PodState(key: PodKey(namespace: namespace, name: ""))
        pod.labels = try line.parsed("labels", ScenarioExpression.labels) ?? [:]
        pod.priority = Int32(clamping: try line.integer("priority") ?? 0)
        pod.creationSeconds = Int64(try line.integer("created") ?? 0)
        if let gate = try line.value("gate") { pod.standing = .gatedElsewhere(gate: gate) }
        if let scheduler = try line.value("scheduler") { pod.standing = .foreignScheduler(scheduler) }
        if let problem = try line.value("invalid") { pod.standing = .invalid(problem) }
        pod.isTerminating = line.flag("terminating")
        pod.belongsToNode = line.flag("daemon")
        pod.mayPreempt = !line.flag("neverPreempts")
        pod.nominatedNode = try line.value("nominated").map { NodeName($0) }
        try self.addRequests(to: &pod, &line)
        try self.addConstraints(to: &pod, &line, namespace: namespace)
        return pod
    }

    /// One device request: `gpus=` whole, `slots=`, `mig=profile:count`, `fractions=`; with `gpuMemoryMiB=` and
    /// `thousandths=` on each device. `byAnnotation` keeps it out of the pod's resources.
    private func addRequests(to pod: inout PodState, _ line: inout ScenarioLine) throws(ScenarioError) {
        pod.requests[.cpu] = try line.parsed("cpu", ScenarioExpression.cpuMillis) ?? 0
        pod.requests[.memory] = try line.parsed("memory", ScenarioExpression.bytes) ?? 0
        for extra in try line.parsed("extra", ScenarioExpression.amounts) ?? [] {
            pod.requests[ResourceName(extra.name)] = extra.amount
        }
        let resource = ResourceName(try line.value("resource") ?? "nvidia.com/gpu")
        let memory = try line.integer("gpuMemoryMiB").map { Int64($0) }
        let thousandths = try line.integer("thousandths")
        let isByAnnotation = line.flag("byAnnotation")
        var requests: [DeviceRequest] = []
        let kinds: [(key: String, kind: DeviceRequest.Kind)] = [
            ("gpus", .whole), ("slots", .slot), ("fractions", .fraction),
        ]
        for (key, kind) in kinds {
            guard let count = try line.integer(key) else { continue }
            requests.append(
                DeviceRequest(
                    resource: resource, kind: kind, count: count, memoryMiBPerDevice: memory,
                    thousandthsPerDevice: thousandths))
        }
        for slice in try line.parsed("mig", ScenarioExpression.amounts) ?? [] {
            requests.append(
                DeviceRequest(
                    resource: ResourceName("nvidia.com/mig-\(slice.name)"), kind: .mig(profile: slice.name),
                    count: Int(slice.amount)))
        }
        pod.deviceRequests = requests
        for request in requests where !isByAnnotation { pod.requests[request.resource] += Int64(request.count) }
        try self.addKnownDevices(to: &pod, &line)
    }

    /// `holds=0,3`: the API says which devices of its one request the pod holds.
    private func addKnownDevices(to pod: inout PodState, _ line: inout ScenarioLine) throws(ScenarioError) {
        guard let text = try line.value("holds") else { return }
        guard let indices = ScenarioExpression.all(text.split(separator: ","), { Int($0) }),
            pod.deviceRequests.count == 1, let request = pod.deviceRequests.first
        else { throw line.error("holds=\(text): expected indices, and one device request") }
        pod.knownDevices = indices.map { index in
            DeviceAssignment(
                resource: request.resource, index: index, kind: request.kind, memoryMiB: request.memoryMiBPerDevice,
                thousandths: request.thousandthsPerDevice, isAssumed: false)
        }
    }

    private func addConstraints(
        to pod: inout PodState, _ line: inout ScenarioLine, namespace: String
    ) throws(ScenarioError) {
        func podTerm(_ text: Substring) -> PodAffinityTerm? {
            ScenarioExpression.podTerm(text, namespace: namespace)
        }
        pod.constraints.nodeSelector = try line.parsed("select", ScenarioExpression.labels) ?? [:]
        pod.constraints.requiredNodeAffinity = try line.parsed("affinity", ScenarioExpression.nodeSelector)
        pod.constraints.preferredNodeAffinity = try line.allParsed("prefers") { text in
            ScenarioExpression.weighted(text, ScenarioExpression.nodeTerm)
        }
        pod.constraints.tolerations = try line.allParsed("tolerate", ScenarioExpression.toleration)
        pod.constraints.requiredPodAffinity = try line.allParsed("near") { podTerm(Substring($0)) }
        pod.constraints.requiredPodAntiAffinity = try line.allParsed("away") { podTerm(Substring($0)) }
        pod.constraints.preferredPodAffinity = try line.allParsed("prefersNear") { text in
            ScenarioExpression.weighted(text, podTerm)
        }
        pod.constraints.preferredPodAntiAffinity = try line.allParsed("prefersAway") { text in
            ScenarioExpression.weighted(text, podTerm)
        }
        pod.constraints.topologySpread = try line.allParsed("spread", ScenarioExpression.spread)
        pod.constraints.hostPorts =
            try line.parsed("ports") { text in
                ScenarioExpression.all(text.split(separator: ","), ScenarioExpression.hostPort)
            } ?? []
        let volumes = try line.allParsed("volume", ScenarioExpression.nodeSelector)
        if !volumes.isEmpty { pod.constraints.volumes = .nodes(volumes) }
        if let claim = try line.value("missingClaim") {
            pod.constraints.volumes = .unavailable(claim: claim, why: "no such claim")
        }
    }
}
