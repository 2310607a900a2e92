import HTTPTransport
import KubernetesAPI
import Testing

@testable import FakeKubernetesAPI

/// What the real server's types do to what is sent: seen in its recordings for pods, Deployments and leases, and the same for all its types.
@Suite("The fake API server: the types of built-in kinds")
struct TypeShapeTests {
    var server = FakeAPIServer(now: { 1_764_000_000 })

    private mutating func ask(
        _ method: String, _ target: String, _ body: JSONTree, type: String = "application/json"
    ) -> FakeAPIServer.Response {
        self.server.respond(
            to: HTTPRequest(method: method, target: target, headers: ["Content-Type": type], body: body.bytes))
    }

    private mutating func body(
        _ method: String, _ target: String, _ body: JSONTree, type: String = "application/json"
    ) -> JSONTree {
        guard case .bytes(let bytes) = self.ask(method, target, body, type: type).body else { return .null }
        return JSONTree(parsing: String(decoding: bytes, as: UTF8.self)) ?? .null
    }

    private static let template: JSONTree = [
        "metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "main", "image": "i:1", "gpus": 8]]],
    ]
    private static let namespace = "/api/v1/namespaces/default"

    @Test("every type of the table has the types that it names")
    func table() {
        func names(_ shape: TypeShape) -> [String] {
            switch shape {
            case .structure(let name): [name]
            case .list(let element), .map(let element): names(element)
            case .any, .gated, .string, .boolean, .integer32, .integer64, .quantity, .time, .integerOrString, .bytes: []
            }
        }
        let used = TypeShape.structures.values.flatMap { $0.values.flatMap { names($0.shape) } }
        for name in Set(used) { #expect(TypeShape.structures[name] != nil, "\(name)") }
        #expect(TypeShape.structures["EphemeralContainer"]?["targetContainerName"]?.shape == .string)
    }

    @Test(
        "a field that its type does not have is dropped with a warning, and refused where the caller is strict",
        arguments: [
            ("/api/v1/namespaces/default/configmaps", ["dat": [:]], "dat"),
            ("/api/v1/nodes", ["spec": ["unsched": .boolean(true)]], "spec.unsched"),
            (
                "/api/v1/namespaces/default/services", ["spec": ["ports": [["port": 80, "protcol": "UDP"]]]],
                "spec.ports[0].protcol"
            ),
            (
                "/apis/apps/v1/namespaces/default/replicasets",
                ["spec": ["selector": ["matchLabels": ["a": "b"]], "template": Self.template]],
                "spec.template.spec.containers[0].gpus"
            ),
            (
                "/apis/policy/v1/namespaces/default/poddisruptionbudgets", ["spec": ["minAvailble": 1]],
                "spec.minAvailble"
            ),
        ] as [(String, JSONTree, String)])
    mutating func unknownFields(path: String, sent: JSONTree, field: String) {
        var object = sent
        object["metadata"] = ["name": "x"]
        #expect(self.ask("POST", "\(path)?fieldValidation=Strict", object).status == 400)
        let created = self.ask("POST", path, object)
        #expect(created.status == 201)
        #expect(created.headers["Warning"] == "299 - \"unknown field \\\"\(field)\\\"\"")
        guard case .bytes(let bytes) = created.body else { return }
        let last = field.split(separator: ".").last.map(String.init) ?? field
        #expect(!String(decoding: bytes, as: UTF8.self).contains("\"\(last)\""))
    }

    @Test(
        "a value of the wrong type is a 400",
        arguments: [
            ("/api/v1/namespaces/default/configmaps", ["data": ["a": 1]]),
            ("/api/v1/namespaces/default/services", ["spec": ["ports": [["port": "80"]]]]),
            ("/api/v1/nodes", ["spec": ["taints": [["key": "a", "effect": 1]]]]),
            ("/apis/batch/v1/namespaces/default/jobs", ["spec": ["parallelism": .number(1.5)]]),
            ("/apis/batch/v1/namespaces/default/jobs", ["spec": ["parallelism": 3_000_000_000]]),
            ("/apis/scheduling.k8s.io/v1/priorityclasses", ["value": "ten"]),
            ("/api/v1/namespaces/default/secrets", ["data": ["a": "***"]]),
        ] as [(String, JSONTree)])
    mutating func wrongTypes(path: String, sent: JSONTree) {
        var object = sent
        object["metadata"] = ["name": "x"]
        #expect(self.ask("POST", path, object).status == 400)
    }

    @Test("what is empty is left out, unless a pointer keeps it; null is as if nothing was sent")
    mutating func empties() {
        let map = self.body(
            "POST", "\(Self.namespace)/configmaps", ["metadata": ["name": "c", "labels": [:]], "data": [:]])
        #expect(map["data"] == nil)
        #expect(map["metadata"]?["labels"] == nil)
        let sent: JSONTree = [
            "metadata": ["name": "d"],
            "spec": [
                "replicas": .null, "paused": .boolean(false), "minReadySeconds": 0, "revisionHistoryLimit": 0,
                "selector": ["matchLabels": ["a": "b"], "matchExpressions": []], "template": Self.template,
            ],
        ]
        let spec = self.body("POST", "/apis/apps/v1/namespaces/default/deployments", sent)["spec"]
        #expect(spec?["replicas"] == 1)
        #expect(spec?["paused"] == nil)
        #expect(spec?["minReadySeconds"] == nil)
        #expect(spec?["revisionHistoryLimit"] == 0)
        #expect(spec?["selector"] == ["matchLabels": ["a": "b"]])
        let node = self.body(
            "POST", "/api/v1/nodes", ["metadata": ["name": "n"], "status": ["capacity": ["cpu": .number(0.5)]]])
        #expect(node[path: ["status", "capacity"]] == ["cpu": "500m"])
    }

    @Test("a default priority class is given to pods that name none, and there is one of them")
    mutating func defaultPriority() {
        let classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
        let preset: JSONTree = ["metadata": ["name": "usual"], "value": 20, "globalDefault": .boolean(true)]
        #expect(self.ask("POST", classes, preset).status == 201)
        var second = preset
        second["metadata"] = ["name": "other"]
        #expect(self.ask("POST", classes, second).status == 403)
        let pod: JSONTree = ["metadata": ["name": "p"], "spec": ["containers": [["name": "c", "image": "i"]]]]
        let spec = self.body("POST", "\(Self.namespace)/pods", pod)["spec"]
        #expect(spec?["priority"] == 20)
        #expect(spec?["priorityClassName"] == "usual")
        #expect(self.ask("GET", "\(Self.namespace)/pods/p/log?container=other", .null).status == 400)
        #expect(self.ask("GET", "\(Self.namespace)/pods/p/log?container=c", .null).status == 204)
    }

    @Test("options of a deletion have types, and two ways to say what becomes of dependents are one too many")
    mutating func deleteOptions() {
        let maps = "\(Self.namespace)/configmaps"
        #expect(self.ask("POST", maps, ["metadata": ["name": "c"]]).status == 201)
        #expect(self.ask("DELETE", "\(maps)/c", ["gracePeriodSeconds": "x"]).status == 400)
        let both: JSONTree = ["propagationPolicy": "Orphan", "orphanDependents": .boolean(true)]
        #expect(self.ask("DELETE", "\(maps)/c", both).status == 422)
        #expect(self.ask("DELETE", "\(maps)/c", ["dryRun": ["Some"]]).status == 422)
        #expect(self.ask("DELETE", "\(maps)/c", ["dryRun": ["All"]]).status == 200)
        #expect(
            self.body("DELETE", "\(maps)/c", ["orphanDependents": .boolean(true)])["metadata"]?["finalizers"] == [
                "orphan"
            ])
        #expect(self.ask("DELETE", "/api/v1/namespaces", [:]).status == 405)
    }

