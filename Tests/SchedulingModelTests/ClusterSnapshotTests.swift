import SchedulingModel
import TestSupport
import Testing

@Suite("Cluster snapshot")
struct ClusterSnapshotTests {
    @Test("the same cluster is the same snapshot in whatever order it was read")
    func canonicalOrder() {
        let nodes = ["b", "a", "c"].map { NodeState.gpu($0, count: 1) }
        let pods = ["y", "x"].map { PodState.gpu($0, count: 1) }
        let groups = ["h", "g"].map { PodGroup(key: PodGroupKey(namespace: "ml", name: $0), minMember: 1) }
        let snapshot = ClusterSnapshot(nodes: nodes, pods: pods, groups: groups)
        #expect(snapshot == ClusterSnapshot(nodes: nodes.reversed(), pods: pods.reversed(), groups: groups.reversed()))
        #expect(snapshot.nodes.map(\.name.rawValue) == ["a", "b", "c"])
    }

    @Test("names and keys are found, absent ones are not", arguments: [0, 1, 2, 7])
    func lookup(count: Int) {
        let names = (0..<count).map { "n\($0)" }
        let snapshot = ClusterSnapshot(
            nodes: names.map { .gpu($0, count: 1) }, pods: names.map { .gpu($0, count: 1) },
            groups: names.map { PodGroup(key: PodGroupKey(namespace: "ml", name: $0), minMember: 1) })
        for (index, name) in names.enumerated() {
            #expect(snapshot.nodeIndex(of: NodeName(name)) == index)
            #expect(snapshot.podIndex(of: PodKey(namespace: "ml", name: name)) == index)
            #expect(snapshot.group(PodGroupKey(namespace: "ml", name: name))?.key.name == name)
        }
        for absent in ["a", "n1x", "z"] {
            #expect(snapshot.nodeIndex(of: NodeName(absent)) == nil)
            #expect(snapshot.podIndex(of: PodKey(namespace: "ml", name: absent)) == nil)
            #expect(snapshot.group(PodGroupKey(namespace: "ml", name: absent)) == nil)
        }
    }

    @Test("keys are ordered by namespace before name")
    func keyOrder() {
        let keys = [PodKey(namespace: "b", name: "a"), PodKey(namespace: "a", name: "z")]
        #expect(keys.sorted().map(\.description) == ["a/z", "b/a"])
    }
}

@Suite("Devices held by running pods")
struct HeldDevicesTests {
    /// Indices per pod name.
    private func held(_ nodes: [NodeState], _ pods: [PodState]) -> [String: [Int]] {
        let snapshot = ClusterSnapshot(nodes: nodes, pods: pods)
        return Dictionary(
            uniqueKeysWithValues: snapshot.heldDevices().map { (snapshot.pods[$0.key].key.name, $0.value.map(\.index)) }
        )
    }

    @Test("pods are assumed to have come by creation time, then by key")
    func order() {
        let pods = [
            PodState.gpu("a", count: 2, on: "n", created: 30), .gpu("b", count: 1, on: "n", created: 10),
            .gpu("c", count: 1, on: "n", created: 10),
        ]
        #expect(self.held([.gpu("n", count: 4)], pods) == ["b": [0], "c": [1], "a": [2, 3]])
    }

    @Test("an assumption never claims what somebody is known to hold, however late that one came")
    func knownFirst() {
        var late = PodState.gpu("late", count: 1, on: "n", created: 99)
        late.knownDevices = [DeviceAssignment(resource: .nvidiaGPU, index: 0, kind: .whole, isAssumed: false)]
        let held = self.held([.gpu("n", count: 2)], [.gpu("early", count: 1, on: "n", created: 1), late])
        #expect(held == ["late": [0], "early": [1]])
    }

    @Test("what the API says is known, what a rule says is assumed")
    func assumption() {
        var known = PodState.gpu("known", count: 1, on: "n")
        known.knownDevices = [DeviceAssignment(resource: .nvidiaGPU, index: 1, kind: .whole, isAssumed: false)]
        let snapshot = ClusterSnapshot(
            nodes: [.gpu("n", count: 2)], pods: [known, .pod("part", requests: [.fraction(thousandths: 500)], on: "n")])
        let isAssumed = snapshot.heldDevices().values.flatMap { $0 }.sorted { $0.index < $1.index }.map(\.isAssumed)
        #expect(isAssumed == [true, false])
    }

    @Test("slots of a shared card are spread by the plugin's rule")
    func shared() {
        let pods = (0..<5).map { PodState.slot("p\($0)", on: "n", created: Int64($0)) }
        let held = self.held([.shared("n", cards: 2, slots: 4)], pods)
        #expect(held == ["p0": [0], "p1": [1], "p2": [0], "p3": [1], "p4": [0]])
    }

    @Test("only pods with a node and a device request hold devices")
    func holders() {
        let pods = [
            PodState.gpu("pending", count: 1), .gpu("plain", count: 0, on: "n"), .gpu("gone", count: 1, on: "x"),
        ]
        #expect(self.held([.gpu("n", count: 2)], pods).isEmpty)
    }

    @Test("two resource names on one node are two pools")
    func pools() {
        let slices = DevicePool(
            resource: ResourceName("nvidia.com/mig-1g.5gb"), kind: .exclusive, migProfile: "1g.5gb", deviceCount: 7)
        let cards = DevicePool(resource: .nvidiaGPU, kind: .exclusive, deviceCount: 2)
        let slice = DeviceRequest(resource: slices.resource, kind: .mig(profile: "1g.5gb"), count: 1)
        let pod = PodState.pod("both", requests: [.whole(1), slice], on: "n")
        let snapshot = ClusterSnapshot(nodes: [.node("n", pools: [cards, slices])], pods: [pod])
        let resources = snapshot.heldDevices()[0]?.map(\.resource)
        #expect(resources == [.nvidiaGPU, slices.resource])
    }
}
