import SchedulingModel

/// A node on which a pod may run now, and the devices it would get.
public struct Candidate: Sendable {
    public let node: Int
    let held: HeldDevices
    /// The place of the fill plan that the pod would take.
    let place: FillPlan.PlaceReference?

    init(node: Int, held: HeldDevices, place: FillPlan.PlaceReference? = nil) {
        self.node = node
        self.held = held
        self.place = place
    }

    /// Whether the pod takes a place that the fill plan keeps.
    public var isPlanned: Bool { self.place != nil }

    /// How many devices the pod would get.
    public var deviceCount: Int { self.held.pool >= 0 ? self.held.devices.count : self.held.assignments.count }
}
