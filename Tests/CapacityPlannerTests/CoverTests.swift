import Foundation
import SchedulingModel
import TestSupport
import Testing

@testable import CapacityPlanner

/// An instance whose optimum HiGHS proved; `Scripts/capacity_instances.py` writes them.
struct CoverInstance {
    var problem: CoverProblem
    var optimum = 0.0

    init(_ text: String) {
        var (offerings, shapes): ([NodeOffering], [DemandShape]) = ([], [])
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ").map(String.init)
            let numbers = words.compactMap { Int64($0) }
            switch words[0] {
            case "offering": offerings.append(Self.offering(words[1], numbers))
            case "pods": shapes.append(Self.shape(numbers, after: shapes.count * 1000))
            default: self.optimum = Double(numbers[0])
            }
        }
        self.problem = CoverProblem(
            shapes: shapes, offerings: offerings, costs: offerings.map { Double($0.pricePerHourMicroUSD) },
            pools: (offerings.map { _ in 0 }, [100_000]))
    }

    private static func offering(_ name: String, _ numbers: [Int64]) -> NodeOffering {
        var offering = Shop.offering(name, price: numbers[0], gpus: Int(numbers[1]))
        offering.template.allocatable[.cpu] = numbers[2]
        offering.template.allocatable[.memory] = numbers[3] << 20
        return offering
    }

    private static func shape(_ numbers: [Int64], after start: Int) -> DemandShape {
        var pod = PodState.gpu("", count: Int(numbers[1]))
        pod.requests[.cpu] = numbers[2]
        pod.requests[.memory] = numbers[3] << 20
        return DemandShape(pod: pod, pods: Array(start..<start + Int(numbers[0])))
    }

    static func all() throws -> [(name: String, instance: CoverInstance)] {
        let folder = try #require(Bundle.module.url(forResource: "Instances", withExtension: nil))
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }
            .map { ($0.lastPathComponent, CoverInstance(try String(contentsOf: $0, encoding: .utf8))) }
    }
}

@Suite("Cover")
struct CoverTests {
    @Test("plans cost at most 2 % more than proven optima on average, and bounds stay below them")
    func gaps() throws {
        let instances = try CoverInstance.all()
        #expect(instances.count >= 30)
        var gaps: [Double] = []
        var boundGaps: [Double] = []
        for (name, instance) in instances {
            let result = CoverSearch(problem: instance.problem).run()
            #expect(result.left.allSatisfy { $0 == 0 }, "\(name)")
            #expect(result.cost >= instance.optimum - 1, "\(name) costs less than its optimum")
            #expect(result.lowerBound <= instance.optimum + 1, "\(name) has a bound above its optimum")
            gaps.append(result.cost / instance.optimum - 1)
            boundGaps.append(1 - result.lowerBound / instance.optimum)
        }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        #expect(mean <= 0.02)
        let boundMean = boundGaps.reduce(0, +) / Double(gaps.count)
        #expect(boundMean <= 0.02)
        print("cover: mean gap \(mean), worst \(gaps.max() ?? 0), mean gap of the bound \(boundMean)")
    }

    @Test("what the nodes of a cover hold is exactly the demand")
    func coversDemand() throws {
        for (name, instance) in try CoverInstance.all() {
            let result = CoverSearch(problem: instance.problem).run()
            var held = [Int](repeating: 0, count: instance.problem.shapeCount)
            for node in result.nodes {
                #expect(instance.problem.holds(node.pattern.counts, on: node.pattern.offering), "\(name)")
                for count in node.pattern.counts { held[count.shape] += count.pods * node.count }
            }
            #expect(held == instance.problem.demand, "\(name)")
        }
    }
}