    @Test("an object does not leave its namespace, and what is applied has the types of its fields")
    mutating func applied() {
        let map = "\(Self.namespace)/configmaps/c"
        let apply = "application/apply-patch+yaml"
        let sent: JSONTree = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": ["a": "1"]]
        #expect(self.ask("PATCH", "\(map)?fieldManager=m", sent, type: apply).status == 201)
        var wrong = sent
        wrong["data"] = ["a": 1]
        #expect(self.ask("PATCH", "\(map)?fieldManager=m", wrong, type: apply).status == 500)
        let moved: JSONTree = ["metadata": ["namespace": "other"]]
        #expect(self.ask("PATCH", map, moved, type: "application/merge-patch+json").status == 400)
        let named: JSONTree = ["metadata": ["generateName": "Bad_"]]
        let causes =
            self.body("POST", "\(Self.namespace)/configmaps", named)[path: ["details", "causes"]]?.elements ?? []
        #expect(causes.map { $0["field"] } == ["metadata.generateName", "metadata.name"])
    }

    @Test("a runtime class brings its overhead and its nodes' labels; without it the pod is refused")
    mutating func runtimeClass() {
        let pod: JSONTree = [
            "metadata": ["name": "p"],
            "spec": ["runtimeClassName": "kata", "containers": [["name": "c", "image": "i"]]],
        ]
        #expect(self.ask("POST", "\(Self.namespace)/pods", pod).status == 403)
        let kata: JSONTree = [
            "metadata": ["name": "kata"], "handler": "kata", "overhead": ["podFixed": ["memory": "120Mi"]],
            "scheduling": ["nodeSelector": ["kata": "yes"]],
        ]
        #expect(self.ask("POST", "/apis/node.k8s.io/v1/runtimeclasses", kata).status == 201)
        let spec = self.body("POST", "\(Self.namespace)/pods", pod)["spec"]
        #expect(spec?["overhead"] == ["memory": "120Mi"])
        #expect(spec?["nodeSelector"] == ["kata": "yes"])
    }
}
