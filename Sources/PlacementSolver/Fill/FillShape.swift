import SchedulingModel

/// A pod shape as the fill planner sees it: amounts, one kind of device, and what placing such a pod is worth.
///
/// Everything else that keeps pods of the shape from a node is in `NodeClass.isAllowed`, or is left to the check
/// when a planned place is really taken.
struct FillShape {
    enum Device: Hashable {
        case none
        /// Whole devices, slots or slices, counted by how many are free.
        case units(row: Int, count: Int)
        /// A part of one device of the row that the problem tracks device by device.
        case part
    }

    /// Position in `SolverState.shapes`.
    let shape: Int
    let device: Device
    /// In devices; for pods without devices a small share of one, so that they count for little but not for nothing.
    let value: Double
    /// Pods still expected, of which some may be pending already.
    var demand: Double
}

/// Nodes that may take the same shapes and count parts of devices alike.
struct NodeClass {
    /// The first node of the class.
    let example: Int
    /// Per fill shape: whether labels, taints and kinds of devices allow it.
    let isAllowed: [Bool]
    /// Per fill shape: thousandths of a device a part takes here; 0 for other shapes.
    let partSizes: [Int32]
}

/// What a node has left. Nodes with equal rooms are interchangeable to the fill planner.
struct NodeRoom: Hashable {
    /// Position in `FillProblem.classes`.
    let nodeClass: Int
    /// Free amounts, one per `FillProblem.resourceRows`.
    let amounts: [Int64]
    /// Free units, one per `FillProblem.unitRows`.
    let units: [Int32]
    /// Free thousandths of each device of the part row, most first. 1000 is an idle device, and only those serve whole
    /// requests.
    let parts: [Int32]
}

/// One pod of a pattern, and the device it goes to if it takes a part of one.
struct FillItem: Hashable {
    /// Position in `FillProblem.shapes`.
    let shape: Int32
    /// Position in `NodeRoom.parts`, or -1.
    let part: Int32
}

/// Everything that one run of the fill planner is about.
struct FillProblem {
    var shapes: [FillShape]
    /// Rows of the solver's free matrix that any of the shapes asks for.
    let resourceRows: [Int]
    /// `needs[shape * resourceRows.count + row]`, in the resource's unit.
    let needs: [Int64]
    /// For each of the rows what the cluster has per device; distances between shapes are measured in it.
    let amountPerDevice: [Double]
    /// Per shape: the largest of its shares of what the cluster has per device, 1 for a pod that takes one device's share.
    let dominantShares: [Double]
    /// Rows of free units, without the part row.
    let unitRows: [Int]
    /// The row whose devices are tracked one by one, if any shape asks for parts.
    let partRow: Int?
    let classes: [NodeClass]
    /// Rooms in which at least one shape with devices fits.
    var rooms: [NodeRoom]
    /// Nodes of each room, in node order.
    var nodesByRoom: [[Int32]]
    /// Patterns that nodes hold from an earlier plan, as far as they still fit: per room.
    var keptByRoom: [[[FillItem]]]
}
