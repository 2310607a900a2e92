import ClusterImport
import ControlLoop
import KubernetesAPI
import SchedulingModel
import Testing

@testable import Controller

@Suite("When changes are imported")
struct ImportPaceTests {
    @Test(
        "a change after a rest waits 20 ms; without a rest imports take a sixth of the time, and none waits above 2 s")
    func pace() {
        let start = ContinuousClock.now
        var pace = ImportPace()
        #expect(pace.wait(at: start) == .milliseconds(20))
        pace.took(.milliseconds(1), until: start)
        #expect(pace.wait(at: start) == .milliseconds(20))
        pace.took(.milliseconds(100), until: start)
        #expect(pace.wait(at: start) == .milliseconds(500))
        #expect(pace.wait(at: start + .milliseconds(300)) == .milliseconds(200))
        #expect(pace.wait(at: start + .seconds(1)) == .milliseconds(20))
        pace.took(.seconds(9), until: start)
        #expect(pace.wait(at: start) == .seconds(2))
    }
}

@Suite("What the loop is told")
struct ClusterObserverTests {
    private func object(_ text: String) throws -> ManifestObject {
        try #require(ManifestReader.read(text, file: "test").objects.first)
    }

    private func pod(_ name: String, version: Int, rest: String = "") throws -> ManifestObject {
        try self.object(
            """
            {apiVersion: v1, kind: Pod, metadata: {name: \(name), namespace: ml, uid: u-\(name), \
            resourceVersion: "\(version)"}, spec: {containers: [{name: c}]\(rest)}}
            """)
    }

    @Test("after changes the same as from an observer that sees the cluster for the first time")
    func observesAgain() throws {
        let node = try self.object(
            "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: 8, pods: 110}}}")
        let pods = try (0..<20).map { try self.pod("p\($0)", version: $0) }
        let gated = try self.pod("p3", version: 30, rest: ", schedulingGates: [{name: berth.dev/placement}]")
        let bound = try self.pod("p4", version: 31, rest: ", nodeName: n1")
        var changed = pods
        changed[3] = gated
        changed[4] = bound
        changed.removeLast()
        let observer = ClusterObserver(configuration: BerthConfiguration())
        for objects in [pods + [node], changed + [node], changed, pods.reversed() + [node], []] {
            let fresh = ClusterObserver(configuration: BerthConfiguration()).observe(objects)
            let known = observer.observe(objects)
            #expect(known.cluster == fresh.cluster)
            #expect(known.findings == fresh.findings)
            #expect(known.cluster.pods.map(\.state.key) == known.cluster.pods.map(\.state.key).sorted())
        }
    }
}
