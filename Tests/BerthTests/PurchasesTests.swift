import Foundation
import Testing

@testable import Berth

@Suite("berth plan, what it would buy")
struct PurchasesTests {
    private func plan(_ pools: String, _ output: OutputFormat) -> CommandResponse {
        let examples = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../examples")
            .standardized
        return PlanRun(request: .init(output: output)).respond(
            toFilesAt: [examples.appending(path: "training-cost.yaml").path],
            configurationFile: examples.appending(path: pools).path)
    }

    @Test("the example of docs/cost-model.md: 40 hours a week of 8 x A100 on spot and on demand")
    func costModel() {
        let spot = self.plan("pools-spot.yaml", .json)
        #expect(spot.standardError == "")
        #expect(
            spot.standardOutput.contains(
                #""instanceType":"p4d.24xlarge","zone":"us-east-1a","capacityType":"spot","nodes":1"#))
        #expect(spot.standardOutput.contains(#""pricePerMonthUSD": 1386.68"#))
        #expect(spot.standardOutput.contains(#""onDemandPricePerMonthUSD": 3805.99"#))
        #expect(self.plan("pools-on-demand.yaml", .json).standardOutput.contains(#""pricePerMonthUSD": 3805.99"#))
    }

    @Test("the table names the nodes, their price and the month's bill")
    func table() {
        let text = self.plan("pools-spot.yaml", .table).standardOutput
        #expect(text.contains("1      p4d.24xlarge   us-east-1a  spot   8.00      21.96      1 pod"))
        #expect(text.contains("a month of 40.0 hours a week: $1386.68, on demand $3805.99"))
    }

    @Test("without pools a plan says nothing about purchases")
    func withoutPools() {
        let response = Manifest.plan(Manifest.list([Manifest.node("gpu-1"), Manifest.pod("a", gpus: "\"9\"")]))
        #expect(!response.standardOutput.contains("purchases"))
    }
}
