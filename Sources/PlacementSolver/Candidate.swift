public import SchedulingModel

/// A node on which a pod may run now, and the devices it would get.
public struct Candidate: Sendable {
    public let node: Int
    public let devices: [DeviceAssignment]
    /// The place of the fill plan that the pod would take.
    let place: FillPlan.PlaceReference?

    init(node: Int, devices: [DeviceAssignment], place: FillPlan.PlaceReference? = nil) {
        self.node = node
        self.devices = devices
        self.place = place
    }
}
