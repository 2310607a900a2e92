import FakeKubernetesAPI
import KubernetesAPI
import KubernetesClient
import Testing

@testable import Controller

@Suite("What pod groups are told")
struct GroupNoticeTests {
    private static let groups = ResourcePath(
        apiVersion: "scheduling.k8s.io/v1alpha2", plural: "podgroups", namespace: "default", name: "g")

    private static func condition(_ cluster: Cluster) async throws -> JSONTree? {
        let group = JSONTree(try await cluster.client.get(Self.groups).root)
        return group[path: ["status", "conditions"]]?.elements.first { $0["type"] == "berth.dev/Placed" }
    }

    private static func events(_ cluster: Cluster, _ reason: String) async throws -> [JSONTree] {
        try await cluster.client.list(ClusterEvent.path("default")).objects.map { JSONTree($0.value) }
            .filter { $0["regarding"]?["kind"] == "PodGroup" && $0["reason"]?.string == reason }
    }

    private static func addMember(_ cluster: Cluster, _ name: String) async throws {
        let amounts: JSONTree = ["nvidia.com/gpu": "8"]
        let pod: JSONTree = [
            "metadata": ["name": .string(name)],
            "spec": [
                "schedulerName": "berth", "schedulingGroup": ["podGroupName": "g"],
                "containers": [["name": "main", "image": "i", "resources": ["requests": amounts, "limits": amounts]]],
            ],
        ]
        try await cluster.client.create(pod, in: ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default"))
    }

    @Test(
        "Kubernetes' own: a condition with reason, evidence and fix while the gang waits, beside others'; that it is over; events"
    )
    func kubernetes() async throws {
        let cluster = Cluster()
        cluster.transport.server.withServer { $0.servePodGroups() }
        for node in ["n1", "n2"] { try await cluster.addNode(node) }
        var all = Self.groups
        all.name = nil
        try await cluster.client.create(
            ["metadata": ["name": "g"], "spec": ["schedulingPolicy": ["gang": ["minCount": 2]]]], in: all)
        try await cluster.client.patch(
            Self.groups.subresource("status"), .merge,
            ["status": ["conditions": [["type": "Other", "status": "True", "reason": "R", "message": "m"]]]])
        try await Self.addMember(cluster, "g-0")
        try await cluster.withController(cluster.controller()) {
            try await eventually("the group is told that it waits") {
                try await Self.condition(cluster)?["reason"] == "TooFewMembers"
            }
            let told = try #require(try await Self.condition(cluster))
            #expect(told["status"] == "False")
            #expect(told["message"]?.string?.hasPrefix("TooFewMembers: ") == true)
            try await eventually("an event says so") { try await !Self.events(cluster, "TooFewMembers").isEmpty }
            try await Self.addMember(cluster, "g-1")
            try await eventually("the group is told that it waits no more") {
                try await Self.condition(cluster)?["status"] == "True"
            }
            try await eventually("an event says that, too") { try await !Self.events(cluster, "Placed").isEmpty }
        }
        let group = JSONTree(try await cluster.client.get(Self.groups).root)
        #expect(group[path: ["status", "conditions"]]?.elements.count == 2)
        #expect(try await Self.condition(cluster)?["message"] == "2 of 2 members have nodes (min 2)")
        // Each thing once.
        #expect(try await Self.events(cluster, "TooFewMembers").count == 1)
        #expect(try await Self.events(cluster, "Placed").count == 1)
    }

    @Test("scheduler-plugins': an event, and no condition that its schema does not have")
    func coscheduling() async throws {
        let cluster = Cluster()
        try await cluster.addGroup("g", minMember: 2)
        try await cluster.addPod("g-0", group: "g", gated: true)
        try await cluster.withController(cluster.controller()) {
            try await eventually("an event says that it waits") {
                try await !Self.events(cluster, "TooFewMembers").isEmpty
            }
        }
        #expect(!cluster.transport.requests.contains { $0.contains("podgroups/g/status") })
    }
}

@Suite("Calls of the API server are counted")
struct MeteredTransportTests {
    @Test(
        "by the verbs of RBAC",
        arguments: [
            ("GET", "/api/v1/pods?limit=500", "list"), ("GET", "/api/v1/pods?watch=true&x=1", "watch"),
            ("GET", "/api/v1/namespaces/a/pods", "list"), ("GET", "/api/v1/namespaces/a/pods/p", "get"),
            ("GET", "/api/v1/namespaces/a", "get"), ("GET", "/apis", "get"), ("GET", "/apis/apps/v1", "get"),
            ("GET", "/apis/apps/v1/deployments", "list"),
            ("GET", "/apis/coordination.k8s.io/v1/namespaces/a/leases/l", "get"), ("GET", "/api/v1/nodes/n", "get"),
            ("POST", "/api/v1/namespaces/a/pods/p/binding", "create"), ("PUT", "/x", "update"),
            ("PATCH", "/x", "patch"), ("DELETE", "/x", "delete"),
        ])
    func verbs(method: String, target: String, verb: String) {
        #expect(MeteredTransport.verb(method, target) == verb)
    }

    @Test("with the answer's status, and as errors where none came; the queue is shown")
    func counted() async throws {
        let cluster = Cluster()
        try await cluster.addNode("n1")
        try await cluster.addPod("p", scheduler: "berth")
        cluster.transport.add(.answer(409), to: "POST", "/binding")
        let controller = cluster.controller()
        try await cluster.withController(controller) {
            try await eventually("p is bound") { try await cluster.node(of: "p") == "n1" }
        }
        let text = controller.metrics.text()
        for series in [
            #"{verb="create",code="409"} 1.0"#, #"{verb="create",code="201"}"#, #"{verb="watch",code="200"}"#,
            #"{verb="list",code="200"}"#,
        ] {
            #expect(text.contains("berth_api_requests_total" + series), "\(series)")
        }
        #expect(text.contains("berth_action_queue_depth 0.0"))
    }
}
