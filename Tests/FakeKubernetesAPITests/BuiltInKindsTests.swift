import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Testing

@Suite("The fake API server: built-in kinds")
struct BuiltInKindsTests {
    var server = FakeAPIServer(now: { 1_764_000_000 })

    mutating func ask(
        _ method: String, _ target: String, _ body: JSONTree? = nil, type: String = "application/json"
    ) -> (status: Int, body: JSONTree) {
        let request = HTTPRequest(
            method: method, target: target, headers: ["Content-Type": type], body: body?.bytes ?? [])
        guard case .answer(let status, let body) = self.server.handle(request) else { return (0, .null) }
        return (status, body)
    }

    private static let template: JSONTree = [
        "metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "main", "image": "i:1"]]],
    ]

    @Test("a service gets an address, a node port where it wants one, and keeps both over an update")
    mutating func services() {
        let services = "/api/v1/namespaces/default/services"
        let spec: JSONTree = ["type": "NodePort", "selector": ["app": "web"], "ports": [["port": 80]]]
        let created = self.ask("POST", services, ["metadata": ["name": "web"], "spec": spec])
        #expect(created.status == 201)
        let address = created.body[path: ["spec", "clusterIP"]]?.string ?? ""
        #expect(address.hasPrefix("10."))
        #expect(created.body[path: ["spec", "clusterIPs"]] == [.string(address)])
        let port = created.body[path: ["spec", "ports"]]?.elements.first
        #expect(port?["protocol"] == "TCP")
        #expect(port?["targetPort"] == 80)
        #expect((30_000...32_767).contains(port?["nodePort"]?.integer ?? 0))
        #expect(created.body["status"] == ["loadBalancer": [:]])
        let replaced = self.ask(
            "PUT", "\(services)/web", ["metadata": ["name": "web", "labels": ["a": "b"]], "spec": spec])
        #expect(replaced.status == 200)
        #expect(replaced.body[path: ["spec", "clusterIP"]]?.string == address)
        #expect(replaced.body[path: ["spec", "ports"]] == created.body[path: ["spec", "ports"]])
        let moved: JSONTree = ["spec": ["clusterIP": "10.96.0.77"]]
        #expect(self.ask("PATCH", "\(services)/web", moved, type: "application/merge-patch+json").status == 422)
    }

    @Test("a secret keeps its strings as data; an immutable one does not change")
    mutating func secrets() {
        let secrets = "/api/v1/namespaces/default/secrets"
        let sent: JSONTree = [
            "metadata": ["name": "s"], "stringData": ["a": "hi", "b": "you!", "c": ""], "immutable": .boolean(true),
        ]
        let created = self.ask("POST", secrets, sent)
        #expect(created.body["data"] == ["a": "aGk=", "b": "eW91IQ==", "c": ""])
        #expect(created.body["stringData"] == nil)
        #expect(created.body["type"] == "Opaque")
        let patch: JSONTree = ["data": ["a": "eA=="]]
        let refused = self.ask("PATCH", "\(secrets)/s", patch, type: "application/merge-patch+json")
        #expect(refused.status == 422)
        #expect(refused.body[path: ["details", "causes"]]?.elements.first?["field"] == "data")
    }

    @Test("a job finds its pods by its uid; pods that always restart are none of a job's")
    mutating func jobs() {
        let jobs = "/apis/batch/v1/namespaces/default/jobs"
        var template = Self.template
        let always = self.ask("POST", jobs, ["metadata": ["name": "j"], "spec": ["template": template]])
        #expect(always.status == 422)
        template[path: ["spec", "restartPolicy"]] = "Never"
        let created = self.ask("POST", jobs, ["metadata": ["name": "j"], "spec": ["template": template]])
        #expect(created.status == 201)
        let uid = created.body["metadata"]?["uid"]
        let label = "batch.kubernetes.io/controller-uid"
        #expect(created.body[path: ["spec", "selector", "matchLabels", label]] == uid)
        #expect(created.body[path: ["spec", "template", "metadata", "labels", label]] == uid)
        #expect(created.body[path: ["spec", "completions"]] == 1)
        #expect(created.body[path: ["spec", "backoffLimit"]] == 6)
    }

