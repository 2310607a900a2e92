import Foundation
import HTTPTransport
import Synchronization
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

    /// A kubeconfig with an exec plugin that counts its runs and prints this status.
    private func plugin(_ folder: URL, prints status: String, before: String = "") throws -> any CredentialSource {
        let path = folder.appendingPathComponent("plugin").path
        let script = """
            #!/bin/sh
            echo x >> '\(folder.path)/runs'
            \(before)
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":\(status)}'
            """
        try Data(script.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        let config = try Kubeconfig(Self.config(user: "{exec: {command: \(path)}}"))
        return try ClusterAccess(config, environment: ["PATH": "/usr/bin:/bin"]).credentials
    }

    private func runs(_ folder: URL) throws -> Int {
        try String(contentsOfFile: folder.path + "/runs", encoding: .utf8).split(separator: "\n").count
    }

    @Test("a token of an exec plugin that has run out, or is about to, is asked for again")
    func execExpiry() async throws {
        let folder = try self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let soon = Date(timeIntervalSinceNow: 5).formatted(.iso8601)
        let credentials = try self.plugin(folder, prints: #"{"token":"t","expirationTimestamp":"\#(soon)"}"#)
        let before = try self.runs(folder)
        for count in 1...3 {
            #expect(try await credentials.authorization() == "Bearer t")
            #expect(try self.runs(folder) == before + count)
        }
    }

    @Test("callers that come while an exec plugin runs wait for the same run, and no other task stands still")
    func execOnce() async throws {
        let folder = try self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let credentials = try self.plugin(folder, prints: #"{"token":"t"}"#, before: "sleep 0.3")
        #expect(await credentials.renew())
        let before = try self.runs(folder)
        let tokens = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { try await credentials.authorization() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(tokens == Array(repeating: "Bearer t", count: 20))
        #expect(try self.runs(folder) == before + 1)
    }

    @Test(
        "an exec plugin that fails, prints nothing of use or is not there is named",
        arguments: [("exit 7", "ended with 7"), ("echo nonsense; exit 0", "printed no ExecCredential")])
    func execFails(before: String, words: String) throws {
        let folder = try self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            _ = try self.plugin(folder, prints: "{}", before: before)
            Issue.record("no error")
        } catch {
            #expect("\(error)".contains(words))
        }
    }

    @Test("a token file is read again after a minute, without anybody asking")
    func tokenFileAge() async throws {
        let folder = try self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("token")
        try Data("one".utf8).write(to: path)
        let elapsed = Mutex(Duration.zero)
        let start = ContinuousClock.now
        let file = TokenFile(path: path.path, now: { start + elapsed.withLock { $0 } })
        #expect(try await file.authorization() == "Bearer one")
        try Data("two".utf8).write(to: path)
        elapsed.withLock { $0 = .seconds(49) }
        #expect(try await file.authorization() == "Bearer one")
        elapsed.withLock { $0 = .seconds(60) }
        #expect(try await file.authorization() == "Bearer two")
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
