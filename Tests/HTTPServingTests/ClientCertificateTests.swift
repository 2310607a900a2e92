import FakeKubernetesAPI
import Foundation
import HTTPServing
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Testing

@testable import FakeAPIServerCommand

@Suite("The fake API server over TLS", .timeLimit(.minutes(3)))
struct ClientCertificateTests {
    private static let node: JSONTree = ["metadata": ["name": "n1"]]

    /// Serves a fake with an authority of its own; `body` gets the port.
    private static func run(
        _ body:
            @escaping (_ authority: CertificateAuthority, _ port: Int, _ server: InProcessTransport) async throws ->
            Void
    ) async throws {
        let authority = try CertificateAuthority()
        let tls = try FakeAPIServerCommand.tls(authority)
        var fake = FakeAPIServer(now: { 1_764_000_000 })
        fake.trustsRemoteUserHeaders = true
        let server = InProcessTransport(fake)
        let faulty = RuledFaultTransport(server)
        try await Serving.run(
            { $0.tls = tls }, handler: { await FakeAPIServerCommand.answer($0, faulty, asksForCredentials: true) },
            onPort: { port in
                try await body(authority, port, server)
                server.endWatches()
            })
    }

    private static func client(_ tls: CurlTLS, _ port: Int) throws -> KubernetesClient {
        KubernetesClient(
            transport: try CurlTransport(
                configuration: CurlConfiguration(server: "https://127.0.0.1:\(port)", tls: tls, proxy: .none)))
    }

    private static func tls(_ authority: CertificateAuthority, _ user: String, _ groups: [String]) throws -> CurlTLS {
        let identity = try authority.client(user: user, groups: groups)
        var tls = CurlTLS(authorities: authority.certificatePEM)
        (tls.clientCertificate, tls.clientKey) = (identity.certificate, identity.key)
        return tls
    }

    @Test("the kubeconfig that it writes lets an administrator in")
    func kubeconfig() async throws {
        try await Self.run { authority, port, server in
            let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
            defer { try? FileManager.default.removeItem(atPath: path) }
            let admin = try authority.client(user: "kubernetes-admin", groups: ["system:masters"])
            FakeObjects.writeKubeconfig(
                to: path, port: port, .init(authority: authority.certificatePEM, client: admin))
            var access = try ClusterAccess(try Kubeconfig(readingFrom: [path]))
            access.server.proxy = .none
            let client = try access.client()
            try await client.create(Self.node, in: .nodes)
            #expect(server.withServer { $0.objects(kind: "Node").count } == 1)
        }
    }

    @Test("a certificate's common name is the user, its organizations are the groups, and RBAC decides")
    func userAndGroups() async throws {
        try await Self.run { authority, port, _ in
            let admin = try Self.client(try Self.tls(authority, "root", ["system:masters"]), port)
            let role: JSONTree = [
                "metadata": ["name": "readers"],
                "rules": [["apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]]],
            ]
            let binding: JSONTree = [
                "metadata": ["name": "readers"], "roleRef": ["kind": "ClusterRole", "name": "readers"],
                "subjects": [["kind": "Group", "name": "team:ml"]],
            ]
            let group = "rbac.authorization.k8s.io/v1"
            try await admin.create(role, in: ResourcePath(apiVersion: group, plural: "clusterroles"))
            try await admin.create(binding, in: ResourcePath(apiVersion: group, plural: "clusterrolebindings"))
            let reader = try Self.client(try Self.tls(authority, "jane", ["team:ops", "team:ml"]), port)
            _ = try await reader.get(.nodes)
            let refused = await #expect(throws: KubernetesError.self) { try await reader.create(Self.node, in: .nodes) }
            #expect(refused?.status?.code == 403)
            #expect(refused?.status?.message.contains("\"jane\"") ?? false)
            let stranger = try Self.client(try Self.tls(authority, "joe", ["team:ops"]), port)
            await #expect(throws: KubernetesError.self) { try await stranger.get(.nodes) }
        }
    }

    @Test(
        "no certificate is nobody, whatever the headers say; a foreign one is no connection; a foreign server is not trusted"
    )
    func strangers() async throws {
        try await Self.run { authority, port, _ in
            let anonymous = try CurlTransport(
                configuration: CurlConfiguration(
                    server: "https://127.0.0.1:\(port)", tls: CurlTLS(authorities: authority.certificatePEM),
                    proxy: .none))
            for headers in [["Accept": "*/*"], ["X-Remote-User": "root", "X-Remote-Group": "system:masters"]]
                as [HTTPHeaders]
            {
                let answer = try await anonymous.send(
                    HTTPRequest(target: "/api/v1/nodes", headers: headers, limits: HTTPTimeLimits(total: .seconds(60))))
                #expect(answer.status == 401)
            }
            let other = try CertificateAuthority()
            var foreign = try Self.tls(other, "root", ["system:masters"])
            foreign.authorities = authority.certificatePEM
            let foreigner = try Self.client(foreign, port)
            await #expect(throws: KubernetesError.self) { try await foreigner.get(.nodes) }
            let wary = try Self.client(try Self.tls(other, "root", ["system:masters"]), port)
            await #expect(throws: KubernetesError.self) { try await wary.get(.nodes) }
        }
    }
}
