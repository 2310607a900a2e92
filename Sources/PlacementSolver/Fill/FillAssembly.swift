import SchedulingModel

/// Puts one fill plan together: places for pods without devices first, then what nodes keep from the plan before, then
/// what the planner finds for the rest.
struct FillAssembly {
    private let builder: FillProblemBuilder
    private let state: SolverState
    private let configuration: FillConfiguration
    private var problem: FillProblem
    private let nodesWithoutRoom: [Int32]
    private var places: [[FillPlan.Place]]
    private var slack: [Int64]
    private var unitSlack: [Int32]
    private var generator: SeededGenerator

    private var rowCount: Int { self.problem.resourceRows.count }

    init?(_ state: SolverState, pending: DemandMix, expecting mix: DemandMix, _ configuration: FillConfiguration) {
        guard let builder = FillProblemBuilder(state, pending: pending, expecting: mix, configuration) else {
            return nil
        }
        self.builder = builder
        self.state = state
        self.configuration = configuration
        (self.problem, self.nodesWithoutRoom) = builder.problem()
        self.places = Array(repeating: [], count: self.problem.shapes.count)
        self.slack = []
        self.unitSlack = []
        // Equal mixes give equal plans, different ones different random choices.
        self.generator = SeededGenerator(seed: UInt64(mix.devicePodCount))
        for node in 0..<state.nodeCount {
            for row in self.problem.resourceRows { self.slack.append(state.free[node * state.rowCount + row]) }
            self.unitSlack.append(Int32(clamping: max(0, state.bystanderUnits(node: node) - 1)))
        }
    }

    mutating func plan(number: Int32, after previous: FillPlan) -> FillPlan {
        let expectedPods = self.problem.shapes.reduce(0) { $0 + $1.demand }
        self.placePodsWithoutDevices()
        let kept = self.kept(from: previous)
        self.keepSomeRooms(kept)
        for (room, nodes) in self.problem.nodesByRoom.enumerated() {
            for node in nodes { if let items = kept[node] { self.problem.keptByRoom[room].append(items) } }
        }
        var planner = FillPlanner(
            self.problem, self.configuration, prices: self.startingPrices(previous), seed: self.generator.next())
        planner.run()
        for pattern in planner.rounded() { self.keep(pattern.items, on: pattern.node) }
        for shape in self.places.indices { self.sortPlaces(of: shape) }
        return FillPlan(
            number: number, problem: self.problem, podCount: self.state.nodeByPod.count, expectedPods: expectedPods,
            solverShapeCount: self.state.shapes.count,
            solverRowCount: self.state.rowCount, prices: planner.prices, places: self.places, slack: self.slack,
            unitSlack: self.unitSlack)
    }

    private func startingPrices(_ previous: FillPlan) -> [Double] {
        self.problem.shapes.map { shape in
            previous.position(ofShape: shape.shape).map { previous.prices[$0] } ?? 0
        }
    }

    // MARK: Pods without devices

    /// Best-fit decreasing on the nodes that no pod with devices can use any more.
    private mutating func placePodsWithoutDevices() {
        guard let row = self.scarcestRow() else { return }
        let shapes = self.problem.shapes.indices.filter { self.problem.shapes[$0].device == .none }
            .sorted { (self.need($1, row), $0) < (self.need($0, row), $1) }
        // Least free first.
        var nodes = self.nodesWithoutRoom.sorted { (self.free($0, row), $0) < (self.free($1, row), $1) }
        for shape in shapes {
            while self.problem.shapes[shape].demand >= 0.5 {
                var position = nodes.firstIndexInSorted { self.free($0, row) >= self.need(shape, row) }
                while position < nodes.count, !self.fits(shape, on: Int(nodes[position])) { position += 1 }
                guard position < nodes.count else { break }
                let node = nodes.remove(at: position)
                self.add(shape, on: Int(node), device: -1)
                self.problem.shapes[shape].demand -= 1
                let left = self.free(node, row)
                nodes.insert(node, at: nodes.firstIndexInSorted { self.free($0, row) >= left })
            }
        }
    }

    private func free(_ node: Int32, _ row: Int) -> Int64 { self.slack[Int(node) * self.rowCount + row] }

    /// The row that such pods take the largest share of.
    private func scarcestRow() -> Int? {
        var demand = [Double](repeating: 0, count: self.rowCount)
        for (position, shape) in self.problem.shapes.enumerated() where shape.device == .none {
            for row in 0..<self.rowCount {
                demand[row] += shape.demand * Double(self.need(position, row)) / self.problem.amountPerDevice[row]
            }
        }
        guard let most = demand.max(), most > 0 else { return nil }
        return demand.firstIndex(of: most)
    }

    private func need(_ shape: Int, _ row: Int) -> Int64 { self.problem.needs[shape * self.rowCount + row] }

    private func fits(_ shape: Int, on node: Int) -> Bool {
        self.state.shapes[self.problem.shapes[shape].shape].allowedNodes.contains(node)
            && (0..<self.rowCount).allSatisfy { self.slack[node * self.rowCount + $0] >= self.need(shape, $0) }
    }

    // MARK: Patterns from before

