public import SchedulingModel

/// The annotation `berth.dev/devices`: which devices of its node a pod was given.
///
///     nvidia.com/gpu=0,3;nvidia.com/mig-1g.5gb=2
///
/// Resources by name, indices in the order of the pod's requests. The controller writes it on pods that it lets go or
/// binds, and the import reads it; both use this type, so that what one writes the other understands.
public struct DeviceAnnotation: Hashable, Sendable {
    public static let key = "berth.dev/devices"

    /// None is empty.
    public let indices: [ResourceName: [Int]]

    /// What is to be written for an assignment.
    ///
    /// Nil unless every device is the planner's own choice: a part says nothing, and what a device plugin will choose
    /// we do not know.
    public init?(_ devices: [DeviceAssignment]) {
        guard !devices.isEmpty, devices.allSatisfy({ !$0.isAssumed }) else { return nil }
        self.indices = Dictionary(grouping: devices, by: \.resource).mapValues { $0.map(\.index) }
    }

    /// Nil where the text is not of this form.
    public init?(parsing text: String) {
        var indices: [ResourceName: [Int]] = [:]
        for part in text.split(separator: ";", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, !sides[0].isEmpty else { return nil }
            let numbers = sides[1].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            guard !numbers.contains(nil) else { return nil }
            indices[ResourceName(String(sides[0])), default: []] += numbers.compactMap(\.self)
        }
        self.indices = indices
    }

    public var text: String {
        self.indices.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key.rawValue)=\($0.value.map(String.init).joined(separator: ","))" }
            .joined(separator: ";")
    }
}
