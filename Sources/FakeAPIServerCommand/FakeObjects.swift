import ArgumentParser
import FakeKubernetesAPI
import FoundationEssentials
import HTTPTransport
import KubernetesAPI

enum FakeObjects {
    /// - Parameter spec: `COUNTxNAME:GPUS`.
    static func addNodes(_ spec: String, to server: inout FakeAPIServer) throws {
        let parts = spec.split(separator: ":")
        let head = parts.first?.split(separator: "x", maxSplits: 1).map(String.init) ?? []
        guard parts.count == 2, head.count == 2, let count = Int(head[0]), let gpus = Int(parts[1]), count > 0 else {
            throw ValidationError("--nodes: found \(spec), expected COUNTxNAME:GPUS")
        }
        for index in 0..<count {
            let name = "\(head[1])-\(index)"
            let amounts: JSONTree = [
                "cpu": "96", "memory": "1000Gi", "pods": "110", "nvidia.com/gpu": .string("\(gpus)"),
            ]
            let labels: JSONTree = [
                "kubernetes.io/hostname": .string(name), "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
                "topology.kubernetes.io/zone": "zone-a", "rack": .string("r\(index / 4)"),
            ]
            try self.create(
                [
                    "apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(name), "labels": labels],
                    "status": [
                        "capacity": amounts, "allocatable": amounts,
                        "conditions": [["type": "Ready", "status": "True"]],
                    ],
                ], in: &server, from: "--nodes")
        }
    }

    static func load(_ path: String, into server: inout FakeAPIServer) throws {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw ValidationError("--load: \(path) cannot be read")
        }
        let contents = ManifestReader.read(Array(data), file: path)
        if let finding = contents.findings.first { throw ValidationError("--load: \(finding)") }
        for object in contents.objects {
            var tree = JSONTree(object.value)
            tree["apiVersion"] = .string(object.apiVersion)
            tree["kind"] = .string(object.kind)
            try self.create(tree, in: &server, from: path)
        }
    }

    /// The rules of faults in a file, JSON or YAML.
    static func faults(_ path: String) throws -> FaultRules {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw ValidationError("--faults: \(path) cannot be read")
        }
        let json = JSONTree(parsing: String(decoding: Array(data), as: UTF8.self))
        guard let tree = json ?? JSONTree(yaml: Array(data)) else {
            throw ValidationError("--faults: \(path) is neither JSON nor YAML")
        }
        do { return try FaultRules(tree) } catch { throw ValidationError("--faults: \(path): \(error)") }
    }

    private static func create(_ object: JSONTree, in server: inout FakeAPIServer, from path: String) throws {
        guard let collection = server.collection(of: object) else {
            throw ValidationError("\(path): kind \(object["kind"]?.string ?? "") is not copied")
        }
        var object = object
        object[path: ["metadata", "resourceVersion"]] = nil
        object[path: ["metadata", "uid"]] = nil
        let status = object["status"]
        let reply = server.restore(object)
        guard case .answer(201, let created) = reply else {
            throw ValidationError("\(path): the server refused an object: \(reply)")
        }
        guard let status, let name = created["metadata"]?["name"]?.string else { return }
        let patch: JSONTree = ["status": status]
        _ = server.handle(
            HTTPRequest(
                method: "PATCH", target: "\(collection)/\(name)/status",
                headers: ["Content-Type": "application/merge-patch+json"], body: patch.bytes))
    }

    /// How somebody gets in.
    struct Access: Sendable {
        /// Of an administrator.
        var token: String?
        /// PEM text; nil where the server speaks plain HTTP.
        var authority: [UInt8]?
        var client: CertificateAuthority.Identity?

        var scheme: String { self.authority == nil ? "http" : "https" }
        /// Whether nobody gets in without credentials.
        var isAsked: Bool { self.token != nil || self.authority != nil }
    }

    static func writeKubeconfig(to path: String, port: Int, _ access: Access) {
        func encoded(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
        var user = access.token.map { "token: \($0)" } ?? ""
        if let client = access.client {
            user = "client-certificate-data: \(encoded(client.certificate)), client-key-data: \(encoded(client.key))"
        }
        let authority = access.authority.map { ", certificate-authority-data: \(encoded($0))" } ?? ""
        let text = """
            apiVersion: v1
            kind: Config
            current-context: fake
            clusters:
            - name: fake
              cluster: {server: "\(access.scheme)://127.0.0.1:\(port)"\(authority)}
            users:
            - name: fake
              user: {\(user)}
            contexts:
            - name: fake
              context: {cluster: fake, user: fake, namespace: default}

            """
        try? Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    }
}