    /// The open places of each node in the earlier plan, as far as they still fit together.
    private func kept(from previous: FillPlan) -> [Int32: [FillItem]] {
        var positions: [Int?] = []
        for shape in previous.problem.shapes {
            positions.append(self.problem.shapes.firstIndex { $0.shape == shape.shape })
        }
        var byNode: [Int32: [(shape: Int, device: Int32)]] = [:]
        for (shape, places) in previous.places.enumerated() {
            guard let position = positions[shape] else { continue }
            for place in places where !place.isTaken {
                byNode[place.node, default: []].append((position, place.device))
            }
        }
        var result: [Int32: [FillItem]] = [:]
        var packer = RoomPacker(self.problem)
        for (room, nodes) in self.problem.nodesByRoom.enumerated() {
            for node in nodes {
                guard let open = byNode[node] else { continue }
                packer.open(self.problem.rooms[room])
                let devices = self.builder.devices(ofPartsOn: Int(node))
                let items = open.map { entry in
                    FillItem(
                        shape: Int32(entry.shape), part: Int32(devices.firstIndex(of: entry.device) ?? -1))
                }.sorted { ($1.part, $0.shape) < ($0.part, $1.shape) }
                packer.add(kept: items)
                if !packer.items.isEmpty { result[node] = packer.items }
            }
        }
        return result
    }

    /// Where there are more rooms than the planner looks at, the others keep what they hold. Rooms with more free devices
    /// are more likely to be looked at anew; those of many nodes always are.
    private mutating func keepSomeRooms(_ kept: [Int32: [FillItem]]) {
        guard self.problem.rooms.count > self.configuration.roomLimit else { return }
        let keys = self.problem.rooms.indices.map { room -> Double in
            if self.problem.nodesByRoom[room].count > 1 { return -1 }
            let parts = self.problem.rooms[room].parts.reduce(0) { $0 + Int($1) }
            let units = self.problem.rooms[room].units.reduce(0) { $0 + Int($1) }
            let weight = Double(parts) / 1000 + Double(units)
            // The smallest of exponential variables with these rates.
            return self.generator.exponential() / max(weight, 1e-3)
        }
        let order = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
        let looked = order.prefix(self.configuration.roomLimit).sorted()
        for room in order.dropFirst(self.configuration.roomLimit).sorted() {
            for node in self.problem.nodesByRoom[room] {
                guard let items = kept[node] else { continue }
                self.keep(items, on: Int(node))
                for item in items {
                    let demand = self.problem.shapes[Int(item.shape)].demand
                    self.problem.shapes[Int(item.shape)].demand = max(0, demand - 1)
                }
            }
        }
        self.problem.rooms = looked.map { self.problem.rooms[$0] }
        self.problem.nodesByRoom = looked.map { self.problem.nodesByRoom[$0] }
        self.problem.keptByRoom = looked.map { self.problem.keptByRoom[$0] }
    }

    // MARK: Places

    /// Makes places of a pattern. Parts of idle devices come from the last of them, since whole requests take the first.
    private mutating func keep(_ items: [FillItem], on node: Int) {
        let devices = self.builder.devices(ofPartsOn: node)
        let idle = self.state.idlePartDevices(on: node, of: self.problem.partRow)
        var deviceByPart: [Int32: Int32] = [:]
        var opened = 0
        for item in items {
            var device: Int32 = -1
            if item.part >= 0 {
                device = devices[Int(item.part)]
                if idle.contains(device) {
                    if deviceByPart[item.part] == nil {
                        deviceByPart[item.part] = idle[idle.count - 1 - opened]
                        opened += 1
                        self.unitSlack[node] -= 1
                    }
                    device = deviceByPart[item.part] ?? device
                }
            }
            self.add(Int(item.shape), on: node, device: device)
        }
    }

    private mutating func add(_ shape: Int, on node: Int, device: Int32) {
        self.places[shape].append(FillPlan.Place(node: Int32(node), device: device))
        for row in 0..<self.rowCount { self.slack[node * self.rowCount + row] -= self.need(shape, row) }
        if case .units(_, let count) = self.problem.shapes[shape].device { self.unitSlack[node] -= Int32(count) }
    }

    /// Devices in use before idle ones, then nodes with the smallest free share of devices, then node order.
    private mutating func sortPlaces(of shape: Int) {
        let keys = self.places[shape].map { place -> (Int, Double, Int32) in
            let node = Int(place.node)
            let (idle, all) = self.state.deviceCounts(on: node)
            let opensDevice =
                place.device >= 0
                && self.state.idlePartDevices(on: node, of: self.problem.partRow).contains(place.device)
            return (opensDevice ? 1 : 0, Double(idle) / Double(max(1, all)), place.node)
        }
        let order = keys.indices.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] < keys[$1] }
        self.places[shape] = order.map { self.places[shape][$0] }
    }
}

extension SolverState {
    /// Idle devices of a pool row on a node, ascending.
    fileprivate func idlePartDevices(on node: Int, of row: Int?) -> [Int32] {
        self.partsLeft(on: node, row: row).enumerated().filter { $0.element == 1000 }.map { Int32($0.offset) }
    }
}

extension Array {
    /// The first position for which `isReached` holds, in an array where it holds for all after it; else the end.
    fileprivate func firstIndexInSorted(where isReached: (Element) -> Bool) -> Int {
        var (low, high) = (0, self.count)
        while low < high {
            let middle = (low + high) / 2
            if isReached(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
