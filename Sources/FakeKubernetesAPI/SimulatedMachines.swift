import HTTPTransport
import KubernetesAPI

/// Cluster API and the cloud below it: as many Machines as each MachineDeployment asks for, and the node that each becomes.
///
/// A MachineDeployment says by annotations what its machines are: Cluster API's own for cpu, memory, devices and labels, and
/// `fake-apiserver.berth.dev/capacity` for how many its cloud has; where it has no more, Machines fail as infrastructure providers
/// have them fail. `step` is called now and then; what happens depends on the server's objects and its clock alone.
public struct SimulatedMachines: Sendable {
    public static let capacityAnnotation = "fake-apiserver.berth.dev/capacity"
    private static let api = "cluster.x-k8s.io"
    private static let groupLabel = "cluster.x-k8s.io/deployment-name"
    private static let deleteMark = "cluster.x-k8s.io/delete-machine"
    private static let capacityDomain = "capacity.cluster-autoscaler.kubernetes.io"

    /// Seconds from a Machine to its infrastructure and its node.
    public var bootSeconds: Int64
    private var madeAt: [String: Int64] = [:]
    private var count = 0

    public init(bootSeconds: Int64 = 1) { self.bootSeconds = bootSeconds }

    public mutating func step(_ server: inout FakeAPIServer) {
        let groups = server.objects(kind: "MachineDeployment")
        let machines = server.objects(kind: "Machine")
        for group in groups {
            let name = Self.name(group)
            let own = machines.filter {
                $0[path: ["metadata", "labels", Self.groupLabel]]?.string == name
                    && Self.namespace($0) == Self.namespace(group)
            }
            self.resize(group, own, &server)
            self.provision(group, own, &server)
        }
        self.endNodes(&server)
    }

    // MARK: Machines

    private mutating func resize(_ group: JSONTree, _ machines: [JSONTree], _ server: inout FakeAPIServer) {
        let wanted = Int(clamping: group[path: ["spec", "replicas"]]?.integer ?? 1)
        for _ in machines.count..<max(wanted, machines.count) {
            self.count += 1
            let machine: JSONTree = [
                "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Machine",
                "metadata": [
                    "name": .string("\(Self.name(group))-\(self.count)"),
                    "namespace": .string(Self.namespace(group)),
                    "labels": .object([.init(Self.groupLabel, .string(Self.name(group)))]),
                ],
                "spec": [:],
            ]
            _ = Self.send("POST", Self.path(group, "machines"), machine, &server)
        }
        let order = machines.sorted { (Self.rank($0), Self.name($1)) < (Self.rank($1), Self.name($0)) }
        for victim in order.prefix(max(0, machines.count - wanted)) {
            _ = Self.send("DELETE", Self.path(group, "machines/\(Self.name(victim))"), nil, &server)
        }
    }

    /// Who goes first: the marked, then those without infrastructure.
    private static func rank(_ machine: JSONTree) -> Int {
        if machine[path: ["metadata", "annotations", Self.deleteMark]] != nil { return 0 }
        return machine[path: ["spec", "providerID"]] == nil ? 1 : 2
    }

    private mutating func provision(_ group: JSONTree, _ machines: [JSONTree], _ server: inout FakeAPIServer) {
        let now = server.now()
        let capacity = Self.annotation(Self.capacityAnnotation, of: group).flatMap { Int($0) } ?? .max
        var provided = machines.count { $0[path: ["spec", "providerID"]] != nil }
        for machine in machines where machine[path: ["spec", "providerID"]] == nil {
            let uid = machine[path: ["metadata", "uid"]]?.string ?? ""
            let made = self.madeAt[uid] ?? now
            self.madeAt[uid] = made
            guard now - made >= self.bootSeconds, machine[path: ["status", "conditions"]] == nil else { continue }
            let path = Self.path(group, "machines/\(Self.name(machine))")
            guard provided < capacity else {
                let condition: JSONTree = [
                    "type": "InfrastructureReady", "status": "False", "severity": "Error",
                    "reason": "InstanceProvisionFailed", "message": "insufficient capacity",
                ]
                _ = Self.send("PATCH", path + "/status", ["status": ["conditions": [condition]]], &server)
                continue
            }
            provided += 1
            self.boot(group, machine, at: path, &server)
        }
    }

