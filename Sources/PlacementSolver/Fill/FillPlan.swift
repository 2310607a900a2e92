import SchedulingModel

/// Places on nodes that are kept for the pods that are expected, by shape.
///
/// A place is advice and not a reservation: whoever fits may be put anywhere. Pods take the places of their own shape
/// first, then those of a similar one; each pod that goes elsewhere uses up the slack of its node.
struct FillPlan: Sendable {
    struct Place: Hashable, Sendable {
        let node: Int32
        /// The device that a part is to be taken from, -1 where any will do.
        let device: Int32
        var isTaken = false
    }

    /// One place of one plan. What a later plan is asked about it means nothing there.
    struct PlaceReference: Hashable, Sendable {
        fileprivate let plan: Int32
        /// Position in `shapes`.
        let shape: Int32
        let index: Int32
    }

    /// Which of a state's plans it is.
    private let number: Int32

    let problem: FillProblem
    /// Position in `problem.shapes` for each solver shape, -1 for one the plan knows nothing of. New shapes come after the end.
    private let positionByShape: [Int32]
    /// Position in `problem.resourceRows` for each solver row, -1 for one that the plan does not count.
    private let planRowBySolverRow: [Int32]
    /// What one more expected pod of each shape is worth, for the next plan to start from.
    let prices: [Double]
    /// Value of all places when the plan was made, in devices.
    let plannedValue: Double
    /// Pods that would come until the free devices are used up.
    let expectedPods: Double

    /// Per shape, the best place first.
    private(set) var places: [[Place]]
    /// Per shape, how many places at the start of `places` are taken.
    private var takenPrefix: [Int]
    /// The place that each pod of the state has taken.
    private var placeByPod: [PlaceReference?]
    /// `slack[node * resourceRows.count + row]`: free on the node and not kept for anybody. May be negative.
    private(set) var slack: [Int64]
    /// Whole devices of each node that are free and not kept for anybody. May be negative.
    private(set) var unitSlack: [Int32]
    /// By solver shape; made when first asked for.
    private var substitutes: [[Int]?] = []

    /// - Parameters:
    ///   - places: Per shape, in order of preference.
    ///   - slack, unitSlack: What is free and not in `places`.
    init(
        number: Int32, problem: FillProblem, podCount: Int, expectedPods: Double, solverShapeCount: Int,
        solverRowCount: Int, prices: [Double],
        places: [[Place]], slack: [Int64],
        unitSlack: [Int32]
    ) {
        var positions = [Int32](repeating: -1, count: solverShapeCount)
        for (position, shape) in problem.shapes.enumerated() { positions[shape.shape] = Int32(position) }
        var rows = [Int32](repeating: -1, count: solverRowCount)
        for (position, row) in problem.resourceRows.enumerated() { rows[row] = Int32(position) }
        self.planRowBySolverRow = rows
        self.number = number
        self.problem = problem
        self.placeByPod = Array(repeating: nil, count: podCount)
        self.expectedPods = expectedPods
        self.positionByShape = positions
        self.prices = prices
        self.places = places
        self.plannedValue = zip(problem.shapes, places).reduce(0) { $0 + $1.0.value * Double($1.1.count) }
        self.takenPrefix = Array(repeating: 0, count: places.count)
        self.slack = slack
        self.unitSlack = unitSlack
    }

    func position(ofShape shape: Int) -> Int? {
        guard shape < self.positionByShape.count, self.positionByShape[shape] >= 0 else { return nil }
        return Int(self.positionByShape[shape])
    }

    /// Without any place. What is placed beside it costs nothing.
    static let none = FillPlan()

    private init() {
        self.number = 0
        self.placeByPod = []
        self.problem = FillProblem(
            shapes: [], resourceRows: [], needs: [], amountPerDevice: [], dominantShares: [], unitRows: [],
            partRow: nil, classes: [], rooms: [], nodesByRoom: [], keptByRoom: [])
        self.positionByShape = []
        self.planRowBySolverRow = []
        self.prices = []
        self.plannedValue = 0
        self.expectedPods = 0
        self.places = []
        self.takenPrefix = []
        self.slack = []
        self.unitSlack = []
    }

    var isNone: Bool { self.problem.shapes.isEmpty }

    /// The first open place of a shape for which `fits` holds, among the first `limit` open ones.
    @inline(__always)
    func firstOpenPlace(of shape: Int, limit: Int, where fits: (Place) -> Bool) -> Int? {
        var left = limit
        var index = self.takenPrefix[shape]
        while index < self.places[shape].count {
            let place = self.places[shape][index]
            if !place.isTaken {
                if fits(place) { return index }
                left -= 1
                if left == 0 { return nil }
            }
            index += 1
        }
        return nil
    }

    func need(_ shape: Int, row: Int) -> Int64 { self.problem.needs[shape * self.problem.resourceRows.count + row] }

    // MARK: Taking places

    func reference(shape: Int, index: Int) -> PlaceReference {
        PlaceReference(plan: self.number, shape: Int32(shape), index: Int32(index))
    }

    /// A pod takes a place, if that is of this plan and still open.
    mutating func take(_ reference: PlaceReference, for pod: Int) {
        guard reference.plan == self.number,
            !self.places[Int(reference.shape)][Int(reference.index)].isTaken
        else { return }
        self.placeByPod[pod] = reference
        self.setTaken(reference, true)
    }

    func place(of pod: Int) -> PlaceReference? { pod < self.placeByPod.count ? self.placeByPod[pod] : nil }

