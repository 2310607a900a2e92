import Foundation
import Testing

@Suite("the demo on a fake cluster", .enabled(if: BuiltProgram.path != nil, "berth is not built beside the tests"))
struct LiveDemoTests {
    /// API server, kubelets, scheduler, extender and controller as processes of their own, over sockets.
    @Test(
        "a gang is bought whole where there is capacity, told of a notice, completed again, and its nodes are given back; on nodes that are there a gang waits whole and runs once there is room, a pair gets distinct cards, an elastic gang is shrunk, not killed"
    )
    func story() throws {
        let binaries = URL(filePath: try #require(BuiltProgram.path)).deletingLastPathComponent().path
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Scripts/demo_live.py").standardizedFileURL.path
        let ending = try BuiltProgram.shell("python3 '\(script)' '\(binaries)'")
        #expect(ending.status == 0, "\(ending.output)\(ending.errors)")
        #expect(ending.output.contains("launch of 2 x box spot in north: refused_noCapacity"))
        #expect(ending.output.contains("llm-1   berth.dev/checkpoint-by: 2"))
        #expect(ending.output.contains("rank 1 never left"))
        #expect(ending.output.contains("0 machines in north, 0 in south, and no claim left"))
        #expect(ending.output.contains("room for 3 of 4 waiting members"))
        #expect(ending.output.contains("all four run"))
        #expect(ending.output.contains("distinct cards, for the job's own sake"))
        #expect(ending.output.contains("the sweep kept its 2 members"))
        #expect(ending.errors == "")
    }
}
