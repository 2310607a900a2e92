import SchedulingModel
import TestSupport
import Testing

@Suite("Changes between two snapshots")
struct SnapshotChangesTests {
    private static let podEdits: [String: @Sendable (inout PodState) -> Void] = [
        "standing": { $0.standing = .bound(NodeName("n")) },
        "labels": { $0.labels["a"] = "b" },
        "creationSeconds": { $0.creationSeconds += 1 },
        "priority": { $0.priority += 1 },
        "requests": { $0.requests[.memory] += 1 },
        "deviceRequests": { $0.deviceRequests = [] },
        "knownDevices": {
            $0.knownDevices = [DeviceAssignment(resource: .nvidiaGPU, index: 0, kind: .whole)]
        },
        "boxedConstraints": { $0.constraints.nodeSelector["a"] = "b" },
        "group": { $0.group = PodGroupKey(namespace: "ml", name: "g") },
        "rank": { $0.rank = 0 },
        "isTerminating": { $0.isTerminating.toggle() },
        "nominatedNode": { $0.nominatedNode = NodeName("n") },
        "mayPreempt": { $0.mayPreempt.toggle() },
        "belongsToNode": { $0.belongsToNode.toggle() },
        "isProtected": { $0.isProtected.toggle() },
        "refusesDisruption": { $0.refusesDisruption.toggle() },
        "deadline": { $0.deadline = WorkDeadline(finishBySeconds: 2, runSeconds: 1) },
        "leavesLate": { $0.leavesLate.toggle() },
    ]

    private static let nodeEdits: [String: @Sendable (inout NodeState) -> Void] = [
        "labels": { $0.labels["a"] = "b" },
        "taints": { $0.taints.append(.unschedulable) },
        "allocatable": { $0.allocatable[.cpu] += 1 },
        "devicePools": { $0.devicePools = [] },
        "topologyPath": { $0.topologyPath.append("r") },
        "nvlinkDomain": { $0.nvlinkDomain = "d" },
        "providerID": { $0.providerID = "aws:///i-1" },
        "refusesDisruption": { $0.refusesDisruption.toggle() },
    ]

    @Test("a pod is changed when any one thing about it is")
    func pods() {
        let pod = PodState.gpu("p", count: 1)
        let stored = Mirror(reflecting: pod).children.compactMap(\.label)
        #expect(Set(stored) == Set(Self.podEdits.keys).union(["key"]), "a property that no edit changes")
        let before = ClusterSnapshot(nodes: [], pods: [.gpu("a", count: 1), pod, .gpu("z", count: 1)])
        for (name, edit) in Self.podEdits {
            var edited = pod
            edit(&edited)
            let after = ClusterSnapshot(nodes: [], pods: [.gpu("a", count: 1), edited, .gpu("z", count: 1)])
            #expect(before.changes(to: after).pods == [edited], "\(name)")
            #expect(after.changes(to: before).pods == [pod], "\(name)")
        }
    }

    @Test("a node is changed when any one thing about it is")
    func nodes() {
        let node = NodeState.gpu("n", count: 8)
        let stored = Mirror(reflecting: node).children.compactMap(\.label)
        #expect(Set(stored) == Set(Self.nodeEdits.keys).union(["name"]), "a property that no edit changes")
        let before = ClusterSnapshot(nodes: [node, .gpu("z", count: 1)], pods: [])
        for (name, edit) in Self.nodeEdits {
            var edited = node
            edit(&edited)
            let after = ClusterSnapshot(nodes: [edited, .gpu("z", count: 1)], pods: [])
            #expect(before.changes(to: after).nodes == [edited], "\(name)")
            #expect(after.changes(to: before).nodes == [node], "\(name)")
        }
    }

    @Test("equal things in other memory are no change")
    func equalCopies() {
        func make() -> ClusterSnapshot {
            var pod = PodState.gpu("a-name-too-long-to-stand-inline", count: 1, on: "a-node-with-a-long-name-too")
            pod.constraints.nodeSelector = ["pool": "train"]
            return ClusterSnapshot(nodes: [.gpu("a-node-with-a-long-name-too", count: 8)], pods: [pod])
        }
        #expect(make().changes(to: make()).isEmpty)
    }

    @Test("taken over, they make the older snapshot the newer", arguments: 1...200)
    func application(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func names() -> [String] { "abcdefghij".map(String.init).filter { _ in generator.once(in: 2) } }
        func snapshot() -> ClusterSnapshot {
            ClusterSnapshot(
                nodes: names().map { .gpu($0, count: generator.int(in: 1...2)) },
                pods: names().map { .gpu($0, count: generator.int(in: 1...2)) })
        }
        let (old, new) = (snapshot(), snapshot())
        let changes = old.changes(to: new)
        let (oldPods, newPods) = (Set(old.pods), Set(new.pods))
        #expect(changes.pods == new.pods.filter { !oldPods.contains($0) })
        #expect(changes.removedPods == old.pods.map(\.key).filter { new.podIndex(of: $0) == nil })
        #expect(changes.nodes == new.nodes.filter { !old.nodes.contains($0) })
        #expect(changes.removedNodes == old.nodes.map(\.name).filter { new.nodeIndex(of: $0) == nil })
        var updated = old
        updated.apply(changes)
        #expect(updated == new)
        #expect(newPods == Set(updated.pods))
    }
}
