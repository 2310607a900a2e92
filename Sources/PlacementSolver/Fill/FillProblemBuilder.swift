import SchedulingModel

/// Turns a solver state and a demand mix into a fill problem.
struct FillProblemBuilder {
    private let state: SolverState
    private let configuration: FillConfiguration
    private let partRow: Int?
    /// What one free unit of each pool row is worth, in devices.
    private let unitValues: [Double]
    private let amountPerDevice: [Double]
    let shapes: [FillShape]
    private let resourceRows: [Int]
    private let unitRows: [Int]

    /// The demand: every pending pod, and of the mix as much as would fill what those leave free.
    ///
    /// Nil where nobody asks for devices or none is free.
    init?(_ state: SolverState, pending: DemandMix, expecting mix: DemandMix, _ configuration: FillConfiguration) {
        self.state = state
        self.configuration = configuration
        let shapeCount = max(pending.countByShape.count, mix.countByShape.count)
        let seen = (0..<shapeCount).filter { pending.count(ofShape: $0) > 0 || mix.count(ofShape: $0) > 0 }
        self.partRow = Self.partRow(state, seen) { pending.count(ofShape: $0) + mix.count(ofShape: $0) }
        self.unitValues = Self.unitValues(state)
        self.amountPerDevice = Self.amountPerDevice(state)
        var shapes: [FillShape] = []
        for shape in seen {
            guard let device = Self.device(of: shape, in: state, partRow: self.partRow) else { continue }
            let value =
                device == .none
                ? Self.valueWithoutDevices(of: shape, in: state, perDevice: self.amountPerDevice)
                : Self.deviceValue(
                    of: shape, in: state, unitValues: self.unitValues, roundsDown: configuration.roundsPartsDown)
            shapes.append(FillShape(shape: shape, device: device, value: value, demand: 0))
        }
        let free = Self.freeDevices(state, partRow: self.partRow, unitValues: self.unitValues)
        let asked = shapes.reduce(0) { $1.device == .none ? $0 : $0 + $1.value * pending.count(ofShape: $1.shape) }
        let inMix = shapes.reduce(0) { $1.device == .none ? $0 : $0 + $1.value * mix.count(ofShape: $1.shape) }
        guard asked + inMix > 0, free > 0 else { return nil }
        let scale = inMix > 0 ? max(0, free - asked) / inMix : 0
        for (index, shape) in shapes.enumerated() {
            shapes[index].demand = pending.count(ofShape: shape.shape) + scale * mix.count(ofShape: shape.shape)
        }
        shapes.removeAll { $0.demand <= 0 }
        if shapes.count > configuration.shapeLimit {
            shapes.sort { ($1.value * $1.demand, $0.shape) < ($0.value * $0.demand, $1.shape) }
            shapes = shapes.prefix(configuration.shapeLimit).sorted { $0.shape < $1.shape }
        }
        self.shapes = shapes
        self.resourceRows = Set(shapes.flatMap { state.shapes[$0.shape].requests.map(\.row) }).sorted()
        var unitRows: Set<Int> = []
        for case .units(let row, _) in shapes.map(\.device) where row != self.partRow { unitRows.insert(row) }
        self.unitRows = unitRows.sorted()
    }

    // MARK: Shapes

    /// The pool row that parts of devices are asked of most often.
    private static func partRow(_ state: SolverState, _ seen: [Int], count: (Int) -> Double) -> Int? {
        var weights = [Double](repeating: 0, count: state.unitIndexes.count)
        for shape in seen {
            guard let request = state.shapes[shape].deviceRequests.first, request.kind == .fraction,
                let row = state.shapes[shape].poolRow
            else { continue }
            weights[row] += count(shape)
        }
        guard let most = weights.max(), most > 0 else { return nil }
        return weights.firstIndex(of: most)
    }

    /// Nil for shapes that the planner does not count: several kinds of devices, several parts, ports of the node.
    static func device(of shape: Int, in state: SolverState, partRow: Int?) -> FillShape.Device? {
        guard state.shapes[shape].constraints.hostPorts.isEmpty else { return nil }
        let requests = state.shapes[shape].deviceRequests
        guard let request = requests.first else { return FillShape.Device.none }
        guard requests.count == 1, let row = state.shapes[shape].poolRow else { return nil }
        switch request.kind {
        case .whole, .slot, .mig: return .units(row: row, count: request.count)
        case .fraction: return request.count == 1 && row == partRow ? .part : nil
        }
    }

    /// A small share of a device, so that such pods count for little but not for nothing.
    private static func valueWithoutDevices(of shape: Int, in state: SolverState, perDevice: [Double]) -> Double {
        let shares = state.shapes[shape].requests.map { Double($0.amount) / perDevice[$0.row] }
        return 0.1 * min(1, shares.max() ?? 0)
    }

