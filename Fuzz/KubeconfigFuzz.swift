// Built by Scripts/fuzz.sh with the modules it imports, all of them instrumented.
import KubernetesAPI

@testable import KubernetesClient

/// One run: bytes as a kubeconfig, and everything asked of it that touches no file and runs no command.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKubeconfig(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    guard let config = try? Kubeconfig(text, path: "/folder/config") else { return 0 }
    for name in [nil, "here", "a"] as [String?] {
        guard let context = try? config.context(name) else { continue }
        blackHole(context.namespace)
        for entry in [context.cluster, context.user].compactMap(\.self) { read(entry, cluster: context.cluster) }
    }
    return 0
}

private func read(_ entry: KubeconfigEntry, cluster: KubeconfigEntry) {
    for key in ["server", "tls-server-name", "proxy-url", "token", "username", "password"] {
        blackHole(entry.text(key))
    }
    for key in ["certificate-authority", "client-certificate", "client-key", "tokenFile"] {
        if let path = entry.path(key) { precondition(path.hasPrefix("/"), "\(path) is relative") }
        // Without data it would be read from a file.
        if entry.text("\(key)-data") != nil { blackHole(try? entry.material(key)) }
    }
    blackHole(entry.boolean("insecure-skip-tls-verify"))
    if let exec = entry.value["exec"] {
        blackHole(try? ExecPlugin(exec, folder: entry.folder, cluster: cluster, environment: [:]))
    }
}

/// Keeps the optimiser from dropping what nobody reads.
@inline(never)
private func blackHole<Value>(_: Value) {}
