import ControlLoop
import FakeKubernetesAPI
import Foundation
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import SchedulingModel
import Synchronization
import Testing

@testable import Controller

@Suite("The controller on the fake API server")
struct ControllerTests {
    @Test("a gated gang waits until it is whole, then every member is pinned and let go by one patch")
    func gang() async throws {
        let cluster = Cluster()
        for node in ["n1", "n2", "n3"] { try await cluster.addNode(node) }
        try await cluster.addGroup("g", minMember: 3)
        for pod in ["g-0", "g-1"] { try await cluster.addPod(pod, group: "g", gated: true) }
        try await cluster.withController(cluster.controller()) {
            try await eventually("g-0 is told that the gang is not whole") {
                try await cluster.condition("berth.dev/Placed", of: "g-0")?["reason"] == "TooFewMembers"
            }
            #expect(try await cluster.isGated("g-0"))
            try await cluster.addPod("g-2", group: "g", gated: true)
            try await eventually("all are let go") {
                for pod in ["g-0", "g-1", "g-2"] where try await cluster.isGated(pod) { return false }
                return true
            }
        }
        var nodes: Set<String> = []
        for pod in ["g-0", "g-1", "g-2"] { nodes.insert(try #require(try await cluster.pin(of: pod))) }
        #expect(nodes.count == 3)
        let patches = cluster.transport.requests.filter { $0.hasPrefix("PATCH") && !$0.contains("/status") }
        #expect(patches.count == 3)
        let audited = cluster.lines.withLock { $0.count { $0.contains(#""action":"release""#) } }
        #expect(audited == 3)
    }

    @Test("pods that name us are bound, once, and one that finds no room says so for people and autoscalers")
    func binding() async throws {
        let cluster = Cluster()
        try await cluster.addNode("n1")
        try await cluster.addPod("fits", gpus: 5, scheduler: "berth")
        try await cluster.addPod("waits", gpus: 4, scheduler: "berth")
        try await cluster.addPod("foreign", gpus: 3, scheduler: "somebody")
        let controller = cluster.controller()
        try await cluster.withController(controller) {
            try await eventually("fits is bound") { try await cluster.node(of: "fits") == "n1" }
            try await eventually("waits has a condition") {
                try await cluster.condition("PodScheduled", of: "waits")?["reason"] == "Unschedulable"
            }
            let own = try #require(try await cluster.condition("berth.dev/Placed", of: "waits"))
            #expect(own["reason"] == "InsufficientGPUs")
            #expect(own["message"]?.string?.contains("requested 4, free 3") ?? false)
            try await eventually("an event tells it too") {
                let events = try await cluster.client.list(
                    ResourcePath(apiVersion: "events.k8s.io/v1", plural: "events", namespace: "default"))
                return events.objects.contains { $0.value["reason"]?.string == "InsufficientGPUs" }
            }
        }
        #expect(try await cluster.node(of: "foreign") == nil)
        #expect(cluster.transport.requests.count { $0.contains("/fits/binding") } == 1)
        #expect(controller.metrics.text().contains(#"berth_actions_total{action="bind",result="success"} "#))
        #expect(controller.metrics.text().contains(#"_placement_seconds_bucket{door="bind",le="32768.0"} "#))
    }

    @Test("room that comes free is used at once")
    func roomComesFree() async throws {
        let cluster = Cluster()
        try await cluster.addPod("p", scheduler: "berth")
        try await cluster.withController(cluster.controller()) {
            try await eventually("p is told that there is no node") {
                try await cluster.condition("berth.dev/Placed", of: "p")?["reason"] == "NoNodes"
            }
            try await cluster.addNode("n1")
            try await eventually("p is bound") { try await cluster.node(of: "p") == "n1" }
        }
    }

    @Test("a dry run plans and writes nothing")
    func dryRun() async throws {
        let cluster = Cluster()
        try await cluster.addNode("n1")
        try await cluster.addPod("p", scheduler: "berth")
        let version = cluster.transport.server.withServer { $0.resourceVersion }
        let controller = cluster.controller(dryRun: true)
        try await cluster.withController(controller) {
            try await eventually("a plan is there") { await controller.isReady }
        }
        #expect(await controller.published?.plan.assignments.map(\.node.rawValue) == ["n1"])
        #expect(cluster.transport.server.withServer { $0.resourceVersion } == version)
    }

    @Test("of two replicas one acts; when it goes the other goes on")
    func handOver() async throws {
        let cluster = Cluster()
        try await cluster.addNode("n1")
        try await cluster.addNode("n2")
        let (one, two) = (cluster.controller("one"), cluster.controller("two"))
        try await cluster.withController(two) {
            try await eventually("two leads") { await two.isLeader }
            try await cluster.withController2(one) {
                try await eventually("one is ready") { await one.isReady }
                #expect(await one.isLeader == false)
                try await cluster.addPod("a", scheduler: "berth")
                try await eventually("a is bound") { try await cluster.node(of: "a") != nil }
                #expect(await one.isLeader == false)
            }
        }
        try await cluster.withController(one2(cluster)) {
            try await cluster.addPod("b", scheduler: "berth")
            try await eventually("b is bound") { try await cluster.node(of: "b") != nil }
        }
        #expect(cluster.transport.requests.count { $0.contains("/binding") } == 2)
    }

    /// What a list asks for, and a watch does not.
    private static let freshList = "/api/v1/pods?limit="

    @Test("whoever gets the lease does nothing before pods could be listed afresh")
    func leadsAfterFreshList() async throws {
        let cluster = Cluster()
        try await cluster.addNode("n1")
        try await cluster.addPod("p", scheduler: "berth")
        let controller = cluster.controller()
        for _ in 0..<3 { cluster.transport.add(.answer(500), to: "GET", Self.freshList) }
        try await cluster.withController(controller) {
            try await eventually("p is bound") { try await cluster.node(of: "p") == "n1" }
        }
        let requests = cluster.transport.requests
        let bound = try #require(requests.firstIndex { $0.contains("/binding") })
        let leased = try #require(requests.firstIndex { $0.hasPrefix("POST") && $0.contains("/leases") })
        #expect(requests[leased..<bound].contains { $0.contains(Self.freshList) })
        #expect(cluster.lines.withLock { $0.contains { $0.contains("cannot lead yet") } })
    }

    @Test("a call under way at shutdown is finished before the lease is given back")
    func shutdown() async throws {
        let cluster = Cluster()
        try await cluster.addNode("n1")
        cluster.transport.add(.slow(.milliseconds(300)), to: "POST", "/binding")
        let controller = cluster.controller()
        try await cluster.withController(controller) {
            try await eventually("one leads") { await controller.isLeader }
            try await cluster.addPod("p", scheduler: "berth")
            try await eventually("the binding is under way") {
                cluster.transport.requests.contains { $0.contains("/binding") }
            }
        }
        #expect(try await cluster.node(of: "p") == "n1")
        let lease = try await cluster.client.get(
            ResourcePath(
                apiVersion: "coordination.k8s.io/v1", plural: "leases", namespace: "default", name: "berth-controller"))
        #expect(lease.root["spec"]?["holderIdentity"]?.string == "")
    }

    private func one2(_ cluster: Cluster) -> Controller { cluster.controller("one") }

    @Test(
        "whatever becomes of the call, a pod is bound once and to one node",
        arguments: [
            .lostReply, .lost(HTTPTransportError(.connectFailed)), .lost(HTTPTransportError(.connectionLost)),
            .answer(409), .answer(500), .answer(429),
        ] as [FaultyTransport.Fault])
    func faults(fault: FaultyTransport.Fault) async throws {
        let cluster = Cluster()
        try await cluster.addNode("n1")
        try await cluster.addNode("n2")
        cluster.transport.add(fault, to: "POST", "/binding")
        try await cluster.addPod("p", scheduler: "berth")
        try await cluster.withController(cluster.controller()) {
            try await eventually("p is bound") { try await cluster.node(of: "p") != nil }
            // Room for exactly one more, which must not be taken twice.
            try await cluster.addPod("q", scheduler: "berth")
            try await eventually("q is bound") { try await cluster.node(of: "q") != nil }
        }
        #expect(try await cluster.node(of: "p") != (try await cluster.node(of: "q")))
    }

    private static let assignment = Assignment(
        pod: PodKey(namespace: "default", name: "p"), node: NodeName("n1"))

    @Test("release: the patch fits what affinity the pod has, and fails whole where the pod has changed")
    func releasePatch() throws {
        let term = #"{"matchExpressions":[{"key":"gpu","operator":"Exists"}]}"#
        let required = "requiredDuringSchedulingIgnoredDuringExecution"
        let affinities = [
            "null", "{}", #"{"podAffinity":{}}"#, #"{"nodeAffinity":{}}"#,
            #"{"nodeAffinity":{"\#(required)":{"nodeSelectorTerms":[\#(term),\#(term)]}}}"#,
        ]
        for affinity in affinities {
            let text = """
                {"metadata":{"name":"p","uid":"u","resourceVersion":"7"},"spec":{"affinity":\(affinity),\
                "schedulingGates":[{"name":"other"},{"name":"berth.dev/placement"}]}}
                """
            let pod = try JSONDocument.parse(text).root
            let patch = try #require(ReleasePatch(pod: pod, gate: "berth.dev/placement", assignment: Self.assignment))
            let first = patch.operations.elements.map { $0["op"]?.string ?? "" }
            #expect(first.prefix(3) == ["test", "test", "remove"])
            #expect(patch.operations.elements[2]["path"] == "/spec/schedulingGates/1")
            #expect(first.count == (affinity.contains("Exists") ? 6 : 5))
        }
        let ungated = try JSONDocument.parse(#"{"metadata":{"uid":"u","resourceVersion":"7"},"spec":{}}"#).root
        #expect(ReleasePatch(pod: ungated, gate: "berth.dev/placement", assignment: Self.assignment) == nil)
    }
}

extension Cluster {
    /// A second controller beside the first; watches of the first stay open.
    fileprivate func withController2(_ controller: Controller, _ body: () async throws -> Void) async throws {
        let running = Task { try await controller.run() }
        defer { running.cancel() }
        try await body()
        running.cancel()
        _ = await running.result
    }
}
