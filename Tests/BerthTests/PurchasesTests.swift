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

    // MARK: As the controller decides

    private static func pools(_ more: String = "") -> InputFile {
        Manifest.file(
            """
            apiVersion: berth.dev/v1alpha1
            kind: BerthConfiguration
            pools:
            - {name: gpus, instanceTypes: [p4d.24xlarge], zones: [x], maxNodes: 4\(more)}
            """, name: "berth.yaml")
    }

    /// `nodes x type on terms for pods`, in order.
    private func bought(
        _ objects: [String], _ pools: InputFile = Self.pools(), at seconds: Int64 = 0
    ) throws -> [String] {
        var request = Manifest.json
        request.atSeconds = seconds
        let response = PlanRun(request: request).respond(
            to: [Manifest.file(Manifest.list(objects))], configuration: pools)
        #expect(response.standardError == "")
        let document = try JSONSerialization.jsonObject(with: Data(response.standardOutput.utf8)) as? [String: Any]
        let purchases = try #require(document?["purchases"] as? [[String: Any]])
        return purchases.map { purchase in
            "\(purchase["nodes"] ?? "?") \(purchase["capacityType"] ?? "?") for \(purchase["pods"] as? [String] ?? [])"
        }
    }

    @Test("work with time to spare is bought spot, work without on demand, by the time that the plan is for")
    func deadlines() throws {
        let annotations = #"{"berth.dev/finish-by":"2026-12-01T12:00:00Z","berth.dev/run-time":"2h"}"#
        let pod = Manifest.pod("a", gpus: "8", annotations: annotations)
        // 10:00 is the latest start.
        let latest: Int64 = 1_796_119_200
        #expect(try self.bought([pod], at: latest - 86_400) == ["1 spot for [\"ml/a\"]"])
        #expect(try self.bought([pod], at: latest - 60) == ["1 on-demand for [\"ml/a\"]"])
    }

    @Test("nodes that a pool keeps are bought without any work, a schedule's as long before its window as they boot")
    func kept() throws {
        #expect(try self.bought([Manifest.node("gpu-1")], Self.pools(", minNodes: 2")) == ["2 spot for []"])
        let schedule = Self.pools(", schedules: [{from: \"08:00\", until: \"09:00\", minNodes: 3}], bootSeconds: 600")
        let opens: Int64 = 8 * 3600
        #expect(try self.bought([Manifest.node("gpu-1")], schedule, at: opens - 601) == [])
        #expect(try self.bought([Manifest.node("gpu-1")], schedule, at: opens - 600) == ["3 spot for []"])
    }

    @Test("what a launch that is under way will hold is not bought again")
    func underWay() throws {
        let claim = """
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"t-1","namespace":"berth-system","resourceVersion":"7",\
            "labels":{"berth.dev/launch-claim":"true"}},"data":{"pool":"gpus","instanceType":"p4d.24xlarge","zone":"x",\
            "capacityType":"spot","count":"1","since":"0","phase":"launched","machines":"i-1=expected"}}
            """
        let pods = [Manifest.pod("a", gpus: "8"), Manifest.pod("b", gpus: "8")]
        #expect(try self.bought(pods) == ["2 spot for [\"ml/a\", \"ml/b\"]"])
        #expect(try self.bought(pods + [claim]) == ["1 spot for [\"ml/b\"]"])
    }

    @Test("without pools a plan says nothing about purchases")
    func withoutPools() {
        let response = Manifest.plan(Manifest.list([Manifest.node("gpu-1"), Manifest.pod("a", gpus: "\"9\"")]))
        #expect(!response.standardOutput.contains("purchases"))
    }
}
