import SchedulingModel

/// What the hot path looks at of a shape: numbers alone.
struct ShapeRule: Sendable {
    /// Its requests in `SolverState.requestRows` and `requestAmounts`.
    let requests: Range<Int32>
    /// The first device request. Count 0 without one.
    let device: DeviceDemandRule
    /// The row of free units that the first device request is looked up in; -1 without one.
    let poolRow: Int32
    /// Free units a node must have for the first device request; 0 for fractions, which may join a device in use.
    let unitsNeeded: Int32
    /// Least level of free CPU of a node, see `FreeUnitIndex.level`.
    let level: Int32
    let deviceRequestCount: Int32
    let hasPorts: Bool
    /// Whether a slot or a fraction is asked for.
    let mayShareDevices: Bool
    /// Whether any soft preference asks for comparing all nodes.
    let hasPreferences: Bool
    /// Whether where one pod of this shape goes changes where another may go, other than by using up a node.
    let isCoupledAcrossNodes: Bool

    var isFraction: Bool { self.device.kind == .fraction && self.deviceRequestCount > 0 }
}
