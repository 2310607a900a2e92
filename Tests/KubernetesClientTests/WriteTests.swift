import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Testing

@testable import KubernetesClient

@Suite("Writes: patches, apply, subresources, evictions, events")
struct WriteTests {
    private let world = World()
    private var client: KubernetesClient { self.world.client }

    private func labels(_ name: String = "a") async throws -> JSONTree? {
        JSONTree(try await self.client.get(.pod("default", name)).root)[path: ["metadata", "labels"]]
    }

    @Test("a merge patch sets and removes, a JSON patch tests first, and both say who wrote")
    func patches() async throws {
        try await self.world.makePods("a")
        try await self.client.patch(
            .pod("default", "a"), .merge, ["metadata": ["labels": ["x": "1", "y": "2"]]])
        try await self.client.patch(.pod("default", "a"), .merge, ["metadata": ["labels": ["y": .null]]])
        #expect(try await self.labels() == ["x": "1"])
        let test: JSONTree = [
            ["op": "test", "path": "/metadata/labels/x", "value": "2"], ["op": "remove", "path": "/metadata/labels/x"],
        ]
        do {
            try await self.client.patch(.pod("default", "a"), .json, test)
            Issue.record("a test that does not hold")
        } catch { #expect(error.status?.code == 422) }
        #expect(try await self.labels() == ["x": "1"])
        #expect(
            self.world.transport.requests.filter { $0.hasPrefix("PATCH") }.allSatisfy {
                $0.contains("fieldManager=berth")
            })
    }

