import PlanReport
import Testing
@Test func scratch() {
    print(SamplePlan.report.json())
    print(SamplePlan.report.table())
    print(SamplePlan.report.explanation(of: SamplePlan.report.subject(named: "ml/big-0")!))
    print(SamplePlan.report.explanation(of: SamplePlan.report.subject(named: "ml/trainer")!))
}
