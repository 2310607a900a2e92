import FoundationEssentials
import Testing

@testable import Berth

/// The dump that the demo plans. What must come out was worked out by hand, apart from any planner.
@Suite("the checked-in dump of a real cluster")
struct DumpTests {
    static let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "examples")

    static let dump = Self.examples.appending(path: "eks-p4d.json").path

    static func plan(_ request: PlanRun.Request) -> PlanRun.Response {
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

    @Test("the explanation of the pending pod names the resource it lacks")
    func explain() {
        let response = Self.plan(.init(explain: "eval/eval-too-much-efa"))
        #expect(response.standardOutput.contains("vpc.amazonaws.com/efa"))
        #expect(response.status == .somethingPending)
    }
}
