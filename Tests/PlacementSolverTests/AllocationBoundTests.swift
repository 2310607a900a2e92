import SchedulingModel
import TestSupport
import Testing

@testable import PlacementSolver

@Suite("The bound on devices that any placement can serve")
struct AllocationBoundTests {
    private func bound(_ nodes: [NodeState], _ pods: [PodState]) -> Double {
        let snapshot = ClusterSnapshot(nodes: nodes, pods: pods)
        var state = SolverState(snapshot)
        let demand = snapshot.pods.indices.filter { snapshot.pods[$0].standing == .pending }
        return state.servedDevices(of: demand, provesBound: true) { _ in false }.atMost
    }

    private func parts(_ count: Int, _ thousandths: Int) -> [PodState] {
        (0..<count).map { .pod("part-\(thousandths)-\($0)", requests: [.fraction(thousandths: thousandths)]) }
    }

    @Test("parts that do not share a device strand the rest of it")
    func stranded() {
        let found = self.bound([.gpu("a", count: 4)], self.parts(6, 600))
        #expect(abs(found - 2.4) < 0.01)
    }

    @Test("parts that fill each other's rest count in full")
    func complementary() {
        let found = self.bound([.gpu("a", count: 4)], self.parts(4, 600) + self.parts(4, 400))
        #expect(abs(found - 4) < 0.01)
    }

    @Test("CPU that runs short bounds devices")
    func shortCPU() {
        var pods: [PodState] = (0..<8).map { .gpu("p\($0)", count: 1) }
        for index in pods.indices { pods[index].requests[.cpu] = 24_000 }
        // 96 cores for eight GPUs.
        let found = self.bound([.gpu("a", count: 8)], pods)
        #expect(abs(found - 4) < 0.01)
    }

    @Test("devices of a kind that the demand may not use do not count")
    func wrongNodes() {
        var pod = PodState.gpu("p", count: 2)
        pod.constraints.requiredNodeAffinity = NodeSelector([
            NodeSelectorTerm(labels: [LabelRequirement(key: "kind", .isIn(["x"]))])
        ])
        #expect(self.bound([.gpu("a", count: 8), .gpu("b", count: 1, labels: ["kind": "x"])], [pod]) < 1.01)
    }

    @Test("a full cluster serves nothing, and nothing asked is nothing served")
    func ends() {
        let full: [PodState] = [.gpu("held", count: 8, on: "a"), .gpu("new", count: 1)]
        #expect(self.bound([.gpu("a", count: 8)], full) == 0)
        #expect(self.bound([.gpu("a", count: 8)], []) == 0)
    }

    @Test("parts by memory that share a card exactly are not rounded away")
    func thirdsOfMemory() {
        let pods = (0..<3).map { PodState.pod("p\($0)", requests: [.fraction(memoryMiB: 10_000)]) }
        let found = self.bound([.gpu("a", count: 1, memoryMiBPerDevice: 30_000)], pods)
        #expect(found > 0.998)
    }

    @Test("never less than the best of all placements", .longCalculation, arguments: 0..<120 as Range<UInt64>)
    func neverTooLow(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let nodes: [NodeState] = (0..<generator.int(in: 1...3)).map {
            var node = NodeState.gpu("n\($0)", count: generator.int(in: 0...2))
            node.allocatable[.cpu] = Int64(generator.int(in: 2...8)) * 1000
            return node
        }
        let pods: [PodState] = (0..<generator.int(in: 1...5)).map { index in
            var pod: PodState
            switch generator.int(in: 0...3) {
            case 0: pod = .pod("p\(index)", requests: [.fraction(thousandths: generator.int(in: 1...9) * 100)])
            case 1: pod = .pod("p\(index)", requests: [.fraction(thousandths: generator.int(in: 1...999))])
            default: pod = .gpu("p\(index)", count: generator.int(in: 1...2))
            }
            pod.requests[.cpu] = Int64(generator.int(in: 0...4)) * 1000
            return pod
        }
        let best = Exhaustive(nodes, pods).mostDevices()
        let found = self.bound(nodes, pods)
        #expect(found >= best - 1e-6, "bound \(found), but \(best) fit")
        #expect(found <= pods.reduce(0) { $0 + Exhaustive.devices($1) } + 1e-6)
    }
}

/// Every placement of few pods on few nodes, device by device.
private struct Exhaustive {
    private let pods: [PodState]
    private var cpu: [Int64]
    private var left: [[Int]]

    init(_ nodes: [NodeState], _ pods: [PodState]) {
        self.pods = pods
        self.cpu = nodes.map { $0.allocatable[.cpu] }
        self.left = nodes.map { Array(repeating: 1000, count: $0.devicePools.first?.deviceCount ?? 0) }
    }

    static func devices(_ pod: PodState) -> Double {
        let request = pod.deviceRequests[0]
        return request.kind == .fraction ? Double(request.thousandthsPerDevice ?? 0) / 1000 : Double(request.count)
    }

    func mostDevices(from index: Int = 0) -> Double {
        guard index < self.pods.count else { return 0 }
        var best = self.mostDevices(from: index + 1)
        let pod = self.pods[index]
        for node in self.cpu.indices where self.cpu[node] >= pod.requests[.cpu] {
            for taken in self.choices(pod, node) {
                var next = self
                next.cpu[node] -= pod.requests[.cpu]
                next.left[node] = taken
                best = max(best, Self.devices(pod) + next.mostDevices(from: index + 1))
            }
        }
        return best
    }

    private func choices(_ pod: PodState, _ node: Int) -> [[Int]] {
        let request = pod.deviceRequests[0]
        if request.kind == .fraction {
            let size = request.thousandthsPerDevice ?? 0
            return self.left[node].indices.filter { self.left[node][$0] >= size }.map { device in
                var taken = self.left[node]
                taken[device] -= size
                return taken
            }
        }
        let idle = self.left[node].indices.filter { self.left[node][$0] == 1000 }.prefix(request.count)
        guard idle.count == request.count else { return [] }
        var taken = self.left[node]
        for device in idle { taken[device] = 0 }
        return [taken]
    }
}
