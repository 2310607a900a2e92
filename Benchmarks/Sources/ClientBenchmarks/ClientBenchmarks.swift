import BenchmarkSupport
import ClusterImport
import Controller
import Foundation
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Synchronization

/// List and watch over a socket, from another process: one JSON line per measurement. CPU time is this process' own, all threads; the server's is
/// not in it.
///
///     ClientBenchmarks list [PODS NODES]      lists by pages to a snapshot
///     ClientBenchmarks stream [PODS NODES]    streaming lists to a snapshot
///     ClientBenchmarks watch [PODS EVENTS]    5,000 changes of pods a second, kept up with
///     ClientBenchmarks controller [PODS NODES EVENTS]   the same through a whole controller that writes nothing
///     ClientBenchmarks soak [PODS EVENTS]     changes as fast as they are taken, and the memory they leave behind
@main
enum ClientBenchmarks {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        func number(_ index: Int, _ usual: Int) -> Int { index < numbers.count ? numbers[index] : usual }
        switch arguments.first {
        case "serve":
            let cluster = try CannedCluster(podCount: number(0, 0), nodeCount: number(1, 0), dump: Self.dump)
            let churn = CannedServer.Churn(count: number(2, 0), perSecond: number(3, 0))
            CannedServer(cluster, churn: churn, streamsLists: number(4, 1) == 1).run()
        case "list": try await Self.list(pods: number(0, 100_000), nodes: number(1, 10_000), streams: false)
        case "stream": try await Self.list(pods: number(0, 100_000), nodes: number(1, 10_000), streams: true)
        case "watch": try await Self.watch(pods: number(0, 100_000), events: number(1, 50_000), perSecond: 5000)
        case "controller":
            try await Self.controller(pods: number(0, 100_000), nodes: number(1, 10_000), events: number(2, 100_000))
        case "soak": try await Self.watch(pods: number(0, 10_000), events: number(1, 1_000_000), perSecond: 0)
        default: print("one of list, stream, watch, controller and soak is needed")
        }
    }

    private static var dump: String {
        let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return source.deletingLastPathComponent().deletingLastPathComponent().path + "/examples/eks-p4d.json"
    }

    // MARK: What is measured

    private static func list(pods: Int, nodes: Int, streams: Bool) async throws {
        let server = try ServerProcess([pods, nodes, 0, 0, streams ? 1 : 0])
        let client = try server.client()
        // As every user of the client: a first short call, from which libcurl learns that this server needs a connection for each stream.
        _ = try await client.send("GET", "/apis")
        let began = ContinuousClock.now
        let before = ProcessFigures.cpuSeconds
        let caches = [ObjectCache(), ObjectCache()]
        let running = zip([ResourcePath.nodes, .pods], caches).map { path, cache in
            Task { await Reflector(client, path).run { cache.take($0) } }
        }
        for cache in caches { while !cache.isSynced { try await Task.sleep(for: .milliseconds(5)) } }
        let listed = ProcessFigures.cpuSeconds
        let listedMiB = ProcessFigures.residentMiB
        let imported = ClusterImporter().importCluster(caches.flatMap(\.objects))
        let ready = ProcessFigures.cpuSeconds
        let wall = (ContinuousClock.now - began) / .seconds(1)
        let (resident, peak) = (ProcessFigures.residentMiB, ProcessFigures.peakMiB)
        let again = Self.importedAgain(caches.flatMap(\.objects))
        print(
            #"{"name":"\#(streams ? "streaming-list" : "list")-to-snapshot","pods":\#(imported.snapshot.pods.count),"#
                + #""nodes":\#(imported.snapshot.nodes.count),"findings":\#(imported.findings.count),"#
                + #""listCPUSeconds":\#(listed - before),"importCPUSeconds":\#(ready - listed),"#
                + #""CPUSeconds":\#(ready - before),"wallSeconds":\#(wall),"listedMiB":\#(listedMiB),"#
                + #""residentMiB":\#(resident),"#
                + #""peakMiB":\#(peak),"importWithMemoCPUSeconds":\#(again.first),"#
                + #""importAgainCPUSeconds":\#(again.second),"peakWithMemoMiB":\#(ProcessFigures.peakMiB)}"#)
        for task in running { task.cancel() }
        for task in running { await task.value }
    }

    /// As a controller does it: what one import found out serves the next.
    private static func importedAgain(_ objects: [ManifestObject]) -> (first: Double, second: Double) {
        let memo = ImportMemo()
        let began = ProcessFigures.cpuSeconds
        let first = ClusterImporter().importCluster(objects, memo: memo)
        let middle = ProcessFigures.cpuSeconds
        let second = ClusterImporter().importCluster(objects, memo: memo)
        precondition(first.snapshot.pods.count == second.snapshot.pods.count)
        return (middle - began, ProcessFigures.cpuSeconds - middle)
    }

    private static func controller(pods: Int, nodes: Int, events: Int) async throws {
        let server = try ServerProcess([pods, nodes, events, 5000, 1])
        var options = ControllerOptions()
        options.isDryRun = true
        let client = try server.client()
        let controller = Controller(client, options: options)
        let began = ContinuousClock.now
        let running = Task { try await controller.run() }
        while await !controller.isReady { try await Task.sleep(for: .milliseconds(20)) }
        let (readyWall, ready) = ((ContinuousClock.now - began) / .seconds(1), ProcessFigures.cpuSeconds)
        let before = await Figures(controller)
        let start = ContinuousClock.now
        _ = try await client.send("GET", "/go")
        // The server sends for so long.
        try await Task.sleep(for: .seconds(Double(events) / 5000))
        let wall = (ContinuousClock.now - start) / .seconds(1)
        let cpu = ProcessFigures.cpuSeconds - ready
        let after = await Figures(controller)
        print(
            #"{"name":"controller-at-5000","pods":\#(pods),"nodes":\#(nodes),"events":\#(events),"#
                + #""readyCPUSeconds":\#(ready),"readyWallSeconds":\#(readyWall),"wallSeconds":\#(wall),"#
                + #""CPUSeconds":\#(cpu),"percentOfCore":\#(Int(100 * cpu / wall)),"#
                + #""imports":\#(after.imports - before.imports),"#
                + #""importSeconds":\#(after.importSeconds - before.importSeconds),"#
                + #""cycles":\#(after.cycles - before.cycles),"cycleSeconds":\#(after.cycleSeconds - before.cycleSeconds),"#
                + #""residentMiB":\#(ProcessFigures.residentMiB),"peakMiB":\#(ProcessFigures.peakMiB)}"#)
        running.cancel()
        _ = await running.result
    }

    private struct Figures {
        var imports: Double
        var importSeconds: Double
        var cycles: Double
        var cycleSeconds: Double

        init(_ controller: Controller) async {
            let lines = controller.metrics.text().split(separator: "\n").map { $0.split(separator: " ") }
            func value(_ name: String) -> Double {
                lines.first { $0.first.map(String.init) == name }?.last.flatMap { Double($0) } ?? 0
            }
            self.imports = value("berth_import_duration_seconds_count")
            self.importSeconds = value("berth_import_duration_seconds_sum")
            self.cycles = value("berth_cycle_duration_seconds_count")
            self.cycleSeconds = value("berth_cycle_duration_seconds_sum")
        }
    }

    private static func watch(pods: Int, events: Int, perSecond: Int) async throws {
        let server = try ServerProcess([pods, 0, events, perSecond, 1])
        let client = try server.client()
        let cache = ObjectCache()
        let running = Task { await Reflector(client, .pods).run { cache.take($0) } }
        while !cache.isSynced { try await Task.sleep(for: .milliseconds(5)) }
        let resident = ProcessFigures.residentMiB
        _ = try await client.send("GET", "/go")
        while cache.changeCount == 0 { try await Task.sleep(for: .milliseconds(1)) }
        let began = ContinuousClock.now
        let before = ProcessFigures.cpuSeconds
        var residents: [Int] = []
        while cache.changeCount < events {
            try await Task.sleep(for: .milliseconds(20))
            while cache.changeCount * 10 / events > residents.count { residents.append(ProcessFigures.residentMiB) }
        }
        let wall = (ContinuousClock.now - began) / .seconds(1)
        let cpu = ProcessFigures.cpuSeconds - before
        print(
            #"{"name":"\#(perSecond > 0 ? "watch-at-\(perSecond)" : "watch-soak")","pods":\#(pods),"events":\#(events),"#
                + #""wallSeconds":\#(wall),"CPUSeconds":\#(cpu),"eventsPerSecond":\#(Int(Double(events) / wall)),"#
                + #""percentOfCore":\#(Int(100 * cpu / wall)),"CPUMicrosecondsPerEvent":\#(1e6 * cpu / Double(events)),"#
                + #""failures":\#(cache.failureCount),"residentMiBBefore":\#(resident),"#
                + #""residentMiBByTenth":\#(residents),"peakMiB":\#(ProcessFigures.peakMiB)}"#)
        running.cancel()
        await running.value
    }
}

/// The objects of a collection, kept as the controller keeps them.
private final class ObjectCache: Sendable {
    private struct State {
        var objects: [ManifestObject.Key: ManifestObject] = [:]
        var isSynced = false
        var changeCount = 0
        var failureCount = 0
    }

    private let state = Mutex(State())

    var isSynced: Bool { self.state.withLock { $0.isSynced } }
    var changeCount: Int { self.state.withLock { $0.changeCount } }
    var failureCount: Int { self.state.withLock { $0.failureCount } }
    var objects: [ManifestObject] { self.state.withLock { Array($0.objects.values) } }

    func take(_ change: ReflectorChange) {
        self.state.withLock { state in
            switch change {
            case .replaced(let list), .checked(let list):
                state.objects = Dictionary(list.objects.map { ($0.key, $0) }) { $1 }
                state.isSynced = true
            case .upserted(let object):
                state.objects[object.key] = object
                state.changeCount += 1
            case .removed(let object):
                state.objects[object.key] = nil
                state.changeCount += 1
            case .failed, .unreadable: state.failureCount += 1
            }
        }
    }
}

/// A `CannedServer` in a process of its own, which ends with ours.
private final class ServerProcess {
    private let process = Process()
    private let input = Pipe()
    private let port: String

    init(_ numbers: [Int]) throws {
        let output = Pipe()
        self.process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        self.process.arguments = ["serve"] + numbers.map(String.init)
        self.process.standardOutput = output
        self.process.standardInput = self.input
        try self.process.run()
        let line = output.fileHandleForReading.availableData
        self.port = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    deinit { self.process.terminate() }

    func client() throws -> KubernetesClient {
        KubernetesClient(
            transport: try CurlTransport(
                configuration: CurlConfiguration(server: "http://127.0.0.1:\(self.port)", proxy: .none)))
    }
}