    @Test("a strategic patch merges lists by their keys")
    func strategic() async throws {
        try await self.client.create(
            [
                "metadata": ["name": "a"],
                "spec": [
                    "containers": [["name": "main", "image": "i"]],
                    "schedulingGates": [["name": "berth.dev/placement"], ["name": "other/gate"]],
                ],
            ], in: ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default"))
        let release: JSONTree = [
            "spec": ["schedulingGates": [["$patch": "delete", "name": "berth.dev/placement"]]]
        ]
        try await self.client.patch(.pod("default", "a"), .strategic, release)
        let gates = JSONTree(try await self.client.get(.pod("default", "a")).root)[path: ["spec", "schedulingGates"]]
        #expect(gates == [["name": "other/gate"]])
    }

    @Test("apply owns what it writes: another manager's field is a conflict, unless forced")
    func apply() async throws {
        let path = ResourcePath(apiVersion: "v1", plural: "configmaps", namespace: "default", name: "c")
        func map(_ value: JSONTree) -> JSONTree {
            ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": ["k": value]]
        }
        var options = KubernetesClientOptions()
        options.fieldManager = "other"
        let other = KubernetesClient(transport: self.world.transport, options: options)
        try await self.client.patch(path, .apply, map("1"))
        do {
            try await other.patch(path, .apply, map("2"))
            Issue.record("no conflict")
        } catch {
            #expect(error.status?.code == 409)
            #expect(error.status?.causes.first?.reason == "FieldManagerConflict")
        }
        try await other.patch(path, .apply, map("2"), isForced: true)
        #expect(try await self.client.get(path).root["data"]?["k"]?.string == "2")
    }

    @Test("the status subresource leaves the spec alone, and the object the status")
    func status() async throws {
        try await self.world.makePods("a")
        let patch: JSONTree = ["metadata": ["labels": ["x": "1"]], "status": ["nominatedNodeName": "n1"]]
        try await self.client.patch(.pod("default", "a"), .merge, patch)
        #expect(try await self.client.get(.pod("default", "a")).root["status"]?["nominatedNodeName"] == nil)
        try await self.client.patch(.pod("default", "a").subresource("status"), .merge, patch)
        #expect(try await self.client.get(.pod("default", "a")).root["status"]?["nominatedNodeName"]?.string == "n1")
    }

    @Test("replicas are set through the scale subresource")
    func scale() async throws {
        let deployments = ResourcePath(apiVersion: "apps/v1", plural: "deployments", namespace: "default")
        let labels: JSONTree = ["app": "x"]
        let template: JSONTree = [
            "metadata": ["labels": labels], "spec": ["containers": [["name": "main", "image": "i"]]],
        ]
        try await self.client.create(
            [
                "metadata": ["name": "d"],
                "spec": ["replicas": 1, "selector": ["matchLabels": labels], "template": template],
            ], in: deployments)
        var path = deployments
        path.name = "d"
        try await self.client.scale(path, to: 5)
        #expect(try await self.client.get(path).root["spec"]?["replicas"]?.integer == 5)
        #expect(self.world.transport.requests.contains { $0.hasPrefix("PATCH") && $0.contains("/deployments/d/scale") })
    }

    @Test("an object that was replaced since it was read is a conflict")
    func replace() async throws {
        try await self.client.create(["metadata": ["name": "n1"]], in: .nodes)
        let read = JSONTree(try await self.client.get(.node("n1")).root)
        try await self.client.patch(.node("n1"), .merge, ["metadata": ["labels": ["x": "1"]]])
        do {
            try await self.client.replace(.node("n1"), by: read)
            Issue.record("no conflict")
        } catch { #expect(error.status?.reason == "Conflict") }
    }

    // MARK: Evictions

    private static let budgets = ResourcePath(
        apiVersion: "policy/v1", plural: "poddisruptionbudgets", namespace: "default")

    /// A running pod under a budget that allows so many disruptions.
    private func makeGuarded(allowed: Int64) async throws -> String {
        let labels: JSONTree = ["app": "x"]
        try await self.client.create(
            [
                "metadata": ["name": "a", "labels": labels],
                "spec": ["nodeName": "n1", "containers": [["name": "main", "image": "i"]]],
            ], in: ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default"))
        try await self.client.patch(
            .pod("default", "a").subresource("status"), .merge,
            ["status": ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]]])
        try await self.client.create(
            ["metadata": ["name": "b"], "spec": ["minAvailable": 1, "selector": ["matchLabels": labels]]],
            in: Self.budgets)
        var budget = Self.budgets
        budget.name = "b"
        try await self.client.patch(
            budget.subresource("status"), .merge,
            [
                "status": [
                    "observedGeneration": 1, "disruptionsAllowed": .integer(allowed), "currentHealthy": 1,
                    "desiredHealthy": 1,
                ]
            ])
        return try #require(try await self.client.get(.pod("default", "a")).root["metadata"]?["uid"]?.string)
    }

    @Test("a budget that forbids an eviction is told at once: 429 and its cause, without a wait")
    func forbidden() async throws {
        let uid = try await self.makeGuarded(allowed: 0)
        do {
            try await self.client.evict("default", "a", uid: uid)
            Issue.record("was evicted")
        } catch {
            #expect(error.status?.code == 429)
            #expect(error.status?.causes.contains { $0.reason == "DisruptionBudget" } ?? false)
        }
        // Also where the server says when to come again.
        let body =
            #"{"kind":"Status","code":429,"details":{"retryAfterSeconds":10,"causes":[{"reason":"DisruptionBudget"}]}}"#
        self.world.transport.add(.answer(429, headers: ["Retry-After": "10"], body: body), to: "POST", "/eviction")
        await #expect(throws: KubernetesError.self) { try await self.client.evict("default", "a", uid: uid) }
        #expect(self.world.waits.all.isEmpty)
        #expect(self.world.transport.requests.count { $0.contains("/eviction") } == 2)
    }

    @Test("an overloaded server is waited for, and a pod that was replaced is not evicted")
    func evicted() async throws {
        // The server takes from the budget before it looks at the UID.
        let uid = try await self.makeGuarded(allowed: 2)
        await #expect(throws: KubernetesError.self) { try await self.client.evict("default", "a", uid: "another") }
        self.world.transport.add(.answer(429, headers: ["Retry-After": "1"]), to: "POST", "/eviction")
        try await self.client.evict("default", "a", uid: uid)
        #expect(self.world.waits.all.count == 1)
        let pod = try? await self.client.get(.pod("default", "a"))
        #expect(pod == nil || pod?.root["metadata"]?["deletionTimestamp"] != nil)
    }

    // MARK: Events

    @Test("an event of events.k8s.io/v1 is created, and one that lacks what is needed is refused with its field")
    func events() async throws {
        let path = ResourcePath(apiVersion: "events.k8s.io/v1", plural: "events", namespace: "default")
        var event: JSONTree = [
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": ["generateName": "a.", "namespace": "default"],
            "eventTime": "2026-11-26T10:00:00.000000Z", "reportingController": "berth.dev/controller",
            "reportingInstance": "one", "action": "Placing", "reason": "InsufficientGPUs", "type": "Warning",
            "note": "no node fits",
            "regarding": ["apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": "a"],
        ]
        try await self.client.create(event, in: path)
        #expect(try await self.client.list(path).objects.map { $0.value["reason"]?.string } == ["InsufficientGPUs"])
        event["action"] = nil
        do {
            try await self.client.create(event, in: path)
            Issue.record("was created")
        } catch { #expect(error.status?.code == 422) }
    }

    @Test("a deletion with another object's UID is a conflict")
    func deletion() async throws {
        try await self.world.makePods("a")
        do {
            try await self.client.delete(.pod("default", "a"), preconditions: ["uid": "another"])
            Issue.record("was deleted")
        } catch { #expect(error.status?.code == 409) }
    }
}