    /// What a pod of the shape asks for, in devices. Parts are measured on the first node that may take the shape.
    ///
    /// - Parameter unitValues: Per pool row.
    static func deviceValue(of shape: Int, in state: SolverState, unitValues: [Double], roundsDown: Bool) -> Double {
        let node = state.shapes[shape].allowedNodes.first
        return state.shapes[shape].deviceRequests.reduce(0) { sum, request in
            guard let row = state.poolRowByResource[request.resource] else { return sum + Double(request.count) }
            guard request.kind == .fraction else { return sum + unitValues[row] * Double(request.count) }
            let pool = node.flatMap { state.devices.pool(on: $0, row: row) }.map { state.devices.kind(of: $0) }
            let size = Self.partSize(request, pool, roundsDown: roundsDown)
            return sum + Double(size) * Double(request.count) / 1000
        }
    }

    /// Thousandths of a device that a request for a part takes, by its memory or its declared share; at least one.
    ///
    /// - Parameter roundsDown: By memory alone where that is known, and never more than it really takes.
    private static func partSize(_ request: DeviceRequest, _ pool: DevicePool?, roundsDown: Bool) -> Int32 {
        let declared = Int64(request.thousandthsPerDevice ?? 0)
        guard let pool, let memory = pool.memoryMiBPerDevice, memory > 0, let asked = request.memoryMiB(on: pool) else {
            return Int32(clamping: max(1, declared))
        }
        let scaled = min(asked, memory) * 1000
        if roundsDown { return Int32(clamping: max(1, scaled / memory)) }
        return Int32(clamping: max(1, declared, (scaled + memory - 1) / memory))
    }

    // MARK: Amounts

    /// A whole device counts 1, a slot its share of a card, a slice as many sevenths as its profile says.
    static func unitValues(_ state: SolverState) -> [Double] {
        var values = [Double](repeating: 1, count: state.unitIndexes.count)
        for (kind, row) in zip(state.devices.kinds, state.devices.rowByKind).reversed() {
            let slices = kind.migProfile.flatMap { $0.split(separator: "g").first }.flatMap { Double($0) }
            values[Int(row)] = (slices.map { $0 / 7 } ?? 1) / Double(max(1, kind.slotsPerDevice))
        }
        return values
    }

    /// What the cluster has of each solver row per device it has.
    private static func amountPerDevice(_ state: SolverState) -> [Double] {
        var sums = [Double](repeating: 0, count: state.rowCount)
        for node in 0..<state.nodeCount {
            for row in sums.indices { sums[row] += Double(state.allocatable[node * state.rowCount + row]) }
        }
        return sums.map { max(1, $0 / Double(max(1, state.devices.loads.count))) }
    }

    private static func freeDevices(_ state: SolverState, partRow: Int?, unitValues: [Double]) -> Double {
        var sum = 0.0
        for node in 0..<state.nodeCount {
            for pool in state.devices.pools(of: node) {
                let row = state.devices.row(of: pool)
                if row == partRow {
                    for device in 0..<state.devices.devices(of: pool).count {
                        sum += Double(state.devices.partLeft(in: pool, at: device)) / 1000
                    }
                } else {
                    sum += unitValues[row] * Double(state.freeUnits[row * state.nodeCount + node])
                }
            }
        }
        return sum
    }

    // MARK: Rooms

    /// The problem, and the nodes that no pod with devices can use now.
    func problem() -> (problem: FillProblem, nodesWithoutRoom: [Int32]) {
        let (classes, classByNode) = self.classes()
        let rowCount = self.resourceRows.count
        var needs = [Int64](repeating: 0, count: self.shapes.count * rowCount)
        for (position, shape) in self.shapes.enumerated() {
            for request in self.state.shapes[shape.shape].requests {
                guard let row = self.resourceRows.firstIndex(of: request.row) else { continue }
                needs[position * rowCount + row] = request.amount
            }
        }
        let perDevice = self.resourceRows.map { self.amountPerDevice[$0] }
        let dominant = self.shapes.indices.map { shape in
            (0..<rowCount).map { Double(needs[shape * rowCount + $0]) / perDevice[$0] }.max() ?? 0
        }
        var problem = FillProblem(
            shapes: self.shapes, resourceRows: self.resourceRows, needs: needs, amountPerDevice: perDevice,
            dominantShares: dominant, unitRows: self.unitRows, partRow: self.partRow, classes: classes, rooms: [],
            nodesByRoom: [], keptByRoom: [])
        // Nil for rooms that take no devices.
        var roomIndexes: [NodeRoom: Int?] = [:]
        var nodesWithoutRoom: [Int32] = []
        var packer = RoomPacker(problem)
        var last: (node: Int, room: Int?)?
        for node in 0..<self.state.nodeCount {
            guard classByNode[node] >= 0 else { continue }
            let index: Int?
            if let last, classByNode[last.node] == classByNode[node], self.hasSameRoom(last.node, node) {
                index = last.room
            } else {
                let room = self.room(node, nodeClass: Int(classByNode[node]))
                if let known = roomIndexes[room] {
                    index = known
                } else {
                    index = self.takesDevices(room, &packer) ? problem.rooms.count : nil
                    roomIndexes[room] = .some(index)
                    if index != nil {
                        problem.rooms.append(room)
                        problem.nodesByRoom.append([])
                    }
                }
            }
            last = (node, index)
            if let index {
                problem.nodesByRoom[index].append(Int32(node))
            } else {
                nodesWithoutRoom.append(Int32(node))
            }
        }
        problem.keptByRoom = Array(repeating: [], count: problem.rooms.count)
        return (problem, nodesWithoutRoom)
    }