    @Test(
        "new objects come back with the defaults of their kind",
        arguments: [
            (
                "/apis/apps/v1/namespaces/default/statefulsets",
                ["selector": ["matchLabels": ["app": "web"]], "template": Self.template],
                ["spec", "podManagementPolicy"], "OrderedReady"
            ),
            (
                "/apis/apps/v1/namespaces/default/daemonsets",
                ["selector": ["matchLabels": ["app": "web"]], "template": Self.template],
                ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"], 1
            ),
            (
                "/apis/batch/v1/namespaces/default/cronjobs",
                ["schedule": "@hourly", "jobTemplate": ["spec": ["template": Self.template]]],
                ["spec", "concurrencyPolicy"], "Allow"
            ),
            (
                "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", ["podSelector": [:]],
                ["spec", "policyTypes"], ["Ingress"]
            ),
            (
                "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims",
                ["devices": ["requests": [["name": "gpu", "exactly": ["deviceClassName": "gpu.example.com"]]]]],
                ["spec", "devices", "requests"],
                [
                    [
                        "name": "gpu",
                        "exactly": [
                            "deviceClassName": "gpu.example.com", "allocationMode": "ExactCount", "count": 1,
                        ],
                    ]
                ]
            ),
            (
                "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
                ["maxReplicas": 3, "scaleTargetRef": ["kind": "Deployment", "name": "web"]], ["spec", "minReplicas"], 1
            ),
        ] as [(String, JSONTree, [String], JSONTree)])
    mutating func defaults(target: String, spec: JSONTree, path: [String], value: JSONTree) {
        let created = self.ask("POST", target, ["metadata": ["name": "x"], "spec": spec])
        #expect(created.status == 201, "\(created.body.text)")
        #expect(created.body[path: path] == value)
        #expect(self.ask("GET", "\(target)/x").body == created.body)
        #expect(self.ask("DELETE", "\(target)/x").status == 200)
    }

    @Test("a pod runs as an account of its namespace, with the account's token in its containers unless it wants none")
    mutating func accounts() {
        let pods = "/api/v1/namespaces/default/pods"
        let containers: JSONTree = [["name": "main", "image": "i"]]
        let plain = self.ask("POST", pods, ["metadata": ["name": "a"], "spec": ["containers": containers]])
        let mount = plain.body[path: ["spec", "containers"]]?.elements.first?["volumeMounts"]?.elements.first
        #expect(mount?["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount")
        #expect(plain.body[path: ["spec", "volumes"]]?.elements.first?["name"] == mount?["name"])
        let bare = self.ask(
            "POST", pods,
            [
                "metadata": ["name": "b"],
                "spec": ["containers": containers, "automountServiceAccountToken": .boolean(false)],
            ])
        #expect(bare.body[path: ["spec", "volumes"]] == nil)
        let nobody = self.ask(
            "POST", pods,
            ["metadata": ["name": "c"], "spec": ["containers": containers, "serviceAccountName": "robot"]])
        #expect(nobody.status == 403)
    }

    @Test("PodGroups are served on request only, and pods are members of them only then")
    mutating func podGroups() {
        let groups = "/apis/scheduling.k8s.io/v1alpha2/namespaces/default/podgroups"
        #expect(self.ask("GET", groups).status == 404)
        let pod: JSONTree = [
            "metadata": ["name": "m"],
            "spec": ["containers": [["name": "main", "image": "i"]], "schedulingGroup": ["podGroupName": "g"]],
        ]
        let dropped = self.ask("POST", "/api/v1/namespaces/default/pods?dryRun=All", pod)
        #expect(dropped.body[path: ["spec", "schedulingGroup"]] == nil)
        self.server.servePodGroups()
        #expect(self.ask("GET", groups).status == 200)
        let member = self.ask("POST", "/api/v1/namespaces/default/pods", pod)
        #expect(member.body[path: ["spec", "schedulingGroup", "podGroupName"]] == "g")
        let gang: JSONTree = ["gang": ["minCount": -1]]
        let refused = self.ask("POST", groups, ["metadata": ["name": "g"], "spec": ["schedulingPolicy": gang]])
        #expect(refused.status == 422)
    }
}
