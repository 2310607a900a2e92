import FakeKubernetesAPI
import Foundation
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Synchronization
import Testing

@testable import Controller

/// Sends everything with one bearer token, and remembers what was forbidden.
final class BearerTransport: HTTPTransport {
    private let inner: any HTTPTransport
    private let token: String
    private let refused = Mutex<[String]>([])

    init(_ inner: any HTTPTransport, token: String) {
        self.inner = inner
        self.token = token
    }

    var forbidden: [String] { self.refused.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        var request = request
        request.headers.add("Authorization", "Bearer \(self.token)")
        let response = try await self.inner.send(request)
        if response.status == 403 { self.refused.withLock { $0.append("\(request.method) \(request.target)") } }
        return response
    }
}

/// The controller under the service account that `manifests/` gives it: nothing it does is forbidden, and nothing it may is
/// never done.
@Suite("The permissions in manifests/")
struct PermissionTests {
    private struct Permission: Hashable, Comparable, CustomStringConvertible {
        var group: String
        var resource: String
        var verb: String

        var description: String { "\(self.verb) \(self.group)/\(self.resource)" }

        static func < (lhs: Self, rhs: Self) -> Bool { lhs.description < rhs.description }
    }

    private static let manifests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../manifests").standardizedFileURL

    /// - Parameter folder: Below `manifests/`.
    static func objects(_ file: String, in folder: String = "base") throws -> [JSONTree] {
        let url = Self.manifests.appendingPathComponent("\(folder)/\(file)")
        return ManifestReader.read(Array(try Data(contentsOf: url)), file: file).objects.map { object in
            var tree = JSONTree(object.value)
            tree["apiVersion"] = .string(object.apiVersion)
            tree["kind"] = .string(object.kind)
            return tree
        }
    }

    private static func granted(by objects: [JSONTree]) -> Set<Permission> {
        var granted: Set<Permission> = []
        for rule in objects.flatMap({ $0["rules"]?.elements ?? [] }) {
            for group in rule["apiGroups"]?.elements.compactMap(\.string) ?? [] {
                for resource in rule["resources"]?.elements.compactMap(\.string) ?? [] {
                    for verb in rule["verbs"]?.elements.compactMap(\.string) ?? [] {
                        granted.insert(Permission(group: group, resource: resource, verb: verb))
                    }
                }
            }
        }
        return granted
    }

    @Test("are enough, and none of them is idle")
    func permissions() async throws {
        var server = FakeAPIServer(now: { Int64(Date().timeIntervalSince1970) })
        server.define(group: "scheduling.x-k8s.io", version: "v1alpha1", plural: "podgroups", kind: "PodGroup")
        // Beside the priorities of scheduling.k8s.io/v1, as on a real server.
        server.servePodGroups()
        let rules = try Self.objects("rbac.yaml")
        for object in try Self.objects("namespace.yaml") + Self.objects("service-account.yaml") + rules {
            guard case .answer(201, _) = server.restore(object) else {
                Issue.record("refused: \(object.text)")
                return
            }
        }
        let issued = server.issueToken(namespace: "berth-system", serviceAccount: "berth")
        let token = try #require(issued)
        let faulty = FaultyTransport(InProcessTransport(server))
        let transport = BearerTransport(faulty, token: token)
        var options = ControllerOptions()
        options.identity = "one"
        options.leaseNamespace = "berth-system"
        options.leaseDuration = .seconds(30)
        let controller = Controller(KubernetesClient(transport: transport), options: options)
        try await Self.work(KubernetesClient(transport: faulty), faulty, controller)
        #expect(transport.forbidden.isEmpty)

        let used = faulty.server.withServer { server in
            Set(server.usedPermissions.map { Permission(group: $0.group, resource: $0.resource, verb: $0.verb) })
        }
        let served = try await Self.served(by: KubernetesClient(transport: faulty))
        let idle = Self.granted(by: rules).subtracting(used).filter { permission in
            // A list stands in where a server cannot stream it.
            let other = permission.verb == "list" ? "watch" : permission.verb == "watch" ? "list" : ""
            let isHalfUsed = used.contains(
                Permission(group: permission.group, resource: permission.resource, verb: other))
            let main = permission.resource.split(separator: "/").first.map(String.init) ?? ""
            // Evictions wait half a minute for a pin to prove useless; the simulation covers them.
            return !isHalfUsed && served.contains("\(permission.group)/\(main)")
                && permission.resource != "pods/eviction"
        }
        #expect(idle.isEmpty, "never needed: \(idle.sorted())")
    }

