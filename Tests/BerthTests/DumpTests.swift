import FoundationEssentials
import Testing

@testable import Berth

/// The dump that the demo plans. What must come out was worked out by hand, apart from any planner.
@Suite("the checked-in dump of a real cluster")
struct DumpTests {
    static let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "examples")

    static let dump = Self.examples.appending(path: "eks-p4d.json").path

    static func plan(_ request: PlanRun.Request) -> CommandResponse {
        PlanRun(request: request).respond(toFilesAt: [Self.dump], configurationFile: nil)
    }

    @Test("every held pod is placed with no GPU to spare, and only the pod that asks for 5 EFA stays pending")
    func figures() {
        let response = Self.plan(Manifest.json)
        #expect(response.status == .somethingPending)
        let text = response.standardOutput
        #expect(text.contains("\"gpusAllocatable\": 128"))
        #expect(text.contains("\"gpusAllocatedBefore\": 53"))
        #expect(text.contains("\"gpusAllocatedAfter\": 128"))
        #expect(text.contains("\"placedPods\": 13"))
        #expect(text.contains("\"pendingPods\": 1"))
        #expect(text.contains(#""pod":"eval-too-much-efa","group":null,"reason":"InsufficientResource""#))
    }

    @Test("the gang of 8 gets the one set of nodes that holds it, within network layer 1")
    func gang() throws {
        let text = Self.plan(Manifest.json).standardOutput
        let gang = try #require(text.split(separator: "\n").first { $0.contains(#"{"name":"ml/llm-13b""#) })
        #expect(gang.contains(#""members":8,"minMember":8,"placed":8"#))
        #expect(gang.contains("nn-0a1c2d3e4f5061728"))
        let free = ["20", "27", "34", "48", "55", "62", "69", "76"].map { "ip-10-0-16-\($0).ec2.internal" }
        for node in free {
            let pattern = #""group":"ml/llm-13b""#
            #expect(
                text.split(separator: "\n").contains { $0.contains(pattern) && $0.contains("\"node\":\"\(node)\"") })
        }
    }

    @Test("the explanation of the pending pod names the resource it lacks")
    func explain() {
        let response = Self.plan(.init(explain: "eval/eval-too-much-efa"))
        #expect(response.standardOutput.contains("vpc.amazonaws.com/efa"))
        #expect(response.status == .somethingPending)
    }

    @Test("a job that is not in the dump is expanded and placed in one domain of the level it requires")
    func trainer() throws {
        let trainer = Self.examples.appending(path: "trainer.yaml").path
        let settings = Self.examples.appending(path: "berth.yaml").path
        let response = PlanRun(request: Manifest.json).respond(
            toFilesAt: [Self.dump, trainer], configurationFile: settings)
        #expect(response.standardError == "")
        let gang = try #require(
            response.standardOutput.split(separator: "\n").first { $0.contains(#"{"name":"ml/trainer""#) })
        #expect(gang.contains(#""placed":4,"level":"layer-2","domains":[["us-east-1a","#))
    }

    @Test("the first plan in the README is what the program prints")
    func readme() throws {
        let root = Self.examples.deletingLastPathComponent()
        let readme = String(decoding: try Data(contentsOf: root.appending(path: "README.md")), as: UTF8.self)
        func indented(_ text: String) -> String {
            text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.isEmpty ? "" : "    \($0)" }.joined(separator: "\n")
        }
        #expect(readme.contains(indented(Self.plan(Manifest.table).standardOutput)))
    }
}
