import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Testing

@Suite("The fake API server: objects, lists and watches")
struct FakeAPIServerTests {
    var server = FakeAPIServer(now: { 1_764_000_000 })
    let pods = "/api/v1/namespaces/default/pods"

    mutating func ask(
        _ method: String, _ target: String, _ body: JSONTree? = nil, type: String = "application/json"
    ) -> (status: Int, body: JSONTree) {
        let request = HTTPRequest(
            method: method, target: target, headers: ["Content-Type": type],
            body: body.map { Array($0.text.utf8) } ?? [])
        guard case .answer(let status, let body) = self.server.handle(request) else { return (0, .null) }
        return (status, body)
    }

    mutating func open(_ target: String) throws -> WatchSubscription {
        guard case .watch(let watch) = self.server.handle(HTTPRequest(target: target)) else {
            throw HTTPTransportError(.protocolViolation, "\(target) is not a watch")
        }
        return watch
    }

    func types(_ events: [JSONTree]) -> [String] { events.map { $0["type"]?.string ?? "" } }

    @Test("a created pod has uid, version, time and defaults; creating it again is a 409")
    mutating func create() {
        let first = self.ask("POST", self.pods, ["metadata": ["name": "a"]])
        #expect(first.status == 201)
        #expect(first.body["metadata"]?["creationTimestamp"] == "2025-11-24T16:00:00Z")
        #expect(first.body["metadata"]?["uid"]?.string?.count == 36)
        #expect(first.body[path: ["status", "phase"]] == "Pending")
        let second = self.ask("POST", self.pods, ["metadata": ["name": "a"]])
        #expect(second.status == 409)
        #expect(second.body["reason"] == "AlreadyExists")
    }

    @Test(
        "a refused create names the reason",
        arguments: [
            ("/api/v1/nodes", ["metadata": ["name": "Bad_Name"]], 422, "Invalid"),
            ("/api/v1/nodes", ["kind": "Pod", "metadata": ["name": "n"]], 400, "BadRequest"),
            ("/api/v1/namespaces/nowhere/pods", ["metadata": ["name": "a"]], 404, "NotFound"),
            ("/api/v1/nodes", [1], 400, "BadRequest"),
        ] as [(String, JSONTree, Int, String)])
    mutating func refused(target: String, body: JSONTree, status: Int, reason: String) {
        let answer = self.ask("POST", target, body)
        #expect(answer.status == status)
        #expect(answer.body["reason"]?.string == reason)
    }

    @Test("a stale PUT is a 409; an equal one keeps the version")
    mutating func staleWrite() {
        let node = self.ask("POST", "/api/v1/nodes", ["metadata": ["name": "n"]]).body
        var changed = node
        changed[path: ["spec", "unschedulable"]] = .boolean(true)
        #expect(self.ask("PUT", "/api/v1/nodes/n", changed).status == 200)
        #expect(self.ask("PUT", "/api/v1/nodes/n", changed).body["reason"] == "Conflict")
        let version = self.server.resourceVersion
        changed[path: ["metadata", "resourceVersion"]] = nil
        #expect(self.ask("PUT", "/api/v1/nodes/n", changed).status == 200)
        #expect(self.server.resourceVersion == version)
    }

    @Test("status changes through /status only, and does not count as a generation")
    mutating func status() {
        _ = self.ask("POST", self.pods, ["metadata": ["name": "a"]])
        let patch: JSONTree = ["status": ["phase": "Running"]]
        let main = self.ask("PATCH", self.pods + "/a", patch, type: "application/merge-patch+json")
        #expect(main.body[path: ["status", "phase"]] == "Pending")
        let sub = self.ask("PATCH", self.pods + "/a/status", patch, type: "application/merge-patch+json")
        #expect(sub.body[path: ["status", "phase"]] == "Running")
        #expect(sub.body["metadata"]?["generation"] == 1)
    }

    @Test("pages share one version although objects change in between; after a compaction they are a 410")
    mutating func paging() throws {
        for name in ["c", "a", "b"] { _ = self.ask("POST", self.pods, ["metadata": ["name": .string(name)]]) }
        let first = self.ask("GET", self.pods + "?limit=2").body
        #expect(first["items"]?.elements.map { $0["metadata"]?["name"]?.string } == ["a", "b"])
        #expect(first["metadata"]?["remainingItemCount"] == 1)
        _ = self.ask("DELETE", self.pods + "/c")
        let token = try #require(first["metadata"]?["continue"]?.string)
        let second = self.ask("GET", self.pods + "?limit=2&continue=\(token)").body
        #expect(second["items"]?.elements.map { $0["metadata"]?["name"]?.string } == ["c"])
        #expect(second["metadata"]?["resourceVersion"] == first["metadata"]?["resourceVersion"])
        self.server.compact()
        _ = self.ask("POST", self.pods, ["metadata": ["name": "d"]])
        self.server.compact()
        #expect(self.ask("GET", self.pods + "?limit=2&continue=\(token)").body["reason"] == "Expired")
    }

