import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Testing

@Suite("The fake API server: who owns which fields")
struct ManagedFieldsTests {
    var server = FakeAPIServer(now: { 1_764_000_000 })
    let maps = "/api/v1/namespaces/default/configmaps"

    mutating func ask(
        _ method: String, _ target: String, _ body: JSONTree? = nil, type: String = "application/json",
        agent: String? = nil
    ) -> (status: Int, body: JSONTree) {
        var headers: HTTPHeaders = ["Content-Type": type]
        if let agent { headers.add("User-Agent", agent) }
        let request = HTTPRequest(method: method, target: target, headers: headers, body: body?.bytes ?? [])
        guard case .answer(let status, let body) = self.server.handle(request) else { return (0, .null) }
        return (status, body)
    }

    mutating func apply(
        _ name: String, _ data: JSONTree, by manager: String, force: Bool = false
    ) -> (status: Int, body: JSONTree) {
        self.ask(
            "PATCH", "\(self.maps)/\(name)?fieldManager=\(manager)&force=\(force)",
            ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": data],
            type: "application/apply-patch+yaml")
    }

    private static func owners(_ object: JSONTree) -> [String: JSONTree] {
        let entries = object["metadata"]?["managedFields"]?.elements ?? []
        return Dictionary(
            entries.map { entry in
                (
                    "\(entry["manager"]?.string ?? "")/\(entry["operation"]?.string ?? "")", entry["fieldsV1"] ?? .null
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    @Test("the first word of the user agent owns what it writes; what another changes goes over to him")
    mutating func updates() {
        _ = self.ask(
            "POST", self.maps, ["metadata": ["name": "c"], "data": ["a": "1", "b": "1"]], agent: "maker/v1 (linux)")
        let patched = self.ask(
            "PATCH", "\(self.maps)/c?fieldManager=other", ["data": ["b": "2", "c": "3"]],
            type: "application/merge-patch+json")
        let owners = Self.owners(patched.body)
        #expect(owners["maker/Update"] == ["f:data": [".": [:], "f:a": [:]]])
        #expect(owners["other/Update"] == ["f:data": ["f:b": [:], "f:c": [:]]])
        let removed = self.ask(
            "PATCH", "\(self.maps)/c?fieldManager=other", ["data": ["a": .null]], type: "application/merge-patch+json")
        #expect(Self.owners(removed.body)["maker/Update"] == ["f:data": [:]])
    }

    @Test("elements of lists are owned by their keys, and status apart from the rest")
    mutating func elements() throws {
        let pods = "/api/v1/namespaces/default/pods"
        let container: JSONTree = [
            "name": "main", "image": "i", "ports": [["containerPort": 80], ["containerPort": 80, "protocol": "UDP"]],
        ]
        _ = self.ask("POST", pods, ["metadata": ["name": "p"], "spec": ["containers": [container]]])
        let condition: JSONTree = ["type": "Ready", "status": "True"]
        let answer = self.ask(
            "PATCH", "\(pods)/p/status", ["status": ["conditions": [condition]]],
            type: "application/strategic-merge-patch+json")
        let entries = answer.body["metadata"]?["managedFields"]?.elements ?? []
        let main = try #require(entries.first { $0["subresource"] == nil })
        let ports = main[path: ["fieldsV1", "f:spec", "f:containers", #"k:{"name":"main"}"#, "f:ports"]]
        #expect(
            Set(ports?.members.map(\.key) ?? []) == [
                ".", #"k:{"containerPort":80,"protocol":"TCP"}"#, #"k:{"containerPort":80,"protocol":"UDP"}"#,
            ])
        let status = try #require(entries.first { $0["subresource"] == "status" })
        #expect(status[path: ["fieldsV1", "f:status", "f:conditions", #"k:{"type":"Ready"}"#, "f:status"]] == [:])
    }

    @Test("an applier that gives a field up removes it where nobody else owns it")
    mutating func givenUp() {
        _ = self.apply("c", ["a": "1", "b": "1"], by: "one")
        _ = self.apply("c", ["b": "1"], by: "two")
        let answer = self.apply("c", [:], by: "one")
        #expect(answer.body["data"] == ["b": "1"])
        #expect(Self.owners(answer.body)["two/Apply"] == ["f:data": ["f:b": [:]]])
    }

    @Test("what was there before the first apply belongs to a manager of that name; who clears the list ends the books")
    mutating func beforeTheFirstApply() {
        _ = self.ask("POST", self.maps, ["metadata": ["name": "c"], "data": ["a": "1"]])
        let cleared = self.ask(
            "PATCH", "\(self.maps)/c", ["metadata": ["managedFields": [[:]]]], type: "application/merge-patch+json")
        #expect(cleared.body["metadata"]?["managedFields"] == nil)
        let patched = self.ask(
            "PATCH", "\(self.maps)/c", ["data": ["b": "1"]], type: "application/merge-patch+json")
        #expect(patched.body["metadata"]?["managedFields"] == nil)
        let refused = self.apply("c", ["a": "2"], by: "one")
        #expect(refused.status == 409)
        let cause = refused.body[path: ["details", "causes"]]?.elements.first
        #expect(cause?["field"] == ".data.a")
        #expect(cause?["message"] == "conflict with \"before-first-apply\"")
        let forced = self.apply("c", ["a": "2"], by: "one", force: true)
        #expect(Self.owners(forced.body)["one/Apply"] == ["f:data": ["f:a": [:]]])
        #expect(Self.owners(forced.body)["before-first-apply/Update"] == ["f:data": [".": [:], "f:b": [:]]])
    }
}
