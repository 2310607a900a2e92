import Controller
import Foundation
import KubernetesAPI
import KubernetesClient
import Testing

@Suite(
    "berth plan of a live cluster, as a person calls it",
    .enabled(if: BuiltProgram.path != nil, "berth is not built beside the tests"))
struct LiveCommandTests {
    /// `fake-apiserver` with the namespaces, nodes and pods of the checked-in dump in it, for as long as this lives.
    private final class LiveCluster {
        let folder = FileManager.default.temporaryDirectory.appending(path: "berth-\(UUID().uuidString)")
        private let process = Process()

        init() throws {
            try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
            let program = URL(filePath: try #require(BuiltProgram.path)).deletingLastPathComponent()
            self.process.executableURL = program.appending(path: "fake-apiserver")
            self.process.arguments = ["--port", "0", "--kubeconfig", self.kubeconfig, "--load", try self.world()]
            self.process.standardOutput = FileHandle.nullDevice
            try self.process.run()
        }

        deinit {
            self.process.terminate()
            try? FileManager.default.removeItem(at: self.folder)
        }

        /// Namespaces first, but for those that every server has.
        private func world() throws -> String {
            let data = try Data(contentsOf: URL(filePath: DumpTests.dump))
            let objects = data.withUnsafeBytes { ManifestReader.read($0, file: "dump") }.objects
            let standard: Set<String> = ["default", "kube-system", "kube-public", "kube-node-lease"]
            let namespaces = objects.filter { $0.kind == "Namespace" && !standard.contains($0.key.name) }
            let others = objects.filter { $0.kind == "Node" || $0.kind == "Pod" }
            let file = self.folder.appending(path: "world.json").path
            let texts = (namespaces + others).map { JSONTree($0.value).text }
            try Data(Manifest.list(texts).utf8).write(to: URL(filePath: file))
            return file
        }

        var kubeconfig: String { self.folder.appending(path: "live").path }

        func waitUntilItServes() async throws {
            let patience = ContinuousClock.now + .seconds(120)
            while ContinuousClock.now < patience {
                if FileManager.default.fileExists(atPath: self.kubeconfig),
                    (try? await self.client().list(.nodes)) != nil
                {
                    return
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }

        func client() throws -> KubernetesClient {
            try ClusterAccess.find(kubeconfig: self.kubeconfig, context: nil).client()
        }

        /// As `kubectl get -A -o json` prints all that planning looks at.
        func dump() async throws -> String {
            let client = try self.client()
            var objects: [String] = []
            for path in try await PlanningResources(servedBy: client).paths {
                let list = try await client.get(path).root
                let kind = (list["kind"]?.string ?? "").dropLast("List".count)
                for item in list["items"].map({ Array($0.elements) }) ?? [] {
                    var item = JSONTree(item)
                    item["kind"] = .string(String(kind))
                    item["apiVersion"] = .string(path.apiVersion)
                    objects.append(item.text)
                }
            }
            let file = self.folder.appending(path: "dump.json").path
            try Data(Manifest.list(objects).utf8).write(to: URL(filePath: file))
            return file
        }
    }

    @Test("files of $KUBECONFIG are merged, --context chooses, --namespace narrows, and the plan is the dump's")
    func plan() async throws {
        let cluster = try LiveCluster()
        try await cluster.waitUntilItServes()
        let dump = try await cluster.dump()
        let elsewhere = cluster.folder.appending(path: "elsewhere").path
        let text = """
            apiVersion: v1
            kind: Config
            current-context: nobody
            clusters: [{name: nobody, cluster: {server: "http://127.0.0.1:9"}}]
            contexts: [{name: nobody, context: {cluster: nobody}}]
            """
        try Data(text.utf8).write(to: URL(filePath: elsewhere))
        let merged = "KUBECONFIG='\(elsewhere):\(cluster.folder.path)/missing:\(cluster.kubeconfig)'"
        for more in ["-o json", "--namespace ml"] {
            let live = try BuiltProgram.shell("\(merged) $berth plan --context fake \(more)")
            let named = try BuiltProgram.shell("$berth plan --kubeconfig '\(cluster.kubeconfig)' \(more)")
            let dumped = try BuiltProgram.shell("$berth plan -f '\(dump)' \(more)")
            #expect(live.output == dumped.output)
            #expect(named.output == dumped.output)
            #expect(live.status == dumped.status)
            #expect(!dumped.output.isEmpty)
        }
        // Without a context the first file's counts, and nobody is there.
        let nobody = try BuiltProgram.shell("\(merged) $berth plan")
        #expect(nobody.status == 69)
        #expect(nobody.errors.contains("cannot be read"))
    }
}