    @Test("are those of the chart, right by right")
    func chart() throws {
        let file = Self.manifests.appendingPathComponent("../charts/berth/templates/rbac.yaml")
        let chart = try String(contentsOf: file, encoding: .utf8)
            .replacing("{{ .Release.Namespace }}", with: "berth-system")
        func manifest(_ folder: String) throws -> String {
            try String(contentsOf: Self.manifests.appendingPathComponent("\(folder)/rbac.yaml"), encoding: .utf8)
        }
        let buying = try manifest("components/buy-nodes")
        let clusterAPI = try manifest("components/cluster-api")
        #expect(
            chart == (try manifest("base")) + "{{- if .Values.buyNodes }}\n---\n\(buying){{- end }}\n"
                + "{{- if .Values.clusterAPI }}\n---\n\(clusterAPI){{- end }}\n")
    }

    /// Releases, binds, explains, and looks at a pod again after a conflict.
    private static func work(
        _ client: KubernetesClient, _ faulty: FaultyTransport, _ controller: Controller
    ) async throws {
        let amounts: JSONTree = ["cpu": "96", "memory": "1000Gi", "pods": "110", "nvidia.com/gpu": "8"]
        for name in ["n1", "n2"] {
            let status: JSONTree = ["allocatable": amounts, "conditions": [["type": "Ready", "status": "True"]]]
            let labels: JSONTree = ["nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"]
            try await client.create(
                ["metadata": ["name": .string(name), "labels": labels], "status": status], in: .nodes)
        }
        try await client.create(
            ["metadata": ["name": "gang"], "spec": ["schedulingPolicy": ["gang": ["minCount": 2]]]],
            in: ResourcePath(apiVersion: "scheduling.k8s.io/v1alpha2", plural: "podgroups", namespace: "default"))
        faulty.add(.answer(409), to: "POST", "/binding")
        let pods = ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default")
        for name in ["gated", "bound", "waits", "member"] {
            let resources: JSONTree = ["limits": ["nvidia.com/gpu": "8"]]
            var spec: JSONTree = ["containers": [["name": "main", "image": "i", "resources": resources]]]
            if name == "gated" {
                spec["schedulingGates"] = [["name": "berth.dev/placement"]]
            } else {
                spec["schedulerName"] = "berth"
            }
            if name == "member" { spec["schedulingGroup"] = ["podGroupName": "gang"] }
            try await client.create(["metadata": ["name": .string(name)], "spec": spec], in: pods)
        }
        let running = Task { try await controller.run() }
        var isDone = false
        for _ in 0..<6000 where !isDone {
            try await Task.sleep(for: .milliseconds(10))
            let requests = faulty.requests
            isDone =
                requests.contains { $0.hasPrefix("PATCH") && $0.contains("/pods/") && $0.contains("/status") }
                && requests.contains { $0.hasPrefix("PATCH") && $0.contains("/podgroups/gang/status") }
                && requests.contains { $0.hasPrefix("PATCH") && !$0.contains("/status") }
                && requests.contains { $0.hasPrefix("POST") && $0.contains("/events") }
                && requests.contains { $0.hasPrefix("GET /api/v1/namespaces/default/pods/") }
                && requests.contains { $0.hasPrefix("PUT") && $0.contains("/leases/") }
        }
        running.cancel()
        _ = await running.result
        #expect(isDone)
    }

    /// `group/plural` of everything the server has.
    private static func served(by client: KubernetesClient) async throws -> Set<String> {
        var found: Set<String> = []
        let groups = try await client.send("GET", "/apis").root["groups"].map { Array($0.elements) } ?? []
        let versions = groups.flatMap { group in
            group["versions"].map { $0.elements.compactMap { $0["groupVersion"]?.string } } ?? []
        }
        for path in ["/api/v1"] + versions.map({ "/apis/\($0)" }) {
            let group = path == "/api/v1" ? "" : String(path.split(separator: "/")[1])
            let resources = try await client.send("GET", path).root["resources"]
            for resource in resources?.elements.compactMap({ $0["name"]?.string }) ?? [] {
                found.insert("\(group)/\(resource)")
            }
        }
        return found
    }
}
