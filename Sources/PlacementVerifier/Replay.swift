package import SchedulingModel

/// The cluster with the facts in it, and then one assignment after another.
///
/// Protocol of use: 1. make one; 2. `assume` assignments in the plan's order, each answers which rules it breaks; 3.
/// ask `lateAffinityViolations` and `groupViolations` of what has been assumed. A copy is a separate world.
package struct Replay {
    package let snapshot: ClusterSnapshot
    let forest: GroupForest
    /// Per pod its node, by fact or by assumption.
    package private(set) var nodeOfPod: [Int?]
    /// Per pod, whether it got its node here and not by fact.
    package private(set) var isAssumed: [Bool]
    /// Per node the pods on it, facts first.
    package private(set) var podsOnNode: [[Int]]
    /// Per node the sum of what its pods ask for, `pods` included.
    private(set) var heldAmounts: [ResourceAmounts]
    /// Per node, per pool of the node, per device.
    package internal(set) var deviceLoads: [[[DeviceLoad]]]
    /// Pods on nodes that keep others away.
    private(set) var repellers: [Int] = []
    /// Members of groups whose required affinity was not met when their turn came.
    package private(set) var unmetAffinity: [Int] = []

    package init(snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
        self.forest = GroupForest(snapshot)
        self.nodeOfPod = Array(repeating: nil, count: snapshot.pods.count)
        self.isAssumed = Array(repeating: false, count: snapshot.pods.count)
        self.podsOnNode = Array(repeating: [], count: snapshot.nodes.count)
        self.heldAmounts = Array(repeating: ResourceAmounts(), count: snapshot.nodes.count)
        self.deviceLoads = snapshot.nodes.map { node in
            node.devicePools.map { Array(repeating: DeviceLoad(), count: max(0, $0.deviceCount)) }
        }
        let held = snapshot.heldDevices()
        for pod in snapshot.pods.indices {
            guard let name = snapshot.pods[pod].node, let node = snapshot.nodeIndex(of: name) else { continue }
            self.settle(pod, on: node)
            for device in held[pod] ?? [] { self.book(device, for: pod, on: node) }
        }
    }

    /// Puts the assignment into the world, right or wrong, and says which rules it breaks there.
    ///
    /// - Returns: Violations of rules about the pod, its node, its devices and the pods already placed. A group's
    ///   member whose required affinity is not met yet is not among them; `lateAffinityViolations` judges it.
    package mutating func assume(_ assignment: Assignment) -> [Violation] {
        let (key, name) = (assignment.pod, assignment.node)
        guard let pod = self.snapshot.podIndex(of: key) else { return [Violation(.unknownPod, pod: key, node: name)] }
        guard let node = self.snapshot.nodeIndex(of: name) else {
            return [Violation(.unknownNode, pod: key, node: name)]
        }
        guard self.snapshot.pods[pod].standing == .pending else {
            return [Violation(.notDemand, pod: key, node: name)]
        }
        guard self.nodeOfPod[pod] == nil else { return [Violation(.assignedTwice, pod: key, node: name)] }

        var kinds = self.nodeViolations(of: pod, on: node)
        kinds += self.amountViolations(of: pod, on: node)
        kinds += self.antiAffinityViolations(of: pod, on: node)
        kinds += self.spreadViolations(of: pod, on: node)
        let waiting = self.snapshot.pods[pod].group.map { self.waitingMembers(under: self.forest.root(of: $0)) } ?? []
        let unmet = self.affinityViolations(of: pod, on: node, without: Set(waiting))
        if self.snapshot.pods[pod].group == nil {
            kinds += unmet
        } else if !unmet.isEmpty {
            self.unmetAffinity.append(pod)
        }
        kinds += self.takeDevices(assignment.devices, for: pod, on: node)
        self.settle(pod, on: node)
        self.isAssumed[pod] = true
        return kinds.map { Violation($0, pod: key, node: name, group: self.snapshot.pods[pod].group) }
    }

    /// Members whose required affinity was unmet in their turn and that could not be let in in any other order either,
    /// with all their siblings placed: each must find what it wants among pods that got in without it.
    package func lateAffinityViolations(under root: PodGroupKey) -> [Violation] {
        var waiting = self.waitingMembers(under: root)
        var hasLetIn = true
        while hasLetIn {
            let absent = Set(waiting)
            waiting.removeAll { pod in
                self.nodeOfPod[pod].map { self.affinityViolations(of: pod, on: $0, without: absent).isEmpty } ?? true
            }
            hasLetIn = waiting.count < absent.count
        }
        return waiting.flatMap { pod -> [Violation] in
            guard let node = self.nodeOfPod[pod] else { return [] }
            let state = self.snapshot.pods[pod]
            return self.affinityViolations(of: pod, on: node, without: Set(waiting)).map {
                Violation($0, pod: state.key, node: self.snapshot.nodes[node].name, group: state.group)
            }
        }
    }

    /// Members of the top-level group that could not be let in when their turn came.
    private func waitingMembers(under root: PodGroupKey) -> [Int] {
        self.unmetAffinity.filter { self.snapshot.pods[$0].group.map(self.forest.root(of:)) == root }
    }

    private mutating func settle(_ pod: Int, on node: Int) {
        self.nodeOfPod[pod] = node
        self.podsOnNode[node].append(pod)
        self.heldAmounts[node].add(self.snapshot.pods[pod].requests)
        self.heldAmounts[node].add(ResourceAmounts([.pods: 1]))
        if !self.snapshot.pods[pod].constraints.requiredPodAntiAffinity.isEmpty { self.repellers.append(pod) }
    }
}
