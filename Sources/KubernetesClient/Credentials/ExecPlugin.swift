import Foundation
import KubernetesAPI
import Synchronization

/// A command that prints credentials (`client.authentication.k8s.io/v1`), run when the last ones have run out or were refused.
final class ExecPlugin: CredentialSource {
    private struct Cached {
        var token: String?
        var certificate: [UInt8]?
        var key: [UInt8]?
        /// Seconds since 1970.
        var expires: Int64?
    }

    private let command: String
    private let arguments: [String]
    private let environment: [String: String]
    private let installHint: String?
    private let cached = Mutex<Cached?>(nil)

    init(
        _ exec: JSONTree, folder: String, cluster: KubeconfigEntry, environment: [String: String]
    ) throws(KubernetesError) {
        guard let command = exec["command"]?.string, !command.isEmpty else {
            throw .credentials("exec: found no command in the kubeconfig")
        }
        let version = exec["apiVersion"]?.string ?? "client.authentication.k8s.io/v1"
        self.command = command.contains("/") && !command.hasPrefix("/") ? "\(folder)/\(command)" : command
        self.arguments = exec["args"]?.elements.compactMap(\.string) ?? []
        var environment = environment
        for entry in exec["env"]?.elements ?? [] {
            if let name = entry["name"]?.string { environment[name] = entry["value"]?.string ?? "" }
        }
        var info: JSONTree = [
            "apiVersion": .string(version), "kind": "ExecCredential", "spec": ["interactive": .boolean(false)],
        ]
        if exec["provideClusterInfo"] == .boolean(true) {
            var known: JSONTree = [:]
            for key in [
                "server", "certificate-authority-data", "tls-server-name", "proxy-url", "insecure-skip-tls-verify",
            ] {
                known[key] = cluster.value[key]
            }
            info[path: ["spec", "cluster"]] = known
        }
        environment["KUBERNETES_EXEC_INFO"] = info.text
        self.environment = environment
        self.installHint = exec["installHint"]?.string
    }

    func authorization() async throws(KubernetesError) -> String? {
        try self.current().token.map { "Bearer \($0)" }
    }

    func renew() async -> Bool {
        self.cached.withLock { $0 = nil }
        return true
    }

    func clientCertificate() throws(KubernetesError) -> (certificate: [UInt8], key: [UInt8])? {
        let credentials = try self.current()
        guard let certificate = credentials.certificate, let key = credentials.key else { return nil }
        return (certificate, key)
    }

    private func current() throws(KubernetesError) -> Cached {
        let now = Int64(Date().timeIntervalSince1970)
        if let known = self.cached.withLock({ $0 }), known.expires.map({ now < $0 - 10 }) ?? true { return known }
        let fresh = try self.run()
        self.cached.withLock { $0 = fresh }
        return fresh
    }

    /// Runs the command and reads what it prints. Its errors go to our own standard error.
    private func run() throws(KubernetesError) -> Cached {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [self.command] + self.arguments
        process.environment = self.environment
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch { throw .credentials("exec: \(self.command) cannot be run") }
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let hint = self.installHint.map { "; \($0)" } ?? ""
            throw .credentials("exec: \(self.command) ended with \(process.terminationStatus)\(hint)")
        }
        guard let document = bytes.withUnsafeBytes({ try? JSONDocument(parsing: $0) }),
            let status = document.root["status"]
        else { throw .credentials("exec: \(self.command) printed no ExecCredential with a status") }
        let expires = status["expirationTimestamp"]?.string.flatMap { RFC3339.seconds($0) }
        return Cached(
            token: status["token"]?.string, certificate: status["clientCertificateData"]?.string.map { Array($0.utf8) },
            key: status["clientKeyData"]?.string.map { Array($0.utf8) }, expires: expires)
    }
}