    /// Neither the machine's name nor the node's is in the provider ID, as on most clouds.
    private mutating func boot(
        _ group: JSONTree, _ machine: JSONTree, at path: String, _ server: inout FakeAPIServer
    ) {
        self.count += 1
        let labels = Self.labels(of: group)
        let node = "node-\(self.count)"
        let zone = labels["topology.kubernetes.io/zone"] ?? "zone"
        let provider = JSONTree.string("fake:///\(zone)/vm-\(self.count)")
        _ = Self.send("PATCH", path, ["spec": ["providerID": provider]], &server)
        _ = Self.send("POST", "/api/v1/nodes", Self.node(node, provider, machine, group, labels), &server)
        _ = Self.send("PATCH", path + "/status", ["status": ["nodeRef": ["name": .string(node)]]], &server)
    }

    // MARK: Nodes

    private static func node(
        _ name: String, _ provider: JSONTree, _ machine: JSONTree, _ group: JSONTree, _ labels: [String: String]
    ) -> JSONTree {
        var amounts: JSONTree = ["pods": "110"]
        for (key, resource) in [("cpu", "cpu"), ("memory", "memory"), ("gpu-count", "nvidia.com/gpu")] {
            amounts[resource] = Self.annotation("\(Self.capacityDomain)/\(key)", of: group).map(JSONTree.string)
        }
        var all = labels
        all["kubernetes.io/hostname"] = name
        return [
            "apiVersion": "v1", "kind": "Node",
            "metadata": [
                "name": .string(name),
                "labels": .object(all.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
                "annotations": [
                    "cluster.x-k8s.io/machine": .string(Self.name(machine)),
                    "cluster.x-k8s.io/cluster-namespace": .string(Self.namespace(machine)),
                ],
            ],
            "spec": ["providerID": provider],
            "status": [
                "capacity": amounts, "allocatable": amounts, "conditions": [["type": "Ready", "status": "True"]],
            ],
        ]
    }

    /// A node whose Machine is gone goes with it.
    private func endNodes(_ server: inout FakeAPIServer) {
        let machines = Set(server.objects(kind: "Machine").map { "\(Self.namespace($0))/\(Self.name($0))" })
        for node in server.objects(kind: "Node") {
            guard let machine = Self.annotation("cluster.x-k8s.io/machine", of: node) else { continue }
            let namespace = Self.annotation("cluster.x-k8s.io/cluster-namespace", of: node) ?? ""
            guard !machines.contains("\(namespace)/\(machine)") else { continue }
            _ = Self.send("DELETE", "/api/v1/nodes/\(Self.name(node))", nil, &server)
        }
    }

    private static func labels(of group: JSONTree) -> [String: String] {
        let text = Self.annotation("\(Self.capacityDomain)/labels", of: group) ?? ""
        let pairs = text.split(separator: ",").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        return Dictionary(pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { $1 }
    }

    // MARK: Calls

    private static func name(_ object: JSONTree) -> String { object["metadata"]?["name"]?.string ?? "" }

    private static func namespace(_ object: JSONTree) -> String { object["metadata"]?["namespace"]?.string ?? "" }

    private static func annotation(_ key: String, of object: JSONTree) -> String? {
        object[path: ["metadata", "annotations", key]]?.string
    }

    private static func path(_ group: JSONTree, _ rest: String) -> String {
        "/apis/\(Self.api)/v1beta1/namespaces/\(Self.namespace(group))/\(rest)"
    }

    private static func send(
        _ method: String, _ path: String, _ body: JSONTree?, _ server: inout FakeAPIServer
    ) -> FakeAPIServer.Reply {
        let kind = method == "PATCH" ? "application/merge-patch+json" : "application/json"
        var request = HTTPRequest(method: method, target: path, headers: ["Content-Type": kind])
        if let body { request.body = body.bytes }
        // What happens in the cluster by itself is nobody's request.
        return server.handle(request)
    }
}

extension FakeAPIServer {
    /// Serves the kinds of Cluster API that `SimulatedMachines` works on.
    public mutating func serveClusterAPI() {
        for (plural, kind) in [
            ("machinedeployments", "MachineDeployment"), ("machinepools", "MachinePool"), ("machines", "Machine"),
        ] {
            self.define(group: "cluster.x-k8s.io", version: "v1beta1", plural: plural, kind: kind)
        }
    }
}