    @Test(
        "selectors pick",
        arguments: [
            ("labelSelector=app%3Dx", ["a"]), ("labelSelector=app%21%3Dx", ["b", "c"]),
            ("labelSelector=app+in+(x,y)", ["a", "b"]), ("labelSelector=!app", ["c"]),
            ("labelSelector=app", ["a", "b"]),
            ("labelSelector=app%20notin%20(x)", ["b", "c"]), ("fieldSelector=spec.nodeName%3Dn1", ["b"]),
            ("fieldSelector=spec.nodeName%3D,status.phase%3DPending", ["a", "c"]),
            ("fieldSelector=spec.hostNetwork%3Dfalse", ["a", "b", "c"]),
        ])
    mutating func selectors(query: String, names: [String]) {
        _ = self.ask("POST", self.pods, ["metadata": ["name": "a", "labels": ["app": "x"]]])
        _ = self.ask(
            "POST", self.pods, ["metadata": ["name": "b", "labels": ["app": "y"]], "spec": ["nodeName": "n1"]])
        _ = self.ask("POST", self.pods, ["metadata": ["name": "c"]])
        let list = self.ask("GET", "/api/v1/pods?" + query).body
        #expect(list["items"]?.elements.map { $0["metadata"]?["name"]?.string ?? "" } == names)
    }

    @Test("an unknown field selector is a 400, an uncopied request a 501")
    mutating func uncopied() {
        #expect(self.ask("GET", self.pods + "?fieldSelector=spec.image%3Dx").status == 400)
        for target in ["/openapi/v3", "/apis/resource.k8s.io/v1/resourceslices"] {
            #expect(self.ask("GET", target).status == 501)
        }
        #expect(self.ask("GET", "/apis/example.com/v1/things").status == 404)
    }

    @Test("discovery lists the groups, their versions and resources, and kinds that were defined later")
    mutating func discovery() {
        self.server.define(group: "ray.io", version: "v1", plural: "rayclusters", kind: "RayCluster")
        let groups = self.ask("GET", "/apis").body["groups"]?.elements.compactMap { $0["name"]?.string } ?? []
        #expect(groups.contains("apps") && groups.last == "ray.io")
        let resources = self.ask("GET", "/apis/ray.io/v1").body["resources"]?.elements ?? []
        #expect(resources.compactMap { $0["name"]?.string } == ["rayclusters", "rayclusters/status"])
        #expect(self.ask("GET", "/apis/ray.io/v1/rayclusters").status == 200)
    }

    @Test("what is done to pods and not copied yet is a 501")
    mutating func uncopiedCalls() {
        #expect(self.ask("POST", self.pods + "/a/eviction", [:]).status == 501)
    }

    @Test("an object that stops matching a watch's selector is DELETED there, with the newer version")
    mutating func watchSelector() throws {
        var watch = try self.open(
            "/api/v1/pods?watch=1&resourceVersion=\(self.server.resourceVersion)&fieldSelector=spec.nodeName%3D")
        _ = self.ask("POST", self.pods, ["metadata": ["name": "a"]])
        let binding: JSONTree = ["target": ["name": "n1"], "metadata": ["annotations": ["devices": "0,1"]]]
        #expect(self.ask("POST", self.pods + "/a/binding", binding).status == 201)
        #expect(self.ask("POST", self.pods + "/a/binding", binding).status == 409)
        let events = self.server.events(for: &watch)
        #expect(self.types(events) == ["ADDED", "DELETED"])
        #expect(
            events.last?[path: ["object", "metadata", "resourceVersion"]]?.string == String(self.server.resourceVersion)
        )
        #expect(self.server.events(for: &watch).isEmpty)
        let pod = self.ask("GET", self.pods + "/a").body
        #expect(pod[path: ["metadata", "annotations", "devices"]] == "0,1")
    }

    @Test("a gated pod cannot be bound")
    mutating func gated() {
        _ = self.ask("POST", self.pods, ["metadata": ["name": "a"], "spec": ["schedulingGates": [["name": "g"]]]])
        #expect(self.ask("POST", self.pods + "/a/binding", ["target": ["name": "n1"]]).body["reason"] == "Conflict")
    }

    @Test("a streaming list ends its initial events with a marked bookmark")
    mutating func streamingList() throws {
        _ = self.ask("POST", self.pods, ["metadata": ["name": "a"]])
        var watch = try self.open(
            "/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
        let events = self.server.events(for: &watch)
        #expect(self.types(events) == ["ADDED", "BOOKMARK"])
        #expect(events.last?[path: ["object", "metadata", "annotations", "k8s.io/initial-events-end"]] == "true")
    }

    @Test("a watch from a compacted version gets one 410 ERROR and ends")
    mutating func tooOld() throws {
        let old = self.server.resourceVersion
        _ = self.ask("POST", self.pods, ["metadata": ["name": "a"]])
        self.server.compact()
        var watch = try self.open("/api/v1/pods?watch=1&resourceVersion=\(old)")
        let events = self.server.events(for: &watch)
        #expect(events.map { $0[path: ["object", "code"]] } == [410])
        #expect(watch.isEnded)
    }

    @Test("a pod on a node is deleted in two steps, a finalizer holds an object back")
    mutating func deletion() {
        _ = self.ask("POST", self.pods, ["metadata": ["name": "a"], "spec": ["nodeName": "n1"]])
        #expect(self.ask("DELETE", self.pods + "/a").body[path: ["metadata", "deletionGracePeriodSeconds"]] == 30)
        #expect(self.ask("DELETE", self.pods + "/a?gracePeriodSeconds=0").status == 200)
        #expect(self.ask("GET", self.pods + "/a").status == 404)
        _ = self.ask("POST", "/api/v1/nodes", ["metadata": ["name": "n", "finalizers": ["x/y"]]])
        _ = self.ask("DELETE", "/api/v1/nodes/n")
        #expect(self.ask("GET", "/api/v1/nodes/n").body["metadata"]?["deletionTimestamp"] != nil)
        let patch: JSONTree = ["metadata": ["finalizers": .null]]
        #expect(self.ask("PATCH", "/api/v1/nodes/n", patch, type: "application/merge-patch+json").status == 200)
        #expect(self.ask("GET", "/api/v1/nodes/n").status == 404)
    }
}
