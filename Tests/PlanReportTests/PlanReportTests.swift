import PlanReport
import SchedulingModel
import Testing

@Suite("plan report")
struct PlanReportTests {
    @Test("the JSON plan has the documented keys in the documented order, to the byte")
    func json() throws {
        #expect(try Golden.matches(SamplePlan.report.json(), "sample.json"))
    }

    @Test("the table shows gangs, single pods, pending pods with their reason folded, and the figures")
    func table() throws {
        #expect(try Golden.matches(SamplePlan.report.table(), "sample.txt"))
    }

    @Test("explaining a pending pod tells its request, the nodes by reason, the best node and the fix")
    func explainPod() throws {
        let subject = try #require(SamplePlan.report.subject(named: "ml/big-0"))
        #expect(try Golden.matches(SamplePlan.report.explanation(of: subject), "explain-pod.txt"))
    }

    @Test("explaining a gang tells its wish, its domain and its ranks")
    func explainGang() throws {
        let subject = try #require(SamplePlan.report.subject(named: "ml/trainer"))
        #expect(try Golden.matches(SamplePlan.report.explanation(of: subject), "explain-gang.txt"))
    }

    @Test("a name that is no pod and no group has nothing to explain", arguments: ["ml/nobody", "trainer", "", "/"])
    func unknownSubject(name: String) {
        #expect(SamplePlan.report.subject(named: name) == nil)
    }

    @Test("an empty plan is still a whole document")
    func empty() throws {
        let report = PlanReport(plan: Plan(), snapshot: ClusterSnapshot(nodes: [], pods: []))
        #expect(try Golden.matches(report.json(), "empty.json"))
        #expect(report.table().hasPrefix("Summary\n"))
    }

    @Test("the order in which a plan was decided does not show in the report")
    func orderOfDecisions() {
        var shuffled = SamplePlan.plan
        shuffled.assignments.reverse()
        let report = PlanReport(
            plan: shuffled, snapshot: SamplePlan.snapshot, ignoredObjects: SamplePlan.report.ignoredObjects)
        #expect(report.json() == SamplePlan.report.json())
        #expect(report.table() == SamplePlan.report.table())
    }

    @Test("without colour no escape code is printed, with colour only the text around it changes")
    func colour() {
        let plain = SamplePlan.report.table()
        let coloured = SamplePlan.report.table(style: TableStyle(usesColour: true))
        #expect(!plain.contains("\u{1B}"))
        #expect(coloured.contains("\u{1B}[33mUntoleratedTaint\u{1B}[0m"))
        var stripped = coloured
        for code in ["0", "1", "2", "32", "33"] { stripped = stripped.replacing("\u{1B}[\(code)m", with: "") }
        #expect(stripped == plain)
    }

    @Test("a gang of more than 16 members is told by runs of ranks in one domain")
    func largeGang() {
        let nodes = (0..<20).map { SamplePlan.node("n-\(100 + $0)", rack: $0 < 12 ? "r1" : "r2") }
        let pods = (0..<20).map { SamplePlan.pod("w-\($0)", gpus: 8, group: "big") }
        let key = PodGroupKey(namespace: "ml", name: "big")
        let snapshot = ClusterSnapshot(
            nodes: nodes, pods: pods, groups: [PodGroup(key: key, minMember: 20)], topology: SamplePlan.topology)
        let plan = Plan(
            assignments: (0..<20).map {
                Assignment(pod: pods[$0].key, node: nodes[$0].name, devices: SamplePlan.whole(0..<8), rank: $0)
            },
            groups: [GroupPlacement(group: key, memberCount: 20, minMember: 20, placedCount: 20)])
        let table = PlanReport(plan: plan, snapshot: snapshot).table()
        #expect(table.contains("0-11   w-{0..11} (12 pods)  n-{100..111}  r1    8 nvidia.com/gpu\n"))
        #expect(table.contains("12-19  w-{12..19} (8 pods)  n-{112..119}  r2    8 nvidia.com/gpu\n"))
    }
}