    private func takesDevices(_ room: NodeRoom, _ packer: inout RoomPacker) -> Bool {
        packer.open(room)
        return self.shapes.indices.contains { self.shapes[$0].device != .none && packer.add($0, limit: 1) }
    }

    /// Whether two nodes have the same free: then, of one class, they are one room. No where parts of devices would have to be
    /// compared.
    private func hasSameRoom(_ node: Int, _ other: Int) -> Bool {
        guard self.partRow == nil else { return false }
        let (start, otherStart) = (node * self.state.rowCount, other * self.state.rowCount)
        for row in self.resourceRows where self.state.free[start + row] != self.state.free[otherStart + row] {
            return false
        }
        for row in self.unitRows {
            let first = row * self.state.nodeCount
            if self.state.freeUnits[first + node] != self.state.freeUnits[first + other] { return false }
        }
        return true
    }

    private func room(_ node: Int, nodeClass: Int) -> NodeRoom {
        let start = node * self.state.rowCount
        return NodeRoom(
            nodeClass: nodeClass, amounts: self.resourceRows.map { self.state.free[start + $0] },
            units: self.unitRows.map { self.state.freeUnits[$0 * self.state.nodeCount + node] },
            parts: self.partsLeft(on: node).sorted(by: >))
    }

    private func partsLeft(on node: Int) -> [Int32] {
        guard self.configuration.roundsPartsDown else { return self.state.partsLeft(on: node, row: self.partRow) }
        guard let row = self.partRow, let pool = self.state.devices.pool(on: node, row: row) else { return [] }
        return (0..<self.state.devices.devices(of: pool).count).map { self.state.devices.mostLeft(in: pool, at: $0) }
    }

    /// Devices of the part row in the order of `NodeRoom.parts`.
    func devices(ofPartsOn node: Int) -> [Int32] {
        let left = self.state.partsLeft(on: node, row: self.partRow)
        return left.indices.sorted { left[$0] != left[$1] ? left[$0] > left[$1] : $0 < $1 }.map { Int32($0) }
    }

    /// Nodes by what they allow. A class is told by a sum of random numbers, one per allowed shape: should two classes ever
    /// collide, some places would be planned in vain.
    private func classes() -> (classes: [NodeClass], classByNode: [Int32]) {
        var generator = SeededGenerator(seed: 1)
        let tokens = self.shapes.map { _ in generator.next() }
        var signatures = [UInt64](repeating: 0, count: self.state.nodeCount)
        for (position, shape) in self.shapes.enumerated() {
            self.state.shapes[shape.shape].allowedNodes.forEach { signatures[$0] &+= tokens[position] }
        }
        struct Identity: Hashable {
            let signature: UInt64
            let partMemoryMiB: Int64
        }
        var indexes: [Identity: Int32] = [:]
        var last: (identity: Identity, nodeClass: Int32)?
        var classes: [NodeClass] = []
        var classByNode = [Int32](repeating: -1, count: self.state.nodeCount)
        for node in classByNode.indices where signatures[node] != 0 {
            let pool = self.partPool(node)
            let identity = Identity(signature: signatures[node], partMemoryMiB: pool?.memoryMiBPerDevice ?? 0)
            // Most nodes are like the one before.
            if let last, last.identity == identity {
                classByNode[node] = last.nodeClass
                continue
            }
            defer { last = (identity, classByNode[node]) }
            if let known = indexes[identity] {
                classByNode[node] = known
                continue
            }
            let isAllowed = self.shapes.map { self.state.shapes[$0.shape].allowedNodes.contains(node) }
            let sizes = self.shapes.map { shape in
                guard shape.device == .part, let pool, let request = self.state.shapes[shape.shape].deviceRequests.first
                else { return Int32(0) }
                return Self.partSize(request, pool, roundsDown: self.configuration.roundsPartsDown)
            }
            indexes[identity] = Int32(classes.count)
            classByNode[node] = Int32(classes.count)
            classes.append(NodeClass(example: node, isAllowed: isAllowed, partSizes: sizes))
        }
        return (classes, classByNode)
    }

    private func partPool(_ node: Int) -> DevicePool? {
        self.partRow.flatMap { self.state.devices.pool(on: node, row: $0) }.map { self.state.devices.kind(of: $0) }
    }
}

extension SolverState {
    /// Thousandths that parts may still take of each device of a row on a node; empty without such devices.
    func partsLeft(on node: Int, row: Int?) -> [Int32] {
        guard let row, let pool = self.devices.pool(on: node, row: row) else { return [] }
        return (0..<self.devices.devices(of: pool).count).map { self.devices.partLeft(in: pool, at: $0) }
    }
}
