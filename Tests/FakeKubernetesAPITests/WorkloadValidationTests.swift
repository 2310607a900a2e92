import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Testing

@Suite("The fake API server: what it refuses about workloads")
struct WorkloadValidationTests {
    var server = FakeAPIServer(now: { 1_764_000_000 })

    private static let template: JSONTree = [
        "metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "main", "image": "i:1"]]],
    ]
    private static let selector: JSONTree = ["matchLabels": ["a": "b"]]
    private static let never: JSONTree = [
        "spec": ["restartPolicy": "Never", "containers": [["name": "main", "image": "i:1"]]]
    ]

    private mutating func ask(
        _ method: String, _ target: String, _ body: JSONTree? = nil, type: String = "application/merge-patch+json"
    ) -> (status: Int, body: JSONTree) {
        let type = method == "PATCH" ? type : "application/json"
        let request = HTTPRequest(
            method: method, target: target, headers: ["Content-Type": type], body: body?.bytes ?? [])
        guard case .answer(let status, let body) = self.server.handle(request) else { return (0, .null) }
        return (status, body)
    }

    private func fields(_ body: JSONTree) -> [String] {
        (body[path: ["details", "causes"]]?.elements ?? []).compactMap { $0["field"]?.string }
    }

    @Test(
        "at creation",
        arguments: [
            (
                "apps/v1", "deployments", ["template": Self.template],
                ["spec.selector", "spec.template.metadata.labels"]
            ),
            ("apps/v1", "deployments", ["selector": [:], "template": Self.template], ["spec.selector"]),
            (
                "apps/v1", "replicasets", ["selector": Self.selector, "template": Self.never],
                ["spec.template.metadata.labels", "spec.template.spec.restartPolicy"]
            ),
            (
                "apps/v1", "deployments",
                [
                    "selector": Self.selector, "template": Self.template,
                    "strategy": ["type": "Recreate", "rollingUpdate": ["maxSurge": 1]],
                ], ["spec.strategy.rollingUpdate"]
            ),
            (
                "apps/v1", "deployments",
                [
                    "selector": Self.selector, "template": Self.template,
                    "strategy": ["rollingUpdate": ["maxSurge": 0, "maxUnavailable": "0%"]],
                ], ["spec.strategy.rollingUpdate.maxUnavailable"]
            ),
            (
                "batch/v1", "jobs", ["completionMode": "Indexed", "parallelism": 2, "template": Self.never],
                ["spec.completions"]
            ),
            (
                "policy/v1", "poddisruptionbudgets", ["minAvailable": 1, "unhealthyPodEvictionPolicy": "Never"],
                ["spec.unhealthyPodEvictionPolicy"]
            ),
        ] as [(String, String, JSONTree, [String])])
    mutating func creation(group: String, plural: String, spec: JSONTree, fields: [String]) {
        let answer = self.ask(
            "POST", "/apis/\(group)/namespaces/default/\(plural)", ["metadata": ["name": "x"], "spec": spec])
        #expect(answer.status == 422)
        #expect(self.fields(answer.body) == fields)
    }

    @Test("a status counts no more of its replicas than there are")
    mutating func status() {
        let sets = "/apis/apps/v1/namespaces/default/replicasets"
        let set: JSONTree = [
            "metadata": ["name": "r"], "spec": ["selector": Self.selector, "template": Self.template],
        ]
        #expect(self.ask("POST", sets, set).status == 201)
        let refused = self.ask("PATCH", "\(sets)/r/status", ["status": ["replicas": 2, "readyReplicas": 3]])
        #expect(refused.status == 422)
        #expect(self.fields(refused.body) == ["status.readyReplicas"])
        #expect(self.ask("PATCH", "\(sets)/r/status", ["status": ["replicas": 2, "readyReplicas": 2]]).status == 200)
    }

    @Test("an indexed job changes its size as a whole; a deleted job leaves its pods unless told otherwise")
    mutating func jobs() {
        let jobs = "/apis/batch/v1/namespaces/default/jobs"
        let spec: JSONTree = [
            "completionMode": "Indexed", "parallelism": 2, "completions": 2, "template": Self.never,
        ]
        #expect(self.ask("POST", jobs, ["metadata": ["name": "j"], "spec": spec]).status == 201)
        #expect(self.ask("PATCH", "\(jobs)/j", ["spec": ["completions": 5]]).status == 422)
        #expect(self.ask("PATCH", "\(jobs)/j", ["spec": ["completions": 5, "parallelism": 5]]).status == 200)
        let deleted = self.ask("DELETE", "\(jobs)/j")
        #expect(deleted.body["metadata"]?["finalizers"] == ["orphan"])
        #expect(self.ask("POST", jobs, ["metadata": ["name": "k"], "spec": spec]).status == 201)
        #expect(self.ask("DELETE", "\(jobs)/k?propagationPolicy=Background").body["status"] == "Success")
    }

    @Test("a job of another group is no Job")
    mutating func foreignJobs() {
        self.server.define(group: "batch.volcano.sh", version: "v1alpha1", plural: "jobs", kind: "Job")
        let jobs = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs"
        let sent: JSONTree = ["metadata": ["name": "j"], "spec": ["minAvailable": 2, "tasks": [["name": "worker"]]]]
        let created = self.ask("POST", jobs, sent)
        #expect(created.status == 201)
        #expect(created.body["spec"] == sent["spec"])
        #expect(self.ask("DELETE", "\(jobs)/j").body["status"] == "Success")
    }

    @Test("a key is data or binary data, and a slice says which nodes it is for")
    mutating func others() {
        let both: JSONTree = ["metadata": ["name": "c"], "data": ["k": "x"], "binaryData": ["k": "eA=="]]
        let map = self.ask("POST", "/api/v1/namespaces/default/configmaps", both)
        #expect(self.fields(map.body) == ["data[k]", "binaryData[k]"])
        let slices = "/apis/resource.k8s.io/v1/resourceslices"
        var spec: JSONTree = ["driver": "x.dev", "pool": ["name": "n", "generation": 1, "resourceSliceCount": 1]]
        #expect(self.fields(self.ask("POST", slices, ["metadata": ["name": "s"], "spec": spec]).body) == ["spec"])
        spec["nodeName"] = "n"
        #expect(self.ask("POST", slices, ["metadata": ["name": "s"], "spec": spec]).status == 201)
    }
}
