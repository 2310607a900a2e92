import Foundation
import HTTPTransport
import Testing

@testable import KubernetesClient

@Suite("Kubeconfig and credentials")
struct CredentialTests {
    private static func config(cluster: String = "{server: https://one:6443/}", user: String = "{}") -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: here
        clusters:
        - {name: one, cluster: \(cluster)}
        users:
        - {name: me, user: \(user)}
        contexts:
        - {name: here, context: {cluster: one, user: me, namespace: ml}}
        - {name: broken, context: {cluster: nowhere, user: me}}
        - {name: nobody, context: {cluster: one, user: stranger}}
        """
    }

    private func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("berth-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    @Test("the current context: server, namespace, token; verification is on")
    func context() async throws {
        let access = try ClusterAccess(try Kubeconfig(Self.config(user: "{token: abc}")))
        #expect(access.server.server == "https://one:6443")
        #expect(access.server.tls.skipsVerification == false)
        #expect(access.namespace == "ml")
        #expect(access.title == "here")
        #expect(try await access.credentials.authorization() == "Bearer abc")
    }

    @Test("cluster options: own authority, other name, proxy, no verification in so many words")
    func cluster() throws {
        let cluster = """
            {server: "https://one", certificate-authority-data: UEVN, tls-server-name: api, proxy-url: "socks5://p:1", \
            insecure-skip-tls-verify: true}
            """
        let server = try ClusterAccess(try Kubeconfig(Self.config(cluster: cluster))).server
        #expect(server.tls.authorities == Array("PEM".utf8))
        #expect(server.tls.serverName == "api")
        #expect(server.tls.skipsVerification)
        #expect(server.proxy == .url("socks5://p:1"))
    }

    @Test("of several files the first that says something counts, and paths start from their own file")
    func merged() async throws {
        let folder = try self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("secret\n".utf8).write(to: folder.appendingPathComponent("token"))
        try Data("CERT".utf8).write(to: folder.appendingPathComponent("c.pem"))
        let first = folder.appendingPathComponent("first").path
        let second = folder.appendingPathComponent("second").path
        let user = "{tokenFile: token, client-certificate: c.pem, client-key-data: S0VZ}"
        try Data("users:\n- {name: me, user: \(user)}\n".utf8).write(to: URL(fileURLWithPath: first))
        try Data(Self.config(user: "{token: other}").utf8).write(to: URL(fileURLWithPath: second))
        let paths = Kubeconfig.defaultPaths(environment: ["KUBECONFIG": "\(first):\(folder.path)/missing:\(second)"])
        let access = try ClusterAccess(try Kubeconfig(readingFrom: paths))
        #expect(try await access.credentials.authorization() == "Bearer secret")
        #expect(access.server.tls.clientCertificate == Array("CERT".utf8))
        #expect(access.server.tls.clientKey == Array("KEY".utf8))
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("nowhere-to-be-found", "found no context"), ("broken", "found no cluster \"nowhere\""),
            ("nobody", "found no user \"stranger\""),
        ])
    func wrong(context: String, words: String) throws {
        do {
            _ = try ClusterAccess(try Kubeconfig(Self.config()), context: context)
            Issue.record("no error")
        } catch {
            #expect("\(error)".contains(words))
        }
    }

    @Test("files that are none, and material that is no base64", arguments: ["- 1", "{", "a: [", "\u{0}"])
    func noConfig(text: String) {
        #expect(throws: KubernetesError.self) { try ClusterAccess(try Kubeconfig(text)) }
    }

    @Test("an exec plugin gets its variables and the cluster, and is asked again only after its time or a 401")
    func exec() async throws {
        let folder = try self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = """
            #!/bin/sh
            echo x >> '\(folder.path)/runs'
            case "$KUBERNETES_EXEC_INFO" in *'"server":"https://one"'*) ;; *) exit 3;; esac
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$WHO-$1'",\
            "expirationTimestamp":"2999-01-01T00:00:00Z"}}'
            """
        let path = folder.appendingPathComponent("plugin").path
        try Data(script.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        let user = "{exec: {command: ./plugin, args: [a1], env: [{name: WHO, value: w}], provideClusterInfo: true}}"
        let file = folder.appendingPathComponent("config").path
        try Data(Self.config(cluster: "{server: \"https://one\"}", user: user).utf8).write(
            to: URL(fileURLWithPath: file))
        let environment = ["PATH": "/usr/bin:/bin"]
        let access = try ClusterAccess(try Kubeconfig(readingFrom: [file]), environment: environment)
        #expect(try await access.credentials.authorization() == "Bearer w-a1")
        #expect(try await access.credentials.authorization() == "Bearer w-a1")
        let runs = { try String(contentsOfFile: folder.path + "/runs", encoding: .utf8).count }
        #expect(try runs() == 2)
        #expect(await access.credentials.renew())
        _ = try await access.credentials.authorization()
        #expect(try runs() == 4)
    }

    @Test("in a pod: address, authority, namespace, and a token that is read again when it is replaced")
    func inCluster() async throws {
        let folder = try self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try ClusterAccess.inCluster(environment: [:]) == nil)
        for (name, text) in [("ca.crt", "CA"), ("namespace", "berth-system"), ("token", "t1\n")] {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        let access = try #require(try ClusterAccess.inCluster(environment: environment, folder: folder.path))
        #expect(access.server.server == "https://[fd00::1]:443")
        #expect(access.namespace == "berth-system")
        #expect(try await access.credentials.authorization() == "Bearer t1")
        try Data("t2".utf8).write(to: folder.appendingPathComponent("token"))
        #expect(try await access.credentials.authorization() == "Bearer t1")
        #expect(await access.credentials.renew())
        #expect(try await access.credentials.authorization() == "Bearer t2")
        try FileManager.default.removeItem(at: folder.appendingPathComponent("token"))
        #expect(try await access.credentials.authorization() == "Bearer t2")
    }
}
