/// Who is on one device, and how much of it they take.
package struct DeviceLoad {
    /// Pod indices, one entry per client.
    package internal(set) var clients: [Int] = []
    package internal(set) var memoryMiB: Int64 = 0
    package internal(set) var thousandths = 0
    /// A client that bears no other: anything but a fraction on a device that is not shared.
    package internal(set) var isTakenWhole = false
}