    /// Undoes `take`.
    ///
    /// - Returns: The place the pod had, if any.
    @discardableResult
    mutating func giveBack(of pod: Int) -> PlaceReference? {
        guard let reference = self.place(of: pod) else { return nil }
        self.placeByPod[pod] = nil
        self.setTaken(reference, false)
        return reference
    }

    private mutating func setTaken(_ reference: PlaceReference, _ isTaken: Bool) {
        let (shape, index) = (Int(reference.shape), Int(reference.index))
        self.places[shape][index].isTaken = isTaken
        let sign: Int64 = isTaken ? 1 : -1
        let node = Int(self.places[shape][index].node)
        let rowCount = self.problem.resourceRows.count
        for row in 0..<rowCount { self.slack[node * rowCount + row] += sign * self.need(shape, row: row) }
        if case .units(_, let count) = self.problem.shapes[shape].device {
            self.unitSlack[node] += Int32(sign) * Int32(count)
        }
        if isTaken {
            while self.takenPrefix[shape] < self.places[shape].count,
                self.places[shape][self.takenPrefix[shape]].isTaken
            { self.takenPrefix[shape] += 1 }
        } else {
            self.takenPrefix[shape] = min(self.takenPrefix[shape], index)
        }
    }

    /// Changes the slack of a node in one resource: negative for what a pod takes.
    @inline(__always)
    mutating func book(node: Int, solverRow: Int, amount: Int64) {
        let row = Int(self.planRowBySolverRow[solverRow])
        if row >= 0 { self.slack[node * self.problem.resourceRows.count + row] += amount }
    }

    /// The slack of a node in one resource, with what a place of `shape` keeps there; boundless in what the plan does not
    /// count.
    @inline(__always)
    func slack(node: Int, solverRow: Int, withPlaceOf shape: Int) -> Int64 {
        let row = Int(self.planRowBySolverRow[solverRow])
        guard row >= 0 else { return .max }
        let rowCount = self.problem.resourceRows.count
        return self.slack[node * rowCount + row] + self.problem.needs[shape * rowCount + row]
    }

    /// What an amount is beyond the node's slack, in devices' shares.
    @inline(__always)
    func overdraft(node: Int, solverRow: Int, amount: Int64) -> Double {
        let row = Int(self.planRowBySolverRow[solverRow])
        guard row >= 0 else { return 0 }
        let beyond = amount - self.slack[node * self.problem.resourceRows.count + row]
        return beyond > 0 ? Double(beyond) / self.problem.amountPerDevice[row] : 0
    }

    /// Changes the slack of a node in whole devices.
    @inline(__always)
    mutating func book(node: Int, units: Int32) { self.unitSlack[node] += units }

    // MARK: Similar shapes

    /// What a shape needs, whether the plan was made for it or not.
    struct Profile {
        let device: FillShape.Device
        let value: Double
        /// One per `problem.resourceRows`.
        let needs: [Int64]
        /// One per `problem.classes`.
        let isAllowed: [Bool]
    }

    /// How far apart the amounts of two shapes may be, in devices' shares.
    private static let farthestSubstitute = 1.0

    /// Of the shapes near enough so many are remembered.
    private static let mostSubstitutes = 16

    func knowsSubstitutes(ofShape shape: Int) -> Bool {
        shape < self.substitutes.count && self.substitutes[shape] != nil
    }

    /// Shapes whose places will do for a solver shape where the node has the difference, nearest first; its own is not
    /// among them. None before `rememberSubstitutes`.
    func substitutes(ofShape shape: Int) -> [Int] {
        shape < self.substitutes.count ? self.substitutes[shape] ?? [] : []
    }

    mutating func rememberSubstitutes(ofShape shape: Int, _ profile: Profile) {
        let own = self.position(ofShape: shape)
        var near: [(distance: Double, shape: Int)] = []
        for other in self.problem.shapes.indices where other != own && !self.places[other].isEmpty {
            if let distance = self.distance(from: profile, to: other), distance <= Self.farthestSubstitute {
                near.append((distance, other))
            }
        }
        while self.substitutes.count <= shape { self.substitutes.append(nil) }
        near.sort { ($0.distance, $0.shape) < ($1.distance, $1.shape) }
        self.substitutes[shape] = near.prefix(Self.mostSubstitutes).map(\.shape)
    }

    /// What is lost when such a pod takes a place of `other`, in devices' shares; nil where it never fits.
    private func distance(from profile: Profile, to other: Int) -> Double? {
        var distance = 0.0
        switch (profile.device, self.problem.shapes[other].device) {
        case (.none, .none): break
        case (.units(let row, let count), .units(let otherRow, let otherCount)):
            guard row == otherRow, count == otherCount else { return nil }
        case (.part, .part):
            let spare = self.problem.shapes[other].value - profile.value
            guard spare >= 0 else { return nil }
            distance += 3 * spare
        case (.none, _), (.units, _), (.part, _): return nil
        }
        for row in self.problem.resourceRows.indices {
            let difference = Double(abs(profile.needs[row] - self.need(other, row: row)))
            distance += 0.7 * difference / self.problem.amountPerDevice[row]
        }
        // A place that was planned for pods with fewer nodes to go to is better left to them.
        let isLessFree = zip(self.problem.classes, profile.isAllowed).contains { !$0.isAllowed[other] && $1 }
        return isLessFree ? distance + 0.3 : distance
    }
}
