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
        var body = body
        if method == "POST", target == self.pods, body?[path: ["spec", "containers"]] == nil {
            body?[path: ["spec", "containers"]] = [["name": "main", "image": "i"]]
        }
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
        for target in ["/openapi/v3", "/apis/apiregistration.k8s.io/v1/apiservices", "/metrics"] {
            #expect(self.ask("GET", target).status == 501)
        }
        #expect(self.ask("GET", "/apis/example.com/v1/things").status == 404)
        // There is none, and there will be none.
        #expect(self.ask("GET", "/api/v1/resourcequotas").body["items"] == [])
        let quota: JSONTree = ["metadata": ["name": "q"], "spec": ["hard": ["pods": "1"]]]
        #expect(self.ask("POST", "/api/v1/namespaces/default/resourcequotas", quota).status == 501)
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

    private static let json = "application/json-patch+json"
    private static let strategic = "application/strategic-merge-patch+json"

    @Test("a JSON patch happens whole or not at all; a test that does not hold is a 422 without causes")
    mutating func jsonPatch() {
        let gates: JSONTree = [["name": "a"], ["name": "b"]]
        _ = self.ask("POST", self.pods, ["metadata": ["name": "p"], "spec": ["schedulingGates": gates]])
        let failing: JSONTree = [
            ["op": "remove", "path": "/spec/schedulingGates/0"],
            ["op": "test", "path": "/metadata/name", "value": "other"],
        ]
        let refused = self.ask("PATCH", self.pods + "/p", failing, type: Self.json)
        #expect(refused.status == 422)
        #expect(refused.body["details"]?["causes"] == nil)
        let pin: JSONTree = ["nodeSelectorTerms": [["matchFields": []]]]
        let good: JSONTree = [
            ["op": "test", "path": "/spec/schedulingGates/1/name", "value": "b"],
            ["op": "remove", "path": "/spec/schedulingGates/1"],
            [
                "op": "add", "path": "/spec/affinity",
                "value": ["nodeAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": pin]],
            ],
        ]
        let patched = self.ask("PATCH", self.pods + "/p", good, type: Self.json)
        #expect(patched.status == 200)
        #expect(patched.body[path: ["spec", "schedulingGates"]] == [["name": "a"]])
    }

    @Test("a strategic patch merges lists by their key, and removes what it says")
    mutating func strategicPatch() {
        let gates: JSONTree = [["name": "a"], ["name": "b"]]
        _ = self.ask("POST", self.pods, ["metadata": ["name": "p"], "spec": ["schedulingGates": gates]])
        let ungate: JSONTree = ["spec": ["schedulingGates": [["$patch": "delete", "name": "a"]]]]
        let patched = self.ask("PATCH", self.pods + "/p", ungate, type: Self.strategic)
        #expect(patched.body[path: ["spec", "schedulingGates"]] == [["name": "b"]])
        for status in ["False", "True"] as [JSONTree] {
            let condition: JSONTree = ["status": ["conditions": [["type": "berth.dev/Placed", "status": status]]]]
            _ = self.ask("PATCH", self.pods + "/p/status", condition, type: Self.strategic)
        }
        let conditions = self.ask("GET", self.pods + "/p").body[path: ["status", "conditions"]]?.elements ?? []
        // As the real server orders them: what the patch brings goes before what was there.
        #expect(conditions.map { $0["type"] } == ["berth.dev/Placed", "PodScheduled"])
        #expect(conditions.first?["status"] == "True")
    }

    @Test(
        "what may not change of a pod is a 422",
        arguments: [
            #"{"spec":{"schedulingGates":[{"name":"a"},{"name":"new"}]}}"#, #"{"spec":{"nodeName":"n"}}"#,
            #"{"spec":{"nodeSelector":{"k":"other"}}}"#, #"{"spec":{"schedulerName":"x"}}"#,
        ])
    mutating func immutable(patch: String) throws {
        let spec: JSONTree = ["schedulingGates": [["name": "a"]], "nodeSelector": ["k": "v"]]
        _ = self.ask("POST", self.pods, ["metadata": ["name": "p"], "spec": spec])
        let tree = try #require(JSONTree(parsing: patch))
        #expect(self.ask("PATCH", self.pods + "/p", tree, type: "application/merge-patch+json").status == 422)
    }

    @Test("an eviction spends a budget, and is a 429 when there is none left")
    mutating func eviction() {
        let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
        _ = self.ask("POST", budgets, ["metadata": ["name": "b"], "spec": ["selector": ["matchLabels": ["app": "x"]]]])
        let merge = "application/merge-patch+json"
        _ = self.ask(
            "PATCH", budgets + "/b/status", ["status": ["observedGeneration": 1, "disruptionsAllowed": 1]], type: merge)
        for name in ["p", "q"] as [JSONTree] {
            let metadata: JSONTree = ["name": name, "labels": ["app": "x"]]
            _ = self.ask("POST", self.pods, ["metadata": metadata, "spec": ["nodeName": "n"]])
        }
        #expect(self.ask("POST", self.pods + "/p/eviction", [:]).status == 201)
        #expect(self.ask("GET", self.pods + "/p").body["metadata"]?["deletionTimestamp"] != nil)
        let refused = self.ask("POST", self.pods + "/q/eviction", [:])
        #expect(refused.status == 429)
        #expect(refused.body["details"]?["causes"]?.elements.first?["reason"] == "DisruptionBudget")
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
