import ControlLoop
import Controller
import FakeKubernetesAPI
import Foundation
import HTTPServing
import KubernetesClient
import SchedulerExtender
import SchedulingModel
import Testing

@testable import Berth

@Suite("Readiness")
struct ReadinessTests {
    @Test("waits for a plan that was accepted, and for the extender to answer from it")
    func waits() async throws {
        let server = FakeAPIServer(now: { Int64(Date().timeIntervalSince1970) })
        let client = KubernetesClient(transport: InProcessTransport(server))
        var options = ControllerOptions()
        options.isDryRun = true
        let extender = SchedulerExtender()
        let controller = Controller(client, options: options)
        let pages = ControllerPages(controller: controller, extender: extender)
        func status() async -> Int { await pages.answer(ServedRequest(method: "GET", target: "/readyz")).status }
        #expect(await status() == 503)
        let running = Task { try await controller.run() }
        defer { running.cancel() }
        for _ in 0..<6000 where await !controller.isReady { try await Task.sleep(for: .milliseconds(10)) }
        #expect(await controller.isReady)
        // Nobody has told the extender.
        #expect(await status() == 503)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let ports = PortsFile(path: folder.path, isComplete: ["http"])
        ports.note("http", 1)
        let isReady = await pages.isReady
        #expect(!ports.write(ifReady: isReady))
        extender.publish(try #require(await controller.published), uids: [:])
        #expect(await status() == 200)
        running.cancel()
        _ = await running.result
    }
}
