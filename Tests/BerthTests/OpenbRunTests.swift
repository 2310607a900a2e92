import Foundation
import Testing

@testable import Berth

/// `berth simulate openb` from files to text.
@Suite("berth simulate openb")
struct OpenbRunTests {
    private let folder: URL

    init() throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "openb-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
    }

    private func write(_ name: String, _ text: String) throws -> String {
        let file = self.folder.appending(path: name)
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }

    private func run(
        nodes: String = "sn,cpu_milli,memory_mib,gpu,model\na,8000,1000,2,T4\nb,8000,1000,1,G2\n",
        pods: String = """
        name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec
        p0,1000,10,1,600,
        p1,1000,10,1,600,
        p2,1000,10,1,400,
        p3,1000,10,1,1000,G2
        p4,1000,10,2,1000,

        """,
        arrivals: String? = "0\n1\n2\n3\n4\n", policy: OpenbRun.Policy = .firstFit, provesBound: Bool = false
    ) throws -> (response: CommandResponse, placements: String?) {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        let placements = self.folder.appending(path: "placements.txt").path
        let run = OpenbRun(
            nodes: try self.write("nodes.csv", nodes), pods: try self.write("pods.csv", pods),
            arrivals: try arrivals.map { try self.write("arrivals.txt", $0) },
            nodeRanks: try self.write("ranks.txt", "0\n1\n"), seed: 1, policy: policy, placements: placements,
            provesBound: provesBound, output: .json)
        let response = run.respond()
        return (response, try? String(contentsOfFile: placements, encoding: .utf8))
    }

    @Test(
        "placements name arrival, pod row, node row and GPUs", arguments: [OpenbRun.Policy.firstFit, .bestFit, .berth])
    func placements(_ policy: OpenbRun.Policy) throws {
        let (response, placements) = try self.run(policy: policy)
        #expect(response.status == .success)
        let lines = try #require(placements).split(separator: "\n").map {
            $0.split(separator: ",").compactMap { Int($0) }
        }
        #expect(lines.map { $0[0] } == [0, 1, 2, 3, 4])
        #expect(lines.map { $0[1] } == [0, 1, 2, 3, 4])
        // Two parts of 600 need two GPUs, and 400 joins one of them.
        #expect(lines[2].prefix(3) == [2, 2, lines[2][2]])
        #expect(lines[4] == [4, 4, -1])
    }

    @Test("the bound is what no policy can better, and null unless asked for")
    func bound() throws {
        struct Report: Decodable {
            let unallocatedPercent: [String: Double?]
            let leastUnallocatedPercent: [String: Double]?
        }
        // Three GPUs; parts of 600 up to 100 % of them: each strands 400.
        let pods = "name,cpu_milli,memory_mib,num_gpu,gpu_milli\n" + (0..<7).map { "p\($0),1,1,1,600\n" }.joined()
        let arrivals = (0..<5).map { "\($0)\n" }.joined()
        let (asked, _) = try self.run(pods: pods, arrivals: arrivals, provesBound: true)
        let report = try JSONDecoder().decode(Report.self, from: Data(asked.standardOutput.utf8))
        let least = try #require(report.leastUnallocatedPercent?["100"])
        #expect(abs(least - 40) < 0.01)
        let found = try #require(report.unallocatedPercent["100"] ?? nil)
        #expect(found >= least - 0.01)
        let (plain, _) = try OpenbRunTests().run(pods: pods, arrivals: arrivals)
        #expect(plain.standardOutput.contains("\"leastUnallocatedPercent\": null"))
    }

    @Test(
        "a broken table is refused with file, line, found and expected",
        arguments: [
            ("sn,cpu_milli,memory_mib,gpu,model\na,8000,1000,99,T4\n", nil as String?, "nodes.csv"),
            ("sn,cpu_milli,gpu,model\na,8000,1,T4\n", nil, "memory_mib"),
            ("sn,cpu_milli,memory_mib,gpu,model\na,1,1,1,T4\nb,1,1,1,T4\n", "7\n", "arrivals.txt"),
            ("sn,cpu_milli,memory_mib,gpu,model\na,1,1,1,T4\nb,1,1,1,T4\n", "one\n", "arrivals.txt"),
        ])
    func refused(_ nodes: String, _ arrivals: String?, _ named: String) throws {
        let (response, _) = try self.run(nodes: nodes, arrivals: arrivals ?? "0\n")
        #expect(response.status == .badInput)
        #expect(response.standardError.contains(named))
        #expect(response.standardError.contains("expected"))
    }
}
