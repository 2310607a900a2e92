import Foundation
import KubernetesAPI
import Synchronization

/// A command that prints credentials (`client.authentication.k8s.io/v1`), run when the last ones have run out or were refused.
///
/// Callers that come while it runs wait for the same run. It runs on a thread of its own: however long it takes, no other task stands still.
final class ExecPlugin: CredentialSource {
    private struct Cached: Sendable {
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
    private struct State {
        var cached: Cached?
        var running: Task<Result<Cached, KubernetesError>, Never>?
    }

    private let state = Mutex(State())

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
        try await self.current().token.map { "Bearer \($0)" }
    }

    func renew() async -> Bool {
        self.state.withLock { $0.cached = nil }
        return true
    }

    /// Runs the command if need be, and waits for it: for the start, before there is a transport.
    func clientCertificate() throws(KubernetesError) -> (certificate: [UInt8], key: [UInt8])? {
        let credentials: Cached
        if let known = self.state.withLock({ Self.valid(&$0) }) {
            credentials = known
        } else {
            let fresh = try self.run()
            self.state.withLock { $0.cached = fresh }
            credentials = fresh
        }
        guard let certificate = credentials.certificate, let key = credentials.key else { return nil }
        return (certificate, key)
    }

    /// What is cached, unless it runs out within ten seconds.
    private static func valid(_ state: inout State) -> Cached? {
        let now = Int64(Date().timeIntervalSince1970)
        guard let known = state.cached, known.expires.map({ now < $0 - 10 }) ?? true else { return nil }
        return known
    }

    private func current() async throws(KubernetesError) -> Cached {
        let (known, running) = self.state.withLock {
            state -> (Cached?, Task<Result<Cached, KubernetesError>, Never>?) in
            if let known = Self.valid(&state) { return (known, nil) }
            let running = state.running ?? Task.detached { await self.refresh() }
            state.running = running
            return (nil, running)
        }
        if let known { return known }
        guard let running else { throw .credentials("exec: \(self.command) does not run") }
        return try await running.value.get()
    }

    private func refresh() async -> Result<Cached, KubernetesError> {
        let result = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                do throws(KubernetesError) {
                    continuation.resume(returning: Result<Cached, KubernetesError>.success(try self.run()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        self.state.withLock { state in
            state.running = nil
            if case .success(let fresh) = result { state.cached = fresh }
        }
        return result
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
